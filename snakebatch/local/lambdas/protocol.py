"""The shapes of a Lambda invocation: the request to an environment, the answer to the caller."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.response import StreamingBody

from snakebatch.local.lambdas import errors
from snakebatch.local.lambdas.errors import client_error
from snakebatch.local.lambdas.functions import Function


def request(function: Function, version: str, qualifier: str | None, request_id: str) -> dict[str, Any]:
    """What an environment is told of one invocation."""
    group, stream = f"/aws/lambda/{function.name}", f"{datetime.now(UTC):%Y/%m/%d}/[{version}]local"
    return {
        "request_id": request_id,
        "timeout": function.timeout,
        "context": {
            "aws_request_id": request_id,
            "function_name": function.name,
            "function_version": version,
            "invoked_function_arn": function.arn + (f":{qualifier}" if qualifier else ""),
            "memory_limit_in_mb": str(function.memory_size),
            "log_group_name": group,
            "log_stream_name": stream,
        },
        "environment": {
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": group,
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        },
    }


def response(status: int, version: str, payload: bytes, *, failed: bool = False) -> dict[str, Any]:
    """What ``invoke`` returns."""
    request_id = str(uuid.uuid4())
    return {
        "ResponseMetadata": {
            "RequestId": request_id,
            "HTTPStatusCode": status,
            "HTTPHeaders": {"x-amzn-requestid": request_id},
            "RetryAttempts": 0,
        },
        "StatusCode": status,
        **({"FunctionError": "Unhandled"} if failed else {}),
        "ExecutedVersion": version,
        "Payload": StreamingBody(io.BytesIO(payload), len(payload)),
    }


def as_bytes(payload: bytes | bytearray | str | io.IOBase) -> bytes:
    """The payload as bytes; none at all is an empty object."""
    if isinstance(payload, str):
        return payload.encode()
    if isinstance(payload, (bytes, bytearray)):
        return bytes(payload) or b"{}"
    return bytes(payload.read()) or b"{}"


def check_payload(payload: bytes, invocation_type: str) -> None:
    """Raise what the service raises for a payload that is too large or not JSON."""
    limit = errors.EVENT_LIMIT if invocation_type == "Event" else errors.REQUEST_LIMIT
    if len(payload) > limit:
        message = (
            f"{len(payload)} byte payload is too large for the {invocation_type} invocation type "
            f"(limit {limit} bytes)"
        )
        raise client_error("RequestTooLargeException", 413, message, Type="User")
    try:
        json.loads(payload)
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise client_error("InvalidRequestContentException", 400, message, Type="User") from error


def throttled(reason: str) -> Exception:
    """A 429, with the limit that was reached."""
    return client_error("TooManyRequestsException", 429, "Rate Exceeded.", Reason=reason, Type="User")


def dump(payload: Mapping[str, Any]) -> bytes:
    """JSON as the runtime writes it."""
    return json.dumps(payload, ensure_ascii=False).encode()
