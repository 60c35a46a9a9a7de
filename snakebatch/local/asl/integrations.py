"""Calls of services through boto3's methods, results and errors shaped as Step Functions gives them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from .errors import DATA_LIMIT, RUNTIME, StateError
from .naming import parse_json, text, within_limit
from .resources import Resource, operation_model, service_model
from .shapes import java_name, to_boto, to_task

ClientFactory = Callable[[str], Any]


def prepare(resource: Resource, arguments: Any, client: ClientFactory) -> Callable[[], Any]:
    """A Task's blocking call, for a worker thread: it gives the state's result or raises StateError."""
    if resource.kind == "function":
        return lambda: _function(resource, arguments, client)
    if not isinstance(arguments, Mapping):
        raise StateError(
            RUNTIME, f"The arguments of {resource.arn} must be an object, not {text(arguments)[:80]}"
        )
    if resource.kind == "lambda":
        return lambda: _lambda(resource, arguments, client)
    if resource.kind == "sqs":
        return lambda: _sqs(resource, arguments, client)
    return lambda: _sdk(resource, arguments, client)


def read_body(body: Any) -> bytes:
    """The bytes of a boto3 streaming body, or of the bytes or text that a fake gives instead."""
    content = body.read() if hasattr(body, "read") else body
    return content.encode() if isinstance(content, str) else bytes(content)


def call_service(resource: Resource, parameters: Mapping[str, Any], client: ClientFactory) -> Any:
    """Call the client's method; failures become the StateError the service would report."""
    prefix, base = _error_family(resource)
    try:
        return getattr(client(resource.service), resource.method)(**parameters)
    except ClientError as problem:
        raise _service_error(problem, resource, prefix, base) from problem
    except ParamValidationError as problem:
        raise StateError(
            RUNTIME, f"The Parameters '{_shown(parameters)}' could not be used to start the Task: [{problem}]"
        ) from problem
    except BotoCoreError as problem:
        raise StateError(f"{prefix}.SdkClientException", str(problem)) from problem


def _shown(parameters: Mapping[str, Any]) -> str:
    return json.dumps(parameters, default=str, ensure_ascii=False)[:1000]


_HEAD_404 = {"HeadObject": "NoSuchKey", "HeadBucket": "NoSuchBucket"}


def _error_family(resource: Resource) -> tuple[str, str]:
    """The prefix of a service's error names, and the name where the service's error has none of its own."""
    if resource.service == "lambda" and resource.kind != "sdk":
        return "Lambda", "AWSLambdaException"
    if resource.kind == "sqs":
        return "SQS", "AmazonSQSException"
    if resource.kind == "states":
        return "StepFunctions", "AWSStepFunctionsException"
    model = service_model(resource.service)
    name = java_name(model.service_id if model else resource.service)
    return name, f"{name}Exception"


def _service_error(problem: ClientError, resource: Resource, prefix: str, base: str) -> StateError:
    """The Java SDK's exception class, which is what the service names (integrate-services, "error names")."""
    error = problem.response.get("Error", {})
    metadata = problem.response.get("ResponseMetadata", {})
    # A service that changed its protocol keeps its former code beside the shape's name, as SQS does.
    code = str(error.get("QueryErrorCode") or error.get("Code", ""))
    # A HEAD response has no body to name the error in; the Java SDK goes by the status.
    code = _HEAD_404.get(resource.operation, code) if code == "404" else code
    model = service_model(resource.service)
    shape = model.shape_for_error_code(code) if model is not None else None  # type: ignore[arg-type]  # stub says int
    name = shape.name if shape is not None else code if code.endswith("Exception") else ""
    if shape is None and model is not None and code in model.shape_names:
        name = code
    if name and not name.endswith("Exception"):
        name += "Exception"
    if prefix == "Lambda" and not name and int(metadata.get("HTTPStatusCode", 400)) >= 500:
        name = "ServiceException"
    status = metadata.get("HTTPStatusCode", 400)
    service = java_name(model.service_id) if model is not None else prefix
    request = metadata.get("RequestId", "")
    where = f"(Service: {service}, Status Code: {status}, Request ID: {request})"
    cause = f"{error.get('Message', code)} {where}"
    return StateError(f"{prefix}.{name or base}", cause)


