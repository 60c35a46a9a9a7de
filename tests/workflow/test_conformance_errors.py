"""Failing, retrying, catching, timing out.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from .asl_world import FunctionError, World, client_error, invoke, jsonata, jsonpath, world


def failing(times: int, error: str = "Boom") -> tuple[Callable[[Any], Any], list[float]]:
    """A function that fails so often, then gives "done"; and the list its calls are counted in."""
    calls: list[float] = []

    def function(event: Any) -> Any:
        calls.append(0.0)
        if len(calls) <= times:
            raise FunctionError(error)
        return "done"

    return function, calls


RETRIES = [
    # "IntervalSeconds ... 1 by default", "BackoffRate ... 2.0 by default", "MaxAttempts ... 3 by default"
    pytest.param({}, 3, "SUCCEEDED", 1 + 2 + 4, id="defaults"),
    pytest.param({}, 4, "FAILED", 1 + 2 + 4, id="three-attempts-only"),
    pytest.param({"MaxAttempts": 0}, 1, "FAILED", 0, id="no-attempt"),
    pytest.param(
        {"IntervalSeconds": 3, "BackoffRate": 1.5, "MaxAttempts": 3},
        3,
        "SUCCEEDED",
        3 + 4.5 + 6.75,
        id="backoff",
    ),
    # "MaxDelaySeconds ... the maximum interval"
    pytest.param(
        {"IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 4, "MaxDelaySeconds": 10},
        4,
        "SUCCEEDED",
        3 + 6 + 10 + 10,
        id="max-delay",
    ),
]


@pytest.mark.parametrize(("retrier", "failures", "status", "seconds"), RETRIES)
def test_retry_intervals(retrier: dict[str, Any], failures: int, status: str, seconds: float) -> None:
    function, _ = failing(failures)
    with world(functions={"f": function}) as here:
        ended = here.run(jsonata(S=invoke(Retry=[{"ErrorEquals": ["Boom"], **retrier}])))
    assert (ended.status, ended.seconds) == (status, seconds)


def test_full_jitter_draws_between_zero_and_the_interval() -> None:
    # "JitterStrategy FULL: randomizes the delay between 0 and the computed interval"
    function, _ = failing(5)
    retry = [
        {
            "ErrorEquals": ["Boom"],
            "IntervalSeconds": 10,
            "BackoffRate": 1,
            "MaxAttempts": 5,
            "JitterStrategy": "FULL",
        }
    ]
    with world(functions={"f": function}) as here:
        ended = here.run(jsonata(S=invoke(Retry=retry)))
    assert ended.status == "SUCCEEDED"
    assert 0 < ended.seconds < 50
    assert ended.seconds % 10 != 0


def test_each_retrier_counts_its_own_attempts() -> None:
    # The page's own example: ErrorA and ErrorB share one retrier with two attempts, ErrorC has another; the
    # fourth error goes to the Catch.
    errors = iter(["ErrorA", "ErrorB", "ErrorC", "ErrorB"])

    def function(event: Any) -> Any:
        raise FunctionError(next(errors))

    task = invoke(
        Retry=[
            {"ErrorEquals": ["ErrorA", "ErrorB"], "IntervalSeconds": 1, "BackoffRate": 2.0, "MaxAttempts": 2},
            {"ErrorEquals": ["ErrorC"], "IntervalSeconds": 5},
        ],
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Z"}],
    )
    with world(functions={"f": function}) as here:
        ended = here.run(jsonata(S=task, Z={"Type": "Pass", "Output": "{% $states.input.Error %}"}))
    assert (ended.output, ended.seconds) == ("ErrorB", 1 + 2 + 5)


def test_the_context_object_counts_retries() -> None:
    # input-output-contextobject: State.RetryCount
    seen: list[int] = []

    def function(event: Any) -> Any:
        seen.append(event)
        if len(seen) < 3:
            raise FunctionError("Boom")
        return event

    task = invoke(Retry=[{"ErrorEquals": ["States.ALL"]}])
    task["Arguments"] = {"FunctionName": "f", "Payload": "{% $states.context.State.RetryCount %}"}
    with world(functions={"f": function}) as here:
        assert here.run(jsonata(S=task)).output == 2
    assert seen == [0, 1, 2]


MATCHES = [
    (["Boom"], "Boom", True),
    (["Other"], "Boom", False),
    (["States.ALL"], "Boom", True),
    (["States.TaskFailed"], "Boom", True),
    (["States.TaskFailed"], "Lambda.Unknown", True),
]


@pytest.mark.parametrize(("names", "error", "caught"), MATCHES)
def test_what_a_catch_matches(names: list[str], error: str, caught: bool) -> None:
    function, _ = failing(1, error)
    task = invoke(Catch=[{"ErrorEquals": names, "Next": "C"}])
    with world(functions={"f": function}) as here:
        ended = here.run(jsonata(S=task, C={"Type": "Pass", "Output": "caught"}))
    assert ended.status == ("SUCCEEDED" if caught else "FAILED")


def test_catch_output_defaults_to_error_and_cause_and_may_assign() -> None:
    # transforming-data: $states.errorOutput in a Catch's Output and Assign
    function, _ = failing(2)
    plain = invoke(Catch=[{"ErrorEquals": ["Boom"], "Next": "C"}])
    shaped = invoke(
        Catch=[
            {
                "ErrorEquals": ["Boom"],
                "Next": "C",
                "Assign": {"why": "{% $parse($states.errorOutput.Cause).errorMessage %}"},
                "Output": "{% $states.errorOutput.Error & '!' %}",
            }
        ]
    )
    then = {"Type": "Pass", "Output": "{% [$states.input, $exists($why) ? $why : null] %}"}
    with world(functions={"f": function}) as here:
        first = here.run(jsonata(S=plain, C=dict(then)))
        second = here.run(jsonata(S=shaped, C=dict(then)))
    # "Cause ... the payload that the function returned": JSON as text
    assert first.output[0]["Error"] == "Boom"
    assert json.loads(first.output[0]["Cause"]) == {"errorMessage": "it failed", "errorType": "Boom"}
    assert second.output == ["Boom!", "it failed"]


def test_catch_result_path_keeps_the_input() -> None:
    function, _ = failing(1)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Payload.$": "$"},
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.problem", "Next": "C"}],
    }
    with world(functions={"f": function}) as here:
        ended = here.run(jsonpath(S=task, C={"Type": "Pass", "OutputPath": "$.problem.Error"}), {"a": 1})
        kept = here.run(jsonpath(S={"Type": "Pass"}), {"a": 1})
    assert ended.output == "Boom"
    assert kept.output == {"a": 1}


def lambda_raising(error: Exception) -> Any:
    """A Lambda client whose invoke raises."""

    class Raising:
        def invoke(self, **_: Any) -> Any:
            raise error

    return Raising()


LAMBDA_ERRORS = [
    (client_error("TooManyRequestsException", "Rate Exceeded.", 429), "Lambda.TooManyRequestsException"),
    (client_error("ServiceException", "internal", 500), "Lambda.ServiceException"),
    (
        client_error("ResourceNotFoundException", "Function not found", 404),
        "Lambda.ResourceNotFoundException",
    ),
    (client_error("SomethingNew", "?", 400), "Lambda.AWSLambdaException"),
    (client_error("502", "?", 502), "Lambda.ServiceException"),
    (EndpointConnectionError(endpoint_url="http://x"), "Lambda.SdkClientException"),
]


@pytest.mark.parametrize(("raised", "error"), LAMBDA_ERRORS, ids=[name for _, name in LAMBDA_ERRORS])
def test_lambda_service_error_names(raised: Exception, error: str) -> None:
    # bp-lambda-serviceexception: the transient errors to retry are named so
    with world(clients={"lambda": lambda_raising(raised)}) as here:
        ended = here.run(jsonata(S=invoke()))
    assert ended.error == error


FUNCTION_ERRORS: list[tuple[FunctionError, str, str]] = [
    (FunctionError("InputError", "row 3"), "InputError", '"errorMessage": "row 3"'),
    # "Sandbox.Timedout" is the errorType of today's runtimes for a function that ran out of time
    (
        FunctionError("Sandbox.Timedout", "RequestId: r Error: Task timed out after 3.00 seconds"),
        "Sandbox.Timedout",
        "timed out",
    ),
    (FunctionError("Runtime.ExitError", "exit status 1"), "Runtime.ExitError", "exit status 1"),
    # "Lambda.Unknown: unhandled errors ... that did not return an error type"
    (FunctionError(None, "gone"), "Lambda.Unknown", "did not return an error type. Returned payload"),
]


@pytest.mark.parametrize(
    ("raised", "error", "words"), FUNCTION_ERRORS, ids=[e for _, e, _ in FUNCTION_ERRORS]
)
def test_function_error_names(raised: FunctionError, error: str, words: str) -> None:
    def function(event: Any) -> Any:
        raise raised

    with world(functions={"f": function}) as here:
        ended = here.run(jsonata(S=invoke()))
    assert ended.error == error
    assert words in str(ended.cause)


def test_states_runtime_is_never_caught() -> None:
    # "States.Runtime errors aren't retriable, and will always cause the execution to fail"
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Payload.$": "$.zz"},
        "Retry": [{"ErrorEquals": ["States.ALL"]}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}],
    }
    with world() as here:
        ended = here.run(jsonpath(S=task, C={"Type": "Succeed"}))
    assert (ended.status, ended.error, ended.seconds) == ("FAILED", "States.Runtime", 0)


def sleeper(here: list[World], seconds: float) -> Callable[[Any], Any]:
    """A function that takes that much simulated time, slept in the worker thread its call runs in."""

    def function(event: Any) -> Any:
        here[0].clock.sleep(seconds)
        return "slept"

    return function


@pytest.mark.parametrize(
    ("took", "timeout", "status", "seconds"),
    [(5, 10, "SUCCEEDED", 5), (50, 10, "FAILED", 10), (50, "{% 20 + 10 %}", "FAILED", 30)],
)
def test_task_timeout(took: float, timeout: Any, status: str, seconds: float) -> None:
    # state-task: TimeoutSeconds; States.Timeout, which carries no cause
    holder: list[World] = []
    with world(functions={"f": sleeper(holder, took)}) as here:
        holder.append(here)
        ended = here.run(jsonata(S=invoke(TimeoutSeconds=timeout)))
    assert (ended.status, ended.seconds) == (status, seconds)
    if status == "FAILED":
        assert (ended.error, ended.cause) == ("States.Timeout", None)
        assert "TaskTimedOut" in ended.types


def test_timeout_seconds_path_and_catching_by_task_failed() -> None:
    # "States.TaskFailed ... matches any known error name except for States.Timeout"
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f"},
        "TimeoutSecondsPath": "$.t",
        "Catch": [
            {"ErrorEquals": ["States.TaskFailed"], "Next": "Wrong"},
            {"ErrorEquals": ["States.Timeout"], "Next": "Right"},
        ],
    }
    holder: list[World] = []
    with world(functions={"f": sleeper(holder, 99)}) as here:
        holder.append(here)
        states = {"S": task, "Wrong": {"Type": "Fail"}, "Right": {"Type": "Pass", "Result": "right"}}
        ended = here.run(jsonpath(**states), {"t": 4})
    assert (ended.output, ended.seconds) == ("right", 4)


def test_machine_timeout() -> None:
    # statemachine-structure: TimeoutSeconds of the machine: the execution is TIMED_OUT, not FAILED
    with world() as here:
        ended = here.run(jsonata(S={"Type": "Wait", "Seconds": 100}) | {"TimeoutSeconds": 60})
    assert (ended.status, ended.seconds, ended.error) == ("TIMED_OUT", 60, None)
    last = ended.events[-1]
    assert (last["type"], last["previousEventId"]) == ("ExecutionTimedOut", 0)
    assert last["executionTimedOutEventDetails"] == {"error": "States.Timeout"}


def test_parallel_fails_with_its_branch_and_stops_the_others() -> None:
    # state-parallel: "if any branch fails, the entire Parallel state is considered to have failed"
    slow = jsonata(W={"Type": "Wait", "Seconds": 1000}, start="W")
    fast = jsonata(F={"Type": "Fail", "Error": "Mine"}, start="F")
    for branch in (slow, fast):
        del branch["QueryLanguage"]
    parallel = {
        "Type": "Parallel",
        "Branches": [slow, fast],
        "Catch": [{"ErrorEquals": ["Mine"], "Next": "C"}],
    }
    with world() as here:
        ended = here.run(jsonata(S=parallel, C={"Type": "Succeed"}))
    assert (ended.status, ended.seconds) == ("SUCCEEDED", 0)
    assert "ParallelStateFailed" in ended.types


def test_parallel_gives_its_branches_results_in_order() -> None:
    first = {
        "StartAt": "A",
        "States": {"A": {"Type": "Wait", "Seconds": 5, "Output": "{% $states.input.x %}", "End": True}},
    }
    second = {"StartAt": "B", "States": {"B": {"Type": "Pass", "Output": "b", "End": True}}}
    parallel = {"Type": "Parallel", "Arguments": {"x": "{% $states.input.y %}"}, "Branches": [first, second]}
    with world() as here:
        ended = here.run(jsonata(S=parallel), {"y": 1})
    assert (ended.output, ended.seconds) == ([1, "b"], 5)
