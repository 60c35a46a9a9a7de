"""The handlers, with the very files of events/: a whole training, and what each refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

import pytest

from snakebatch.errors import InputError, MeshError
from snakebatch.mesh.messages import Message, parse
from snakebatch.mesh.prediction_messages import (
    ChunkEvent,
    DivideEvent,
    ExplainEvent,
    GatherEvent,
    PredictInput,
)
from snakebatch.mesh.requests import BracketEvent, SettleEvent, ShardEvent, StageEvent, TrainInput, WaveEvent
from tests.support.handlers import ROOT, event, invoke
from tests.support.mesh import BUCKET, MeshBench
from tests.support.tables import three_classes

MODELS: dict[str, type[Message]] = {
    "shard-predict": ChunkEvent,
    "shard": ShardEvent,
    "predict-input": PredictInput,
    "predict-batch-input": PredictInput,
    "predict-divide": DivideEvent,
    "predict-gather": GatherEvent,
    "predict-explain": ExplainEvent,
    "train": TrainInput,
    "stage": StageEvent,
    "wave": WaveEvent,
    "bracket": BracketEvent,
    "settle": SettleEvent,
}
EVENTS = sorted({path.stem for path in (ROOT / "events").glob("*.json")} - {"env", "gatherer"})


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_file_is_one_that_its_function_reads(name: str) -> None:
    model = next(model for start, model in MODELS.items() if f"{name}-".startswith(f"{start}-"))
    parse(model, event(name))


def test_every_function_and_role_has_an_event_file() -> None:
    functions = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert functions <= {name.partition("-")[0] for name in EVENTS}
    assert {f"shard-{role}" for role in ("divide", "conquer", "leaf", "predict")} <= set(EVENTS)
    assert {
        f"bracket-{action}" for action in get_args(BracketEvent.model_fields["action"].annotation)
    } <= set(EVENTS)


@pytest.mark.parametrize("grain", ["slice", "bucket"])
def test_the_handlers_train_a_model_together(deployed: MeshBench, grain: str) -> None:
    stage = event("stage")
    dataset = deployed.upload(three_classes(300))
    stage["input"] |= {"dataset": dataset, "tau": 100, "bucket": 30, "n_layers": 2, "leaf_grain": grain}
    staged = invoke("stage", stage)
    run, wave = staged["run"], staged["wave"]
    assert invoke("bracket", event("bracket-admit"))["admitted"]
    assert invoke("bracket", event("bracket-open"))["ready"]
    assert invoke("bracket", event("bracket-ready"))["ready"]
    roles = []
    while True:
        roles.append(wave["next"])
        for item in json.loads(deployed.store.objects.get(wave["items"])):
            answer = invoke("shard", event(f"shard-{wave['next']}") | item)
            assert answer["packet"] == item["packet"]
        if wave["next"] == "leaf":
            break
        wave = invoke("wave", event("wave") | _of(run) | {"wave": wave["wave"], "done": wave["next"]})
    assert invoke("bracket", event("bracket-close"))["closed"]
    settled = invoke("settle", event("settle") | {"run": run, "wave": wave})

    assert roles == (["divide", "leaf"] if grain == "slice" else ["divide", "conquer", "leaf"])
    assert settled["failure"] is None
    assert list((deployed.folder / "snakebatch-populations").iterdir()), "the cache is where the test put it"
    assert settled["output"]["status"] == "TRAINED"
    assert settled["output"]["rows"] == 300
    model = json.loads(deployed.read(settled["output"]["model"]))
    stripped = json.loads(deployed.read(settled["output"]["model_stripped"]))
    assert stripped == {**model, "population": [], "stripped": True}
    receipt = json.loads(deployed.read(settled["output"]["receipt"]))
    assert receipt["assembled_by"] == "settle"
    assert receipt["actual"]["buckets"] == settled["output"]["buckets"] == sum(map(len, model["layers"]))


def emitted(text: str) -> dict[str, list[dict[str, Any]]]:
    """The metrics among log lines, by name: value, unit and resolution of each point, as EMF has them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in text.splitlines():
        entry = json.loads(line) if line.startswith('{"_aws"') else {}
        for metric in entry["_aws"]["CloudWatchMetrics"][0]["Metrics"] if entry else []:
            (value,) = entry[metric["Name"]]
            found.setdefault(metric["Name"], []).append(metric | {"value": value, "of": entry["service"]})
    return found


