"""How AWS Lambda says no: exceptions to the caller, and the payloads of failed invocations.

A refused *request* is a botocore ``ClientError`` (a class per error code, as boto3's ``client.exceptions``).
A failed *invocation* is a normal answer with ``FunctionError: Unhandled`` and one of the payloads below;
types and wording are those of the service and its Python runtime client (awslambdaric).
"""

from __future__ import annotations

import signal
import uuid
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

RESPONSE_LIMIT = 6_291_556
"""Bytes of a response; the runtime allows 100 more than of a request."""
REQUEST_LIMIT = 6_291_456
"""Bytes of a synchronous invocation's payload."""
EVENT_LIMIT = 1_048_576
"""Bytes of an asynchronous invocation's payload."""


_CODES = (
    "ResourceNotFoundException",  # no such function, version or alias
    "TooManyRequestsException",  # a concurrency limit was reached (429)
    "RequestTooLargeException",  # the payload exceeds what an invocation takes (413)
    "InvalidRequestContentException",  # the payload is not JSON
    "InvalidParameterValueException",
    "ProvisionedConcurrencyConfigNotFoundException",
)

EXCEPTIONS = SimpleNamespace(
    ClientError=ClientError, **{code: type(code, (ClientError,), {}) for code in _CODES}
)
"""What ``client.exceptions`` offers: a class per error code, made as botocore makes them."""


def client_error(
    code: str, status: int, message: str, operation: str = "Invoke", **members: Any
) -> ClientError:
    """A ``ClientError`` as boto3 would raise it; ``members`` are further fields of the response."""
    kind: type[ClientError] = getattr(EXCEPTIONS, code, ClientError)
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {
            "RequestId": str(uuid.uuid4()),
            "HTTPStatusCode": status,
            "HTTPHeaders": {},
            "RetryAttempts": 0,
        },
        "message": message,
        **members,
    }
    return kind(response, operation)


def fault(kind: str, message: str, request_id: str, trace: list[str] | None = None) -> dict[str, Any]:
    """Payload of an error that the runtime reported."""
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace or []}


def timed_out(request_id: str, seconds: float) -> dict[str, str]:
    """Payload of an invocation that was killed at its timeout."""
    return {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds",
    }


def exited(request_id: str, code: int) -> dict[str, str]:
    """Payload of an invocation whose process died; ``code`` as ``os.waitstatus_to_exitcode`` gives it."""
    if code == 0:
        reason = "Runtime exited without providing a reason"
    elif code > 0:
        reason = f"Runtime exited with error: exit status {code}"
    else:
        reason = f"Runtime exited with error: signal: {_signal_name(-code)}"
    return {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {request_id} Error: {reason}"}


def response_too_large() -> dict[str, str]:
    """Payload of an invocation whose result exceeds the limit."""
    message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
    return {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}


def _signal_name(number: int) -> str:
    try:
        return (signal.strsignal(number) or f"signal {number}").lower()
    except ValueError:
        return f"signal {number}"
