"""The prediction workflows' roles and template entries: what their states need, and no more."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.handlers import ROOT
from tests.support.rights import granted, may
from tests.support.template import (
    ACCOUNT,
    PREFIX,
    REGION,
    arn,
    functions,
    physical_name,
    resolved,
    resources,
)

BUCKET = f"arn:aws:s3:::{physical_name('JobsBucket')}"
EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{PREFIX}-predict-batch"
OBSERVED = {action for action in granted("TrainRole") if action.partition(":")[0] in ("logs", "xray")}
MACHINES = {"PredictMachine": "predict", "PredictBatchMachine": "predict-batch"}
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def test_an_inline_map_needs_no_more_than_to_invoke() -> None:
    assert granted("PredictMachineRole") == {"lambda:InvokeFunction"} | OBSERVED


def test_a_distributed_map_needs_what_the_training_s_maps_need() -> None:
    assert granted("PredictBatchMachineRole") == granted("TrainRole") - {"sqs:SendMessage"}


@pytest.mark.parametrize("role", ["PredictMachineRole", "PredictBatchMachineRole"])
def test_both_invoke_predict_and_shards_by_their_alias_alone(role: str) -> None:
    for function in ("PredictFunction", "Shard42"):
        assert may(role, "lambda:InvokeFunction", f"{arn(function)}:live")
        assert not may(role, "lambda:InvokeFunction", arn(function))
    for function in ("StageFunction", "SettleFunction"):
        assert not may(role, "lambda:InvokeFunction", f"{arn(function)}:live")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("states:StartExecution", arn("PredictBatchMachine")),
        ("states:DescribeExecution", f"{EXECUTION}/PredictCompute:some-id"),
        ("states:StopExecution", f"{EXECUTION}:some-id"),
        ("states:RedriveExecution", f"{EXECUTION}/PredictCompute:some-id"),
        ("s3:GetObject", f"{BUCKET}/predictions/one/items.json"),
        ("s3:PutObject", f"{BUCKET}/predictions/one/results/id/manifest.json"),
    ],
)
def test_the_workflow_for_files_reaches(action: str, resource: str) -> None:
    assert may("PredictBatchMachineRole", action, resource)


@pytest.mark.parametrize(
    ("role", "action", "key"),
    [
        ("PredictBatchMachineRole", "s3:GetObject", "predictions/one/chunks/0.gz"),
        ("PredictBatchMachineRole", "s3:PutObject", "answers/one.jsonl"),
        ("ShardRole", "s3:GetObject", "datasets/new.csv"),
        ("ShardRole", "s3:GetObject", "models/mine/model.json"),
        ("ShardRole", "s3:PutObject", "compact/a.bin"),
        ("PredictRole", "s3:PutObject", "jobs/one/model.json"),
        ("PredictRole", "s3:PutObject", "models/mine/model.json"),
    ],
)
def test_nobody_reads_rows_or_writes_models_who_has_not_to(role: str, action: str, key: str) -> None:
    assert not may(role, action, f"{BUCKET}/{key}")


@pytest.mark.parametrize(("name", "workflow"), MACHINES.items())
def test_a_workflow_is_filled_in_logged_and_traced_without_rows(name: str, workflow: str) -> None:
    text = (ROOT / f"statemachine/{workflow}.asl.json").read_text()
    machine = resources()[name]["Properties"]
    values = machine["DefinitionSubstitutions"]
    assert set(values) == set(PLACEHOLDER.findall(text))
    json.loads(PLACEHOLDER.sub(lambda match: str(resolved(values[match[1]])), text))
    assert machine["Tracing"] == {"Enabled": True}
    assert machine["Logging"]["IncludeExecutionData"] is False, "rows travel in inputs and outputs"
    assert machine["Logging"]["Destinations"]
    assert machine["Type"] == ("EXPRESS" if workflow == "predict" else "STANDARD")


def test_functions_end_before_the_states_for_files_give_up() -> None:
    states: dict[str, Any] = json.loads((ROOT / "statemachine/predict-batch.asl.json").read_text())["States"]
    for name in ("PredictDivide", "PredictGather", "Explain"):
        assert functions()["PredictFunction"]["Timeout"] <= states[name]["TimeoutSeconds"]
    answer = states["PredictCompute"]["ItemProcessor"]["States"]["AnswerChunk"]
    assert functions()["Shard00"]["Timeout"] < answer["TimeoutSeconds"]
