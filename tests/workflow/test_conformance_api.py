"""The API around executions: history, names, paging, stopping, Express, and the same over HTTP.

https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html
"""

from __future__ import annotations

import json
import threading
from datetime import UTC
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from snakebatch.clock import SimulatedClock, SystemClock
from snakebatch.errors import CloudError
from snakebatch.local import StepFunctions
from snakebatch.local.asl.runtime import Runtime
from snakebatch.local.sfn_server import serve

from .asl_world import FunctionError, World, invoke, jsonata, world

PASS = jsonata(S={"Type": "Pass"})


def code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


# ---------------------------------------- history


def chain(events: list[dict[str, Any]]) -> list[tuple[int, int, str]]:
    return [(event["id"], event["previousEventId"], event["type"]) for event in events]


def test_history_of_a_task_that_is_retried_and_caught() -> None:
    # API HistoryEvent: ids from 1, each with the event before it in its thread of control; the first state
    # has 0
    attempts: list[Any] = []

    def function(event: Any) -> Any:
        attempts.append(event)
        raise FunctionError("Boom")

    task = invoke(
        Retry=[{"ErrorEquals": ["Boom"], "MaxAttempts": 1}], Catch=[{"ErrorEquals": ["Boom"], "Next": "C"}],
        TimeoutSeconds=60,
    )  # fmt: skip
    with world(functions={"f": function}) as here:
        ended = here.run(jsonata(S=task, C={"Type": "Succeed"}), {"a": 1})
    assert chain(ended.events) == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "TaskStateEntered"),
        (3, 2, "TaskScheduled"),
        (4, 3, "TaskStarted"),
        (5, 4, "TaskFailed"),
        (6, 5, "TaskScheduled"),
        (7, 6, "TaskStarted"),
        (8, 7, "TaskFailed"),
        (9, 8, "TaskStateExited"),
        (10, 9, "SucceedStateEntered"),
        (11, 10, "SucceedStateExited"),
        (12, 11, "ExecutionSucceeded"),
    ]
    assert ended.events[0]["executionStartedEventDetails"] == {
        "input": '{"a": 1}', "inputDetails": {"truncated": False}, "roleArn": "arn:role",
    }  # fmt: skip
    assert ended.events[1]["stateEnteredEventDetails"] == {
        "name": "S", "input": '{"a":1}', "inputDetails": {"truncated": False},
    }  # fmt: skip
    scheduled = ended.events[2]["taskScheduledEventDetails"]
    assert json.loads(scheduled.pop("parameters")) == {"FunctionName": "f", "Payload": {"a": 1}}
    assert scheduled == {
        "resourceType": "lambda",
        "resource": "invoke",
        "region": "eu-west-3",
        "timeoutInSeconds": 60,
    }
    assert ended.events[4]["taskFailedEventDetails"]["error"] == "Boom"
    assert (
        ended.events[5]["timestamp"] - ended.events[4]["timestamp"]
        >= ended.events[1]["timestamp"] - ended.events[0]["timestamp"]
    )
    assert ended.events[0]["timestamp"].tzinfo is UTC


def test_history_of_an_inline_map() -> None:
    inner = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    with world() as here:
        ended = here.run(jsonata(S={"Type": "Map", "ItemProcessor": inner, "MaxConcurrency": 1}), [7])
    assert chain(ended.events) == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "MapStateEntered"),
        (3, 2, "MapStateStarted"),
        (4, 3, "MapIterationStarted"),
        (5, 4, "PassStateEntered"),
        (6, 5, "PassStateExited"),
        (7, 6, "MapIterationSucceeded"),
        (8, 7, "MapStateSucceeded"),
        (9, 8, "MapStateExited"),
        (10, 9, "ExecutionSucceeded"),
    ]
    assert ended.events[2]["mapStateStartedEventDetails"] == {"length": 1}
    assert ended.events[3]["mapIterationStartedEventDetails"] == {"name": "S", "index": 0}


