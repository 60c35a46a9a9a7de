"""What the pool answers is what AWS Lambda answers: results, failed invocations, refused requests."""

from __future__ import annotations

import io
import json
import re

import pytest
from botocore.exceptions import ClientError

from snakebatch.errors import CloudError
from snakebatch.local.lambdas import LambdaPool
from tests.service.conftest import Deploy, call, fail

ECHO = "def handler(event, context):\n    return event"


def refused(pool: LambdaPool, **request: object) -> ClientError:
    with pytest.raises(ClientError) as caught:
        pool.invoke(**request)
    return caught.value


def test_a_result_has_the_shape_of_boto3s(pool: LambdaPool, deploy: Deploy) -> None:
    name = deploy(ECHO)

    response = pool.invoke(FunctionName=f"{name}:live", Payload=json.dumps({"text": "é €"}))

    assert response["StatusCode"] == 200
    assert response["ExecutedVersion"] == "1"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert "FunctionError" not in response
    assert response["Payload"].read() == '{"text": "é €"}'.encode()


@pytest.mark.parametrize("payload", [b"", "", io.BytesIO(b"")])
def test_no_payload_is_an_empty_event(pool: LambdaPool, deploy: Deploy, payload: bytes) -> None:
    name = deploy(ECHO)
    assert json.loads(pool.invoke(FunctionName=name, Payload=payload or b"")["Payload"].read()) == {}


@pytest.mark.parametrize(
    ("form", "version"),
    [
        ("{0}", "$LATEST"),
        ("{0}:live", "1"),
        ("{0}:1", "1"),
        ("{0}:$LATEST", "$LATEST"),
        ("123456789012:function:{0}", "$LATEST"),
        ("arn:aws:lambda:eu-west-3:123456789012:function:{0}", "$LATEST"),
        ("arn:aws:lambda:eu-west-3:123456789012:function:{0}:live", "1"),
    ],
)
def test_every_form_of_a_functions_name_is_understood(
    pool: LambdaPool, deploy: Deploy, form: str, version: str
) -> None:
    name = deploy(ECHO)
    assert pool.invoke(FunctionName=form.format(name))["ExecutedVersion"] == version


def test_the_qualifier_may_stand_apart(pool: LambdaPool, deploy: Deploy) -> None:
    name = deploy(ECHO)
    assert pool.invoke(FunctionName=name, Qualifier="live")["ExecutedVersion"] == "1"
    error = refused(pool, FunctionName=f"{name}:1", Qualifier="live")
    assert error.response["Error"]["Code"] == "InvalidParameterValueException"


def test_an_exception_is_reported_with_its_own_trace(pool: LambdaPool, deploy: Deploy) -> None:
    name = deploy("def handler(event, context):\n    raise KeyError('missing')")

    payload = fail(pool, name)

    assert payload["errorType"] == "KeyError"
    assert payload["errorMessage"] == "'missing'"
    assert re.fullmatch(r"[0-9a-f-]{36}", payload["requestId"])
    assert len(payload["stackTrace"]) == 1
    assert re.match(r'  File ".*app\.py", line 2, in handler\n    raise KeyError', payload["stackTrace"][0])


def test_an_environment_survives_an_exception(pool: LambdaPool, deploy: Deploy) -> None:
    name = deploy("""
        import os
        def handler(event, context):
            if event == "fail":
                raise ValueError(os.getpid())
            return os.getpid()
    """)
    pid = call(pool, name)
    assert fail(pool, name, "fail")["errorMessage"] == str(pid)
    assert call(pool, name) == pid


def test_a_timeout_is_the_sandboxs(pool: LambdaPool, deploy: Deploy) -> None:
    name = deploy(
        "import threading\ndef handler(event, context):\n    threading.Event().wait()", timeout=0.05
    )

    payload = fail(pool, name)

    assert payload["errorType"] == "Sandbox.Timedout"
    pattern = r"RequestId: [0-9a-f-]{36} Error: Task timed out after 0\.05 seconds"
    assert re.fullmatch(pattern, payload["errorMessage"])
    assert "Task timed out after 0.05 seconds" in pool.logs()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import sys; sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("import sys; sys.exit(0)", "Runtime exited without providing a reason"),
        ("import os; os._exit(1)", "Runtime exited with error: exit status 1"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "Runtime exited with error: signal: killed",
        ),
    ],
)
def test_the_death_of_a_process_is_an_exit_error(
    pool: LambdaPool, deploy: Deploy, source: str, reason: str
) -> None:
    name = deploy(f"def handler(event, context):\n    {source}")

    payload = fail(pool, name)

    assert payload["errorType"] == "Runtime.ExitError"
    assert re.fullmatch(f"RequestId: [0-9a-f-]{{36}} Error: {reason}", payload["errorMessage"])


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        (
            "import no_such_package",
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'no_such_package'",
        ),
        (
            "",
            "other.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'other': No module named 'other'",
        ),
        ("", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        (
            "",
            "handler",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
        ("raise RuntimeError('at import')", "app.handler", "RuntimeError", "at import"),
    ],
)
def test_a_handler_that_does_not_load_says_why(
    pool: LambdaPool, deploy: Deploy, source: str, handler: str, kind: str, message: str
) -> None:
    payload = fail(pool, deploy(source, handler=handler))
    assert (payload["errorType"], payload["errorMessage"]) == (kind, message)
    assert re.fullmatch(r"[0-9a-f-]{36}", payload["requestId"])


