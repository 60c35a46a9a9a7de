"""What a service says on the wire when it fails, and what becomes of a request that is not done as asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from snakebatch.chaos.call import Call

LATE_SECONDS = 1
"""How late SQS delivers what is delayed."""


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def failure(call: Call, mark: str) -> Answer:
    """The passing failure of a service, in its own words, with the mark in them."""
    if call.service == "s3":
        return _xml(503, "SlowDown", f"Please reduce your request rate. {mark}")
    if call.service == "dynamodb":
        kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
        return _json(400, {"__type": kind, "message": f"The level of throughput is exceeded. {mark}"})
    if call.service == "lambda":
        headers = (("x-amzn-ErrorType", "TooManyRequestsException"),)
        return _json(429, {"message": f"Rate exceeded. {mark}"}, headers)
    kind = "com.amazonaws.sqs#InternalError" if call.service == "sqs" else "InternalFailure"
    return _json(500, {"__type": kind, "message": f"An internal error occurred. {mark}"})


def taken(call: Call, body: bytes) -> Answer:
    """The answer of an SQS that took what it was sent, or deleted what it was told to, and did not."""
    asked = json.loads(body)
    if call.operation == "SendMessage":
        return _json(200, _sent("lost", asked["MessageBody"]))
    entries = asked.get("Entries", [])
    if call.operation == "SendMessageBatch":
        said = [{"Id": entry["Id"], **_sent(entry["Id"], entry["MessageBody"])} for entry in entries]
        return _json(200, {"Successful": said, "Failed": []})
    return _json(200, {"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []})


def delayed(body: bytes) -> bytes:
    """The request, with every message delayed."""
    asked = json.loads(body)
    for entry in asked.get("Entries", [asked]):
        entry["DelaySeconds"] = LATE_SECONDS
    return json.dumps(asked).encode()


def reversed_entries(body: bytes) -> bytes | None:
    """The request with its messages in the other order; None where it has one alone."""
    asked = json.loads(body)
    if len(asked.get("Entries", [])) < 2:
        return None
    asked["Entries"].reverse()
    return json.dumps(asked).encode()


def corrupted(body: bytes, draw: float) -> bytes:
    """One bit of one byte is another."""
    place = min(int(draw * len(body)), len(body) - 1)
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


def without_checksums(headers: Mapping[str, str]) -> dict[str, str]:
    """As from a sender that computed them after the damage was done."""
    told = ("content-md5", "x-amz-checksum-", "x-amz-sdk-checksum-")
    return {name: value for name, value in headers.items() if not name.lower().startswith(told)}


def _sent(name: str, text: str) -> dict[str, str]:
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return {"MessageId": f"lost-{name}", "MD5OfMessageBody": digest}


def _json(status: int, said: Mapping[str, Any], headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    content = ("Content-Type", "application/x-amz-json-1.0")
    return Answer(status, (content, *headers), json.dumps(said).encode())


def _xml(status: int, code: str, message: str) -> Answer:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
        "<RequestId>chaos</RequestId></Error>"
    )
    return Answer(status, (("Content-Type", "application/xml"),), text.encode())