def test_every_event_has_a_shape_that_boto3_knows() -> None:
    # The service model's own members: a misspelled detail would be lost on its way through HTTP.
    from snakebatch.local.asl.resources import service_model

    model = service_model("stepfunctions")
    assert model is not None
    event_shape = model.shape_for("HistoryEvent")
    types = set(model.shape_for("HistoryEventType").enum)  # type: ignore[attr-defined]  # a string shape with an enum
    branch = {"StartAt": "B", "States": {"B": {"Type": "Wait", "Seconds": 1, "End": True}}}
    definition = jsonata(
        S=invoke(Assign={"v": 1}, Next="P"),
        P={"Type": "Parallel", "Branches": [branch], "Next": "F"},
        F={"Type": "Pass", "Output": "{% $zz %}"},
    )
    with world(functions={"f": lambda event: 1}) as here:
        events = here.run(definition).events
    for event in events:
        assert event["type"] in types
        for member, details in event.items():
            assert member in event_shape.members  # type: ignore[attr-defined]  # a structure shape
            if isinstance(details, dict):
                assert set(details) <= set(event_shape.members[member].members)  # type: ignore[attr-defined]  # likewise


def test_history_pages_reverses_and_leaves_data_out() -> None:
    with world() as here:
        arn = here.run(PASS).arn
        first = here.sfn.get_execution_history(executionArn=arn, maxResults=3)
        second = here.sfn.get_execution_history(executionArn=arn, maxResults=3, nextToken=first["nextToken"])
        backwards = here.sfn.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
        bare = here.sfn.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]
    assert [event["id"] for event in first["events"] + second["events"]] == [1, 2, 3, 4]
    assert "nextToken" not in second
    assert [event["id"] for event in backwards] == [4, 3, 2, 1]
    assert "input" not in bare[0]["executionStartedEventDetails"]


def test_25_000_events_end_an_execution() -> None:
    # service-quotas: "maximum execution history size: 25,000 events"
    loop = {"Type": "Pass", "Next": "T"}
    back = {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "S"}], "Default": "S"}
    with world() as here:
        ended = here.run(jsonata(S=loop, T=back))
    assert (ended.status, ended.error, len(ended.events)) == ("FAILED", "States.Runtime", 25_000)
    assert "25000" in str(ended.cause)


# ---------------------------------------- executions


def test_starting_again_under_the_same_name() -> None:
    # API StartExecution: idempotent for the same name and input while it runs, else ExecutionAlreadyExists
    with world() as here:
        arn = here.create(jsonata(S={"Type": "Wait", "Seconds": 10}))
        with here.clock.holding():
            first = here.sfn.start_execution(stateMachineArn=arn, name="n", input='{"a":1}')
            again = here.sfn.start_execution(stateMachineArn=arn, name="n", input='{"a": 1}')
            with pytest.raises(here.sfn.exceptions.ExecutionAlreadyExists):
                here.sfn.start_execution(stateMachineArn=arn, name="n", input='{"a":2}')
        here.finish(first["executionArn"])
        with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
            here.sfn.start_execution(stateMachineArn=arn, name="n", input='{"a":1}')
    assert first == again


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            lambda s: s.start_execution(
                stateMachineArn="arn:aws:states:eu-west-3:123456789012:stateMachine:zz"
            ),
            "StateMachineDoesNotExist",
        ),
        (lambda s: s.start_execution(stateMachineArn="zz"), "InvalidArn"),
        (
            lambda s: s.describe_execution(
                executionArn="arn:aws:states:eu-west-3:123456789012:execution:m:zz"
            ),
            "ExecutionDoesNotExist",
        ),
        (
            lambda s: s.describe_map_run(mapRunArn="arn:aws:states:eu-west-3:123456789012:mapRun:m/M:zz"),
            "ResourceNotFound",
        ),
        (lambda s: s.create_state_machine(name="a b", definition="{}", roleArn="r"), "InvalidName"),
        (lambda s: s.create_state_machine(name="x" * 81, definition="{}", roleArn="r"), "InvalidName"),
        (lambda s: s.list_executions(), "ValidationException"),
        (lambda s: s.start_execution(stateMachineArn="zz", colour="red"), "ValidationException"),
    ],
)
def test_errors_of_the_api(call: Any, expected: str) -> None:
    with world() as here, pytest.raises(ClientError) as refused:
        call(here.sfn)
    assert code(refused) == expected


@pytest.mark.parametrize(
    "given",
    ["{", '"' + "x" * 262_144 + '"', "NaN", "[" * 50_000],
    ids=["no-json", "too-long", "not-a-number", "too-deep"],
)
def test_inputs_are_checked(given: str) -> None:
    with world() as here:
        arn = here.create(PASS)
        with pytest.raises(ClientError) as refused:
            here.sfn.start_execution(stateMachineArn=arn, input=given)
    assert code(refused) == "InvalidExecutionInput"