def test_the_handlers_emit_what_the_dashboard_shows(
    deployed: MeshBench, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = event("stage")
    stage["input"] |= {
        "dataset": deployed.upload(three_classes(200)),
        "tau": 1000,
        "bucket": 30,
        "n_layers": 2,
    }
    staged = invoke("stage", stage)
    wave = invoke("wave", event("wave") | _of(staged["run"]) | {"wave": 0, "done": staged["wave"]["next"]})
    for item in json.loads(deployed.store.objects.get(wave["items"])):
        invoke("shard", event("shard-leaf") | item)
    settled = invoke("settle", event("settle") | {"run": staged["run"], "wave": wave})
    invoke("settle", event("settle-failed"))

    metrics = emitted(capsys.readouterr().out)
    assert [point["value"] for point in metrics["PacketsHandedOut"]] == [0, wave["pending"]]
    packets = wave["pending"]
    assert len(metrics["Invocations"]) == len(metrics["Packets"]) == packets
    # Each invocation loads the module anew here, which is a new environment.
    assert [point["value"] for point in metrics["Spawned"]] == [1] * packets
    assert {point["StorageResolution"] for point in metrics["Invocations"] + metrics["Spawned"]} == {1}
    assert [point["value"] for point in metrics["JobUsd"]] == [settled["output"]["usd"]]
    assert [point["value"] for point in metrics["JobSeconds"]] == [settled["output"]["seconds"]]
    assert [point["value"] for point in metrics["RunsFailed"]] == [0, 1]
    assert {point["of"] for points in metrics.values() for point in points} == {"snakebatch"}


def _of(run: dict[str, Any]) -> dict[str, Any]:
    return {"job": run["job"], "fingerprint": run["fingerprint"], "execution": run["execution"]}


def test_a_failed_stage_is_settled_with_its_own_error(deployed: MeshBench) -> None:
    settled = invoke("settle", event("settle-failed"))

    assert settled["failure"] == {"error": "InputError", "cause": "there is no column 'y'"}
    assert json.loads(deployed.read(settled["output"]["receipt"]))["status"] == "FAILED"


@pytest.mark.parametrize("function", ["shard", "wave", "bracket", "settle", "predict"])
def test_an_unknown_field_is_refused_by_name(deployed: MeshBench, function: str) -> None:
    names = {"shard": "shard-leaf", "bracket": "bracket-close", "predict": "predict-gather"}
    name = names.get(function, function)
    with pytest.raises(MeshError, match="surprise"):
        invoke(function, event(name) | {"surprise": 1})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"n_layers": 0}, "n_layers"),
        ({"bucket": 0}, "bucket"),
        ({"tau": "many"}, "tau"),
        ({"job": "no/slash"}, "job"),
        ({"job": "x" * 65}, "job"),
        ({"dataset": "/etc/data.csv"}, "dataset"),
        ({"oppose_profile": "loud"}, "loud"),
        ({"max_usd": 0}, "max_usd"),
        ({"max_usd": float("inf")}, "max_usd"),
        ({"layers": 3}, "layers"),
        ({"leaf_grain": "row"}, "leaf_grain"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(
    deployed: MeshBench, change: dict[str, Any], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = event("stage")
    stage["input"] |= change
    with pytest.raises(InputError, match=says) as refused:
        invoke("stage", stage)
    assert "\n" not in str(refused.value)


Made = Callable[[MeshBench], str]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda mesh: "s3://no-such-bucket/data.csv", "no-such-bucket"),
        (lambda mesh: f"s3://{BUCKET}/none.csv", "none.csv"),
        (lambda mesh: mesh.upload(""), "empty"),
        (lambda mesh: mesh.upload("x,y\n"), "no rows"),
        (lambda mesh: mesh.upload(b"x,y\n1,\xff\xfe\n"), "UTF-8"),
        (lambda mesh: mesh.upload(b"\x89PNG\r\n\x1a\n\x00\x00" * 50), "UTF-8"),
        (lambda mesh: mesh.upload("x,y\n1,2\n3\n"), "row 2"),
        (lambda mesh: mesh.upload("y\n1\n2\n"), "feature"),
        (lambda mesh: mesh.upload("x,z\n1,2\n"), "'y'"),
        (lambda mesh: mesh.upload(b"plain,y\n1,2\n", "data.csv.gz"), "gz"),
    ],
)
def test_a_table_that_cannot_be_trained_on_is_refused(deployed: MeshBench, make: Made, says: str) -> None:
    stage = event("stage")
    stage["input"]["dataset"] = make(deployed)
    with pytest.raises(InputError, match=says):
        invoke("stage", stage)
    assert list(deployed.store.objects.keys("jobs/")) == []
