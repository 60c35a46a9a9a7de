"""The service's exceptions as boto3 raises them: a ClientError subclass for each error code.

Made by botocore's own factory from the service model, so that `except
client.exceptions.ExecutionAlreadyExists` and `except ClientError` with its response both work.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import ClientError

from .resources import service_model


@lru_cache(maxsize=1)
def exceptions() -> Any:
    """The `exceptions` member of a boto3 stepfunctions client."""
    model = service_model("stepfunctions")
    if model is None:
        raise TypeError("this botocore knows no Step Functions")
    return ClientExceptionsFactory().create_client_exceptions(model)


def api_error(code: str, message: str, operation: str = "") -> ClientError:
    """An exception of that code, to raise."""
    kind = getattr(exceptions(), code, ClientError)
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "message": message,
        "ResponseMetadata": {"RequestId": "", "HTTPStatusCode": 400, "HTTPHeaders": {}, "RetryAttempts": 0},
    }
    error = kind(response, operation or "StepFunctions")
    if not isinstance(error, ClientError):
        raise TypeError(f"{code} is no error of the service")
    return error