def test_creating_twice_is_idempotent_only_for_the_same() -> None:
    with world() as here:
        assert here.create(PASS, name="m") == here.create(PASS, name="m")
        with pytest.raises(ClientError, match="StateMachineAlreadyExists"):
            here.create(jsonata(S={"Type": "Succeed"}), name="m")


def test_an_update_leaves_running_executions_as_they_were() -> None:
    # API UpdateStateMachine: "running executions will continue to use the previous definition"
    with world() as here:
        arn = here.create(jsonata(S={"Type": "Wait", "Seconds": 10, "Output": "old"}), name="m")
        with here.clock.holding():
            before = here.sfn.start_execution(stateMachineArn=arn)["executionArn"]
            here.sfn.update_state_machine(
                stateMachineArn=arn, definition=json.dumps(jsonata(S={"Type": "Pass", "Output": "new"}))
            )
            after = here.sfn.start_execution(stateMachineArn=arn)["executionArn"]
        assert (here.finish(before).output, here.finish(after).output) == ("old", "new")
        described = here.sfn.describe_state_machine_for_execution(executionArn=before)
    assert "Wait" in described["definition"]


def test_stopping() -> None:
    with world() as here:
        with here.clock.holding():
            arn = here.start(jsonata(S={"Type": "Wait", "Seconds": 10}))
            here.sfn.stop_execution(executionArn=arn, error="E", cause="C")
            described = here.sfn.describe_execution(executionArn=arn)
        events = here.history(arn)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "E", "C")
    assert events[-1]["executionAbortedEventDetails"] == {"error": "E", "cause": "C"}


def test_metadata_only() -> None:
    with world() as here:
        arn = here.run(PASS, {"a": 1}).arn
        described = here.sfn.describe_execution(executionArn=arn, includedData="METADATA_ONLY")
    assert "input" not in described
    assert described["outputDetails"] == {"included": False}


def test_listing_by_status_latest_first() -> None:
    with world() as here:
        arn = here.create(PASS)
        for name in ("a", "b", "c"):
            here.finish(here.sfn.start_execution(stateMachineArn=arn, name=name)["executionArn"])
        page = here.sfn.list_executions(stateMachineArn=arn, maxResults=2, statusFilter="SUCCEEDED")
        rest = here.sfn.list_executions(stateMachineArn=arn, maxResults=2, nextToken=page["nextToken"])
        none = here.sfn.list_executions(stateMachineArn=arn, statusFilter="FAILED")
    assert [e["name"] for e in page["executions"] + rest["executions"]] == ["c", "b", "a"]
    assert none["executions"] == []


def test_an_express_execution_answers_at_once_and_keeps_no_record() -> None:
    # API StartSyncExecution: failures are in the result; DescribeExecution is not there for Express
    # executions
    with world() as here:
        good = here.create(jsonata(S={"Type": "Pass", "Output": 1}), kind="EXPRESS")
        bad = here.create(jsonata(S={"Type": "Fail", "Error": "E"}), kind="EXPRESS")
        succeeded = here.sfn.start_sync_execution(stateMachineArn=good)
        failed = here.sfn.start_sync_execution(stateMachineArn=bad)
        with pytest.raises(ClientError, match="Express"):
            here.sfn.describe_execution(executionArn=succeeded["executionArn"])
        with pytest.raises(ClientError, match="StateMachineTypeNotSupported"):
            here.sfn.start_sync_execution(stateMachineArn=here.create(PASS))
    assert (succeeded["status"], succeeded["output"]) == ("SUCCEEDED", "1")
    assert (failed["status"], failed["error"]) == ("FAILED", "E")


def test_a_closed_executor_says_so() -> None:
    with world() as here:
        arn = here.create(PASS)
    with pytest.raises(CloudError, match="closed"):
        here.sfn.start_execution(stateMachineArn=arn)


def test_a_call_that_meets_the_end_of_the_executor_is_told_so() -> None:
    """Between the look at whether it is closed and the message to the loop thread."""

    class Ending(Runtime):
        ended = False

        def post(self, action: Any) -> None:
            if not self.ended:
                self.ended = True
                self.close()
            super().post(action)

    runtime = Ending(SimulatedClock())
    with pytest.raises(CloudError, match="closed"):
        runtime.call(lambda: 1)


