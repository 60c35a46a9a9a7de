"""The training workflow's file: what must hold of every state, whatever it does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore import exceptions

from tests.support.handlers import ROOT

TEXT = (ROOT / "statemachine" / "train.asl.json").read_text()
MACHINE: dict[str, Any] = json.loads(TEXT)
STATES: dict[str, Any] = MACHINE["States"]
MAPS = ("Divide", "Conquer", "Leaf")
THROTTLING = {
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
}
BROKEN = {
    kind.__name__
    for kind in (
        exceptions.ConnectionClosedError,
        exceptions.ConnectTimeoutError,
        exceptions.EndpointConnectionError,
        exceptions.HTTPClientError,
        exceptions.IncompleteReadError,
        exceptions.ReadTimeoutError,
        exceptions.ResponseStreamingError,
    )
}
"""What boto3 raises of a connection that breaks, once its own attempts are over or the body has begun."""


def every_state(states: dict[str, Any] = STATES) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in states.items():
        yield name, state
        if state["Type"] == "Map":
            yield from every_state(state["ItemProcessor"]["States"])


ALL = dict(every_state())
TASKS = {name: state for name, state in ALL.items() if state["Type"] == "Task"}


def test_the_states_are_those_of_the_design() -> None:
    assert list(STATES) == [
        "Stage",
        "DryRun?",
        "Planned",
        "Feasible?",
        "Refuse",
        "Admit",
        "Admitted?",
        "AwaitTurn",
        "OpenBracket",
        "BracketReady?",
        "AwaitBracket",
        "CheckBracket",
        "Divide",
        "NextWave",
        "MoreDivides?",
        "BucketGrain?",
        "Conquer",
        "Leaf",
        "Gather",
        "CloseBracket",
        "Settle",
        "Succeeded?",
        "Trained",
        "TrainingFailed",
    ]


@pytest.mark.parametrize("name", ALL)
def test_every_state_says_why_it_is_there(name: str) -> None:
    assert len(ALL[name]["Comment"]) > 40


@pytest.mark.parametrize("name", TASKS)
def test_nothing_runs_away(name: str) -> None:
    assert MACHINE["TimeoutSeconds"] <= 24 * 3600
    assert TASKS[name]["TimeoutSeconds"] <= 3600
    for retrier in TASKS[name]["Retry"]:
        assert 1 <= retrier["MaxAttempts"] <= 8
        assert retrier["MaxDelaySeconds"] <= 60
        assert retrier["JitterStrategy"] == "FULL"


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if "lambda" in task["Resource"]])
def test_every_invocation_outlives_throttling(name: str) -> None:
    errors = {error for retrier in TASKS[name]["Retry"] for error in retrier["ErrorEquals"]}
    assert errors >= THROTTLING or errors == {"States.ALL"}


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if "lambda" in task["Resource"]])
def test_every_invocation_outlives_a_process_that_dies_and_a_connection_that_breaks(name: str) -> None:
    """The runtime names an error by its class alone: none of these is a ClientError there."""
    errors = {error for retrier in TASKS[name]["Retry"] for error in retrier["ErrorEquals"]}
    assert errors >= {"Runtime.ExitError", "Lambda.Unknown", "ClientError", *BROKEN} or errors == {
        "States.ALL"
    }


@pytest.mark.parametrize("name", ["Admit", "OpenBracket", "CheckBracket", "NextWave"])
def test_who_asks_the_table_outlives_its_throttling(name: str) -> None:
    errors = {error for retrier in TASKS[name]["Retry"] for error in retrier["ErrorEquals"]}
    table = boto3.client("dynamodb", region_name="eu-west-3")
    passing = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "InternalServerError"}
    assert passing <= errors
    assert all(hasattr(table.exceptions, name) for name in passing), "classes of their own"


def test_data_that_take_too_long_to_read_are_not_read_again() -> None:
    errors = {error for retrier in TASKS["Stage"]["Retry"] for error in retrier["ErrorEquals"]}
    assert not errors & {"States.Timeout", "Sandbox.Timedout"}


@pytest.mark.parametrize("name", [*MAPS, *(name for name in TASKS if name in STATES)])
def test_every_error_reaches_the_clean_up(name: str) -> None:
    last = STATES[name]["Catch"][-1]
    assert last["ErrorEquals"] == ["States.ALL"]
    after = {"CloseBracket": "Settle", "Settle": "TrainingFailed"}
    assert last["Next"] == after.get(name, "CloseBracket")


@pytest.mark.parametrize("name", MAPS)
def test_maps_are_distributed_labelled_and_write_their_results(name: str) -> None:
    state = STATES[name]
    assert state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert state["Label"] == name
    assert state["ResultWriter"]["Arguments"]["Bucket"] == "${JobsBucket}"
    assert "Retry" not in state, "a retried Map starts every item again"
    # A Distributed Map's children can't read outer variables: what they need comes by the ItemSelector.
    assert "$run" not in json.dumps(state["ItemProcessor"])
    assert set(state["ItemSelector"]) == {"role", "execution", "packet", "shard", "key"}


def test_a_run_ends_well_or_badly_and_never_the_other_way_round() -> None:
    assert {
        name: state["Type"] for name, state in STATES.items() if state["Type"] in ("Succeed", "Fail")
    } == {
        "Planned": "Succeed",
        "Refuse": "Fail",
        "Trained": "Succeed",
        "TrainingFailed": "Fail",
    }


def test_no_jsonpath_is_left() -> None:
    for name, state in ALL.items():
        fields = {"Parameters", "ResultPath", "ResultSelector", "InputPath", "OutputPath", "ItemsPath"}
        assert not fields & set(state), name