def test_a_syntax_error_names_file_and_line(pool: LambdaPool, deploy: Deploy) -> None:
    payload = fail(pool, deploy("def handler(:\n    pass"))
    assert payload["errorType"] == "Runtime.UserCodeSyntaxError"
    assert payload["errorMessage"].startswith("Syntax error in module 'app': ")
    assert "app.py" in payload["stackTrace"][0]


def test_a_process_that_dies_while_it_loads_is_an_exit_error(pool: LambdaPool, deploy: Deploy) -> None:
    payload = fail(pool, deploy("import os; os._exit(7)"))
    assert payload["errorType"] == "Runtime.ExitError"
    assert payload["errorMessage"].endswith("exit status 7")


def test_a_result_that_is_not_json_is_a_marshal_error(pool: LambdaPool, deploy: Deploy) -> None:
    payload = fail(pool, deploy("def handler(event, context):\n    return {1, 2}"))
    assert payload["errorType"] == "Runtime.MarshalError"
    assert payload["errorMessage"] == (
        "Unable to marshal response: Object of type set is not JSON serializable"
    )


def test_a_result_over_6_mb_is_an_error(pool: LambdaPool, deploy: Deploy) -> None:
    name = deploy("def handler(event, context):\n    return 'x' * event")
    assert len(call(pool, name, 6_000_000)) == 6_000_000
    payload = fail(pool, name, 6_300_000)
    assert payload["errorType"] == "Function.ResponseSizeTooLarge"
    assert "6291556 bytes" in payload["errorMessage"]


@pytest.mark.parametrize(
    ("name", "arn"), [("nope", "function:nope"), ("nope:live", "function:nope:live"), ("nope:9", "nope:9")]
)
def test_an_unknown_function_is_not_found(pool: LambdaPool, name: str, arn: str) -> None:
    error = refused(pool, FunctionName=name)
    assert isinstance(error, pool.exceptions.ResourceNotFoundException)
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert error.response["Error"]["Message"].startswith("Function not found: arn:aws:lambda:eu-west-3:")
    assert error.response["Error"]["Message"].endswith(arn)


def test_an_unknown_alias_is_not_found(pool: LambdaPool, deploy: Deploy) -> None:
    error = refused(pool, FunctionName=f"{deploy(ECHO)}:blue")
    assert error.response["Error"]["Code"] == "ResourceNotFoundException"


@pytest.mark.parametrize(("kind", "limit"), [("RequestResponse", 6_291_456), ("Event", 1_048_576)])
def test_a_payload_over_the_limit_is_refused(pool: LambdaPool, deploy: Deploy, kind: str, limit: int) -> None:
    request = {"FunctionName": deploy(ECHO), "InvocationType": kind}
    error = refused(pool, Payload=b'"' + b"x" * (limit - 1) + b'"', **request)
    assert error.response["Error"]["Code"] == "RequestTooLargeException"
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert f"{limit + 1} byte payload" in error.response["Error"]["Message"]


def test_a_payload_that_is_not_json_is_refused(pool: LambdaPool, deploy: Deploy) -> None:
    error = refused(pool, FunctionName=deploy(ECHO), Payload=b"{")
    assert error.response["Error"]["Code"] == "InvalidRequestContentException"


def test_a_dry_run_only_checks(pool: LambdaPool, deploy: Deploy) -> None:
    name = deploy("raise RuntimeError('never loaded')")
    assert pool.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204


def test_what_is_not_implemented_is_refused_by_name(pool: LambdaPool, deploy: Deploy) -> None:
    with pytest.raises(CloudError, match="LogType"):
        pool.invoke(FunctionName=deploy(ECHO), LogType="Tail")


def test_numbers_of_dynamodb_are_json_numbers(pool: LambdaPool, deploy: Deploy) -> None:
    name = deploy("""
        from decimal import Decimal
        def handler(event, context):
            return [Decimal("3"), Decimal("0.5")]
    """)
    assert call(pool, name) == [3, 0.5]