def _metadata(response: Mapping[str, Any]) -> dict[str, Any]:
    metadata = response.get("ResponseMetadata") or {}
    return {
        "SdkHttpMetadata": {
            "HttpHeaders": dict(metadata.get("HTTPHeaders") or {}),
            "HttpStatusCode": metadata.get("HTTPStatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": metadata.get("RequestId", "")},
    }


def _invoke(
    resource: Resource, parameters: dict[str, Any], client: ClientFactory
) -> tuple[Mapping[str, Any], str]:
    """Invoke a function: the response and its payload's text; a function's own error becomes the state's."""
    response = call_service(resource, parameters, client)
    payload = read_body(response.get("Payload") or b"").decode("utf-8", "replace")
    if response.get("FunctionError"):
        raise _function_error(payload)
    if not within_limit(payload):
        raise StateError(
            DATA_LIMIT,
            f"The state/task '{parameters['FunctionName']}' returned a result with a size exceeding "
            "the maximum number of bytes service limit.",
        )
    return response, payload


def _function_error(payload: str) -> StateError:
    """errorType is the error name, the whole payload the cause (concepts-error-handling, Lambda).

    A time-out reports `Sandbox.Timedout` as its errorType on today's runtimes; a payload without one is
    Lambda.Unknown.
    """
    try:
        content = parse_json(payload)
    except ValueError:
        content = None
    if isinstance(content, dict) and isinstance(content.get("errorType"), str) and content["errorType"]:
        return StateError(content["errorType"], payload)
    return StateError(
        "Lambda.Unknown",
        "The cause could not be determined because Lambda did not return an error type. "
        f"Returned payload: {payload}",
    )


def _parsed(payload: str) -> Any:
    try:
        return parse_json(payload)
    except ValueError:
        return payload


def _function(resource: Resource, arguments: Any, client: ClientFactory) -> Any:
    _, payload = _invoke(
        resource, {"FunctionName": resource.arn, "Payload": text(arguments).encode()}, client
    )
    return _parsed(payload) if payload else None


def _lambda(resource: Resource, arguments: Mapping[str, Any], client: ClientFactory) -> Any:
    parameters = dict(arguments)
    if "Payload" in parameters:
        parameters["Payload"] = text(parameters["Payload"]).encode()
    if not isinstance(parameters.get("ClientContext", ""), str):
        parameters["ClientContext"] = text(parameters["ClientContext"])
    response, payload = _invoke(resource, parameters, client)
    result: dict[str, Any] = {"ExecutedVersion": response.get("ExecutedVersion", "$LATEST")}
    if payload or parameters.get("InvocationType", "RequestResponse") == "RequestResponse":
        result["Payload"] = _parsed(payload) if payload else None
    if response.get("LogResult"):
        result["LogResult"] = response["LogResult"]
    return {**result, **_metadata(response), "StatusCode": response.get("StatusCode", 200)}


def _sqs(resource: Resource, arguments: Mapping[str, Any], client: ClientFactory) -> Any:
    parameters = dict(arguments)
    if not isinstance(parameters.get("MessageBody", ""), str):
        parameters["MessageBody"] = text(parameters["MessageBody"])
    response = call_service(resource, parameters, client)
    return {**to_task(response, operation_model(resource).output_shape), **_metadata(response)}


def _sdk(resource: Resource, arguments: Mapping[str, Any], client: ClientFactory) -> Any:
    model = operation_model(resource)
    response = call_service(resource, to_boto(arguments, model.input_shape), client)
    return to_task(response, model.output_shape)