def test_what_a_caller_reports_has_a_longest_length() -> None:
    # API StopExecution, SendTaskFailure: error 256 characters, cause 32,768
    with world() as here:
        for too_long in ({"error": "E" * 257}, {"cause": "C" * 32_769}):
            for call, target in (
                (here.sfn.stop_execution, {"executionArn": "arn:aws:states:::execution:m:e"}),
                (here.sfn.send_task_failure, {"taskToken": "token"}),
            ):
                with pytest.raises(ClientError, match="at most") as refused:
                    call(**target, **too_long)
                assert code(refused) == "ValidationException"


# ---------------------------------------- over HTTP


@pytest.fixture
def remote() -> Any:
    """A world served over HTTP, and boto3's own client for it."""
    with world(functions={"f": lambda event: event}) as here, serve(here.sfn) as server:
        client = boto3.client(
            "stepfunctions",
            endpoint_url=server.url,
            region_name="eu-west-3",
            aws_access_key_id="x",
            aws_secret_access_key="y",
        )
        yield here, client


def test_boto3_over_http(remote: tuple[World, Any]) -> None:
    here, client = remote
    made = client.create_state_machine(
        name="m", definition=json.dumps(jsonata(S=invoke())), roleArn="arn:aws:iam::1:role/r"
    )
    started = client.start_execution(stateMachineArn=made["stateMachineArn"], name="n", input='{"ä": "☃"}')
    here.finish(started["executionArn"])
    described = client.describe_execution(executionArn=started["executionArn"])
    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=started["executionArn"], PaginationConfig={"PageSize": 3}
    )
    events = [event for page in pages for event in page["events"]]
    assert json.loads(described["output"]) == {"ä": "☃"}
    assert (
        described["startDate"]
        == here.sfn.describe_execution(executionArn=started["executionArn"])["startDate"]
    )
    assert [event["type"] for event in events] == [
        event["type"] for event in here.history(started["executionArn"])
    ]
    assert events[2]["taskScheduledEventDetails"]["resource"] == "invoke"


def test_errors_over_http_are_boto3s_exceptions(remote: tuple[World, Any]) -> None:
    _, client = remote
    with pytest.raises(client.exceptions.ExecutionDoesNotExist, match="zz"):
        client.describe_execution(executionArn="arn:aws:states:eu-west-3:123456789012:execution:m:zz")
    with pytest.raises(client.exceptions.InvalidDefinition, match=r"\$\.States"):
        client.create_state_machine(name="m", definition="{}", roleArn="arn:aws:iam::1:role/r")
    with pytest.raises(client.exceptions.InvalidToken):
        client.send_task_success(taskToken="nope", output="1")
    with pytest.raises(ClientError) as refused:
        client.create_activity(name="a")
    assert code(refused) == "UnknownOperationException"


# ---------------------------------------- the clocks


def test_simulated_time_passes_only_while_all_wait() -> None:
    clock = SimulatedClock(start=100.0)
    order: list[tuple[str, float]] = []

    def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            clock.sleep(nap)
            order.append((name, clock.time()))

    threads = [
        threading.Thread(target=sleeper, args=("a", 3.0, 3.0)),
        threading.Thread(target=sleeper, args=("b", 4.0)),
    ]
    with clock.holding():
        for thread in threads:
            thread.start()
        assert clock.time() == 100.0
        clock.sleep(10)
        assert clock.time() == 110.0
    for thread in threads:
        thread.join()
    assert sorted(name for name, _ in order) == ["a", "a", "b"]


def test_a_cancelled_timer_is_not_made() -> None:
    clock = SimulatedClock(start=0.0)
    made: list[str] = []
    with clock.holding():
        clock.call_at(1.0, lambda: made.append("cancelled")).cancel()
        clock.call_at(2.0, lambda: made.append("kept"))
        clock.sleep(5)
    assert (made, clock.time()) == (["kept"], 5.0)


def test_the_system_clock_runs_real_executions() -> None:
    with StepFunctions(lambda service: None, clock=SystemClock()) as sfn:
        definition = jsonata(S={"Type": "Wait", "Seconds": 0, "Output": "{% $millis() %}"})
        arn = sfn.create_state_machine(name="m", definition=json.dumps(definition), type="EXPRESS")[
            "stateMachineArn"
        ]
        ended = sfn.start_sync_execution(stateMachineArn=arn)
    assert abs(json.loads(ended["output"]) / 1000 - ended["startDate"].timestamp()) < 60
