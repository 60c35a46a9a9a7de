"""The identifiers in events/: those of a training on the example data set, computed by the library.

    python -m tests.support.example_events

writes them anew (`make events`): packets are named by their content, so a change of the engine renames them.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from snakebatch.local.isolation import isolated_environment
from snakebatch.local.loopback import example_table
from snakebatch.mesh.requests import WaveRef
from tests.support.example_predictions import prediction_events
from tests.support.handlers import ROOT
from tests.support.mesh import MeshBench
from tests.support.quick_moto import mock_aws

Events = dict[str, dict[str, Any]]
TOKEN = "a-token-that-no-workflow-waits-for"
BUCKET_GRAIN = "-bucket-grain"


def example_events(mesh: MeshBench) -> Events:
    """Every event of the training and of asking its model, by its file's name; use within ``mock_aws``."""
    training = _by_slices(mesh) | _by_buckets(mesh)
    run = training["settle"]["run"]
    leaf = WaveRef.model_validate(training["settle"]["wave"])
    mesh.run_wave(leaf, run["execution"])
    model = mesh.assembler.assemble(run["job"], run["fingerprint"], run["execution"]).model
    names = ("stage", "predict-divide", "predict-divide-file")
    return training | prediction_events(mesh, model, {name: read(name) for name in names})


def _by_slices(mesh: MeshBench) -> Events:
    stage = read("stage")
    staged = _staged(mesh, stage)
    divide = WaveRef.model_validate(staged["wave"])
    mesh.run_wave(divide, stage["execution"])
    leaf = mesh.next(staged, divide, stage["execution"])
    message = {"version": 1, "kind": "gather", **_of(staged), "token": TOKEN}
    return {
        "shard-divide": _first(mesh, divide, stage["execution"]),
        "wave": _wave(staged, divide, stage["execution"]),
        "shard-leaf": _first(mesh, leaf, stage["execution"]),
        "gatherer": {
            "Records": [{"attributes": {"ApproximateReceiveCount": "1"}, "body": json.dumps(message)}]
        },
        "settle": read("settle") | {"run": staged["run"], "wave": leaf.body()},
    }


def _by_buckets(mesh: MeshBench) -> Events:
    stage = read(f"stage{BUCKET_GRAIN}")
    staged = _staged(mesh, stage)
    # Its divisions are the other run's, whose reports are there: one job, cut up in another way.
    wave = WaveRef.model_validate(staged["wave"])
    conquer = mesh.next(staged, wave, stage["execution"])
    return {
        f"wave{BUCKET_GRAIN}": _wave(staged, wave, stage["execution"]),
        "shard-conquer": _first(mesh, conquer, stage["execution"]),
    }


def _staged(mesh: MeshBench, stage: dict[str, Any]) -> dict[str, Any]:
    asked = dict(stage["input"])
    asked["dataset"] = mesh.upload(example_table())
    return mesh.stage(execution=stage["execution"], **asked)


def _of(staged: dict[str, Any]) -> dict[str, Any]:
    return {name: staged["run"][name] for name in ("job", "fingerprint", "execution")}


def _wave(staged: dict[str, Any], ended: WaveRef, execution: str) -> dict[str, Any]:
    """What is written, of this execution: its name also stands in longer ones, such as ARNs."""
    written = json.dumps(read("wave"))
    written = written.replace(read("wave")["execution"], execution)
    return json.loads(written) | _of(staged) | {"wave": ended.wave, "done": ended.next}


def _first(mesh: MeshBench, wave: WaveRef, execution: str) -> dict[str, Any]:
    item = mesh.items(wave)[0]
    return {"role": wave.next, "execution": execution} | {
        name: item[name] for name in ("packet", "shard", "key")
    }


def path(name: str) -> Path:
    """An event's file."""
    return ROOT / "events" / f"{name}.json"


def read(name: str) -> dict[str, Any]:
    """An event as it is written now."""
    content: dict[str, Any] = json.loads(path(name).read_text())
    return content


def main() -> None:
    """Write the events that follow from the data and the engine."""
    os.environ.update(isolated_environment())
    with tempfile.TemporaryDirectory() as folder, mock_aws():
        for name, event in example_events(MeshBench(Path(folder))).items():
            path(name).write_text(json.dumps(event, indent=2) + "\n")


if __name__ == "__main__":
    main()
