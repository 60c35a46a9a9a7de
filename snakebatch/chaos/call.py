"""One request to AWS as it passes by: of whom, of which service, what it does, and at which moments it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from snakebatch.chaos import kinds

GATHERER = "gatherer-"
ENVIRONMENT = "environment-"
EXECUTOR = "executor"

_APP = re.compile(r"\bapp/([A-Za-z0-9-]+)")
_CORRUPTIBLE = {
    "/reports/": kinds.REPORT_WRITE,
    "/texts/": kinds.TEXT_WRITE,
    "/packets/": kinds.DATA_WRITE,
    "/population-": kinds.DATA_WRITE,
}

_TARGETS = {"AmazonSQS": "sqs", "DynamoDB_20120810": "dynamodb", "AWSStepFunctions": "states"}
_BY_VERB = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
_UPLOADS = ("CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload")
_SENDS = ("SendMessage", "SendMessageBatch")
_TOKEN_ANSWERS = ("SendTaskSuccess", "SendTaskFailure")


@dataclass(frozen=True)
class Call:
    """``who`` is the caller's app id (``environment-7``, ``gatherer-0``, ``executor``)."""

    service: str
    operation: str
    who: str
    key: str
    target: str
    size: int

    @property
    def moments(self) -> tuple[str, ...]:
        """What it is, for those who count."""
        return tuple(_moments(self))


def call_of(method: str, path: str, headers: Mapping[str, str]) -> Call:
    """What a request is, by its first line and its headers."""
    app = _APP.search(headers.get("User-Agent") or "")
    who = app[1] if app else ""
    size = int(headers.get("Content-Length") or 0)
    prefix, _, operation = (headers.get("X-Amz-Target") or "").partition(".")
    address = urlsplit(path)
    target = f"{who} {method} {address.path} {operation}"
    if prefix in _TARGETS:
        return Call(_TARGETS[prefix], operation, who, "", target, size)
    if address.path.startswith(("/2019-09-30/", "/2016-08-19/", "/2015-03-31/")):
        return Call("lambda", f"{method} slots", who, "", target, size)
    key = unquote(address.path).lstrip("/").partition("/")[2]
    copies = "x-amz-copy-source" in {name.lower() for name in headers}
    operation = _s3_operation(method, key, parse_qs(address.query, keep_blank_values=True), copies)
    return Call("s3", operation, who, key, target, size)


def _s3_operation(method: str, key: str, query: Mapping[str, object], copies: bool) -> str:
    if method == "POST":
        kind = {"uploads": "CreateMultipartUpload", "uploadId": "CompleteMultipartUpload"}
        return next((name for part, name in kind.items() if part in query), "DeleteObjects")
    if not key:
        return "ListObjects" if method == "GET" else f"{method} bucket"
    if "uploadId" in query:
        part = "UploadPartCopy" if copies else "UploadPart"
        return {"PUT": part, "DELETE": "AbortMultipartUpload"}.get(method, "ListParts")
    return "CopyObject" if copies else _BY_VERB.get(method, method)


def _moments(call: Call) -> list[str]:
    if call.service == "s3":
        found = [kinds.S3]
        if call.operation == "GetObject":
            found.append(kinds.S3_READ)
        if call.operation in ("PutObject", "UploadPart") and call.size:
            found.append(kinds.S3_WRITE)
        if call.operation in ("PutObject", "DeleteObject", *_UPLOADS):
            found.append(kinds.S3_CHANGE)
        if call.operation == "PutObject" and call.key.startswith("jobs/"):
            found += [moment for part, moment in _CORRUPTIBLE.items() if part in call.key]
    elif call.service == "sqs":
        found = [kinds.QUEUE] if call.operation != "ReceiveMessage" else []
        found += [kinds.SEND] if call.operation in _SENDS else []
        found += [kinds.DELETE] if call.operation.startswith("DeleteMessage") else []
    elif call.service == "dynamodb":
        found = [kinds.TABLE]
    elif call.service == "lambda":
        found = [kinds.SLOTS, kinds.SLOTS_PUT] if call.operation.startswith("PUT") else [kinds.SLOTS]
    else:
        found = [kinds.TOKEN] if call.operation in _TOKEN_ANSWERS else []
    if call.who.startswith(GATHERER) and call.operation not in ("ReceiveMessage", "ListObjects"):
        found.append(kinds.GATHERER)
    return found
