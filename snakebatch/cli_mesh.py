"""``snakebatch train`` and ``predict`` on a mesh, by the client that Python uses."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from snakebatch.cli_model import score_training
from snakebatch.cli_summary import Summary
from snakebatch.cli_train import execution_parameters
from snakebatch.client import MeshSnake
from snakebatch.clock import Clock, SystemClock
from snakebatch.engine.model_json import text_of
from snakebatch.files import check_out, find_table
from snakebatch.mesh.job_status import JobStatus


def train(arguments: argparse.Namespace, **more: Any) -> int:
    """Train on the mesh, and print the summary; ``more`` goes to MeshSnake. Returns the exit code."""
    table = find_table(arguments.data)
    out = check_out(arguments.out, table)
    clock: Clock = more.get("clock") or SystemClock()
    started = clock.time()
    with MeshSnake(table, arguments.target, **_asked(arguments), **place_of(arguments), **more) as snake:
        return save_and_tell(snake, out, as_json=arguments.json, clock=clock, started=started)


def save_and_tell(
    snake: MeshSnake,
    out: Path,
    *,
    as_json: bool,
    clock: Clock | None = None,
    started: float | None = None,
) -> int:
    """Fetch the model of a training that has ended, and print its summary; returns the exit code."""
    snake.to_json(out)
    status, receipt = snake.status(), snake.receipt()
    seconds = status.seconds if clock is None or started is None else clock.time() - started
    summary = _summary(status, receipt, out, seconds)
    if as_json:
        print(text_of(summary.as_json() | {"model_id": status.model_id, "usd": receipt["actual"]["usd"]}))
    else:
        print(
            f"{summary.as_text()}\nmodel id   {status.model_id}\ncost       ${receipt['actual']['usd']:.4f}"
        )
    return 0


def model_of(arguments: argparse.Namespace, **more: Any) -> MeshSnake:
    """The model of the mesh that ``predict`` is asked for, by its id."""
    return MeshSnake.connect(arguments.model, **place_of(arguments), **more)


def _asked(arguments: argparse.Namespace) -> dict[str, Any]:
    asked = execution_parameters(arguments)
    del asked["target"]  # MeshSnake takes it by itself
    if arguments.job is not None:
        asked["job"] = arguments.job
    return asked


def place_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments of MeshSnake that say where the mesh is."""
    if arguments.url is not None:
        return {"url": arguments.url}
    return {"stack": arguments.stack, "region": arguments.region}


def _summary(status: JobStatus, receipt: dict[str, Any], out: Path, seconds: float) -> Summary:
    """What ``train`` says of a model, from the job's receipt."""
    rows, actual = receipt["rows"], receipt["actual"]
    output = {
        "status": receipt["status"],
        "job": receipt["job"],
        "fingerprint": receipt["fingerprint"],
        "seed": receipt["training"]["seed"],
        "rows_read": rows["read"],
        "rows": rows["kept"],
        "duplicates": rows["duplicates"],
        "contradictions": rows["contradictions"],
        "layers": receipt["input"]["n_layers"],
        "leaves": actual["leaves"],
        "buckets": actual["buckets"],
        "warnings": receipt["warnings"],
    }
    if "reused" in receipt:
        output["reused"] = receipt["reused"]
    waves = [{"state": wave.role, "wave": wave.wave, "packets": wave.packets} for wave in status.waves]
    return Summary(output, out, score_training(out), seconds, actual["seconds_by_step"], waves)
