"""The prediction workflows' files: what must hold of every state, whatever it does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from snakebatch.local.deployment import MACHINES
from snakebatch.mesh.prediction_dividing import FEW_CHUNKS
from tests.support.handlers import ROOT

WORKFLOWS = {
    name: json.loads((ROOT / f"statemachine/{name}.asl.json").read_text())
    for name in ("predict", "predict-batch")
}
THROTTLING = {
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
}


def every_state(states: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in states.items():
        yield name, state
        if state["Type"] == "Map":
            yield from every_state(state["ItemProcessor"]["States"])


ALL = [
    pytest.param(workflow, state, id=f"{name}-{place}")
    for name, workflow in WORKFLOWS.items()
    for place, state in every_state(workflow["States"])
]
TASKS = [param for param in ALL if param.values[1]["Type"] == "Task"]


def test_every_workflow_of_the_folder_is_deployed_with_its_type() -> None:
    files = {path.name.removesuffix(".asl.json") for path in (ROOT / "statemachine").iterdir()}
    assert files == MACHINES.keys()
    # An EXPRESS workflow may not run a Distributed Map, and only it can be waited for in one call.
    assert (MACHINES["predict"], MACHINES["predict-batch"]) == ("EXPRESS", "STANDARD")


def test_the_states_are_those_of_v9() -> None:
    assert list(WORKFLOWS["predict"]["States"]) == ["PredictDivide", "PredictCompute", "Predicted"]
    assert list(WORKFLOWS["predict-batch"]["States"]) == [
        "PredictDivide",
        "PredictCompute",
        "PredictGather",
        "Explain",
        "Predicted",
        "PredictionFailed",
    ]


@pytest.mark.parametrize(("workflow", "state"), ALL)
def test_every_state_says_why_it_is_there(workflow: dict[str, Any], state: dict[str, Any]) -> None:
    assert len(state["Comment"]) > 40
    fields = {"Parameters", "ResultPath", "ResultSelector", "InputPath", "OutputPath", "ItemsPath"}
    assert not fields & set(state), "JSONPath"


@pytest.mark.parametrize(("workflow", "state"), TASKS)
def test_nothing_runs_away(workflow: dict[str, Any], state: dict[str, Any]) -> None:
    assert state["TimeoutSeconds"] < workflow["TimeoutSeconds"] <= 24 * 3600
    for retrier in state["Retry"]:
        assert 1 <= retrier["MaxAttempts"] <= 8
        assert retrier["MaxDelaySeconds"] <= 60
        assert retrier["JitterStrategy"] == "FULL"
        # Bad input, a damaged model: what fails once for these fails every time.
        assert not {"States.ALL", "States.TaskFailed", "InputError"} & set(retrier["ErrorEquals"])
    assert {error for retrier in state["Retry"] for error in retrier["ErrorEquals"]} >= THROTTLING


def test_a_small_batch_ends_before_express_would_end_it() -> None:
    assert WORKFLOWS["predict"]["TimeoutSeconds"] < 300
    assert WORKFLOWS["predict"]["States"]["PredictCompute"]["MaxConcurrency"] == FEW_CHUNKS


def test_maps_give_a_shard_the_same_event_but_for_where_its_rows_are() -> None:
    inline, distributed = (workflow["States"]["PredictCompute"] for workflow in WORKFLOWS.values())
    assert inline["ItemProcessor"]["ProcessorConfig"] == {"Mode": "INLINE"}
    assert distributed["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert distributed["Label"] == "PredictCompute"
    assert "Retry" not in distributed, "a retried Map starts every item again"
    assert set(inline["ItemSelector"]) - set(distributed["ItemSelector"]) == {"rows", "inline"}
    for state in (inline, distributed):
        # Children of a Distributed Map can't read outer variables: what they need comes by the ItemSelector.
        assert "$divided" not in json.dumps(state["ItemProcessor"])
        assert "$asked" not in json.dumps(state["ItemProcessor"])


def test_every_error_of_a_file_s_batch_is_explained_and_ends_in_a_failure() -> None:
    states = WORKFLOWS["predict-batch"]["States"]
    for name in ("PredictDivide", "PredictCompute", "PredictGather"):
        (catcher,) = states[name]["Catch"]
        assert (catcher["ErrorEquals"], catcher["Next"]) == (["States.ALL"], "Explain")
    assert states["Explain"]["Next"] == states["Explain"]["Catch"][0]["Next"] == "PredictionFailed"
    assert states["PredictionFailed"]["Type"] == "Fail"
