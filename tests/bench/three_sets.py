"""The published bench: three sets of 5,000 rows, trained through the workflow and asked, in two passes.

perfect-fit trains on all 5,000 rows and asks about the same; held-out trains on the first 4,000 and asks
about the other 1,000. The results name every model by the hash of its bytes and by its path; scored are the
answers of the model read back from that path.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from snakebatch.cli_model import answers, is_regression, score
from snakebatch.engine.model import Model
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.version import ENGINE, VERSION
from tests.support.datasets import BENCH_SETS, TARGET, Row, write_csv

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("results_3x5k.json")
MODELS = Path("out/bench")
PARAMETERS = {"n_layers": 5, "bucket": 250, "tau": 1000}
HELD_OUT = 1000
POLL_SECONDS = 0.05


def passes(rows: Sequence[Row]) -> dict[str, tuple[Sequence[Row], Sequence[Row]]]:
    """By pass: the rows to train on, and those to ask about."""
    return {"perfect-fit": (rows, rows), "held-out": (rows[:-HELD_OUT], rows[-HELD_OUT:])}


def write_results(runs: int) -> None:
    """Measure, print a line for each model, and write the results file."""
    found = []
    with EmbeddedCloud() as cloud:
        for name, make in BENCH_SETS.items():
            for label, (taught, asked) in passes(make()).items():
                path = MODELS / f"{name}.{label}.model.json"
                seconds = [train(cloud, taught, ROOT / path) for _ in range(runs)]
                entry = {"set": name, "pass": label, "rows": len(taught), "asked": len(asked)}
                entry |= {"model_id": model_id(ROOT / path), "model": str(path)}
                entry |= {"train_s": round(statistics.median(seconds), 2)} | ask(ROOT / path, asked, runs)
                found.append(entry)
                print(json.dumps(entry), flush=True)
    report = {
        "command": "make bench ARGS=sets",
        "snakebatch": VERSION,
        "engine": ENGINE,
        "machine": f"{platform.machine()}, {cloud.processes} processes, Python {platform.python_version()}",
        "parameters": PARAMETERS,
        "runs": runs,
        "results": found,
    }
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"\n{table(report)}\n\nwritten to {RESULTS.relative_to(ROOT)}; README shows this table too")


def table(report: dict[str, Any]) -> str:
    """The results as README shows them."""
    lines = ["| Set | Pass | Train (s) | Predict (s) | Metric |", "|---|---|---|---|---|"]
    for entry in report["results"]:
        metric = (
            f"accuracy {100 * entry['accuracy']:.2f} %" if "accuracy" in entry else f"R2 {entry['r2']:.4f}"
        )
        times = f"{entry['train_s']} | {entry['predict_s']}"
        lines.append(f"| {entry['set']} | {entry['pass']} | {times} | {metric} |")
    return "\n".join(lines)


def model_id(path: Path) -> str:
    """32 hex digits of the model's bytes."""
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def train(cloud: EmbeddedCloud, rows: Sequence[Row], path: Path) -> float:
    """Train through the workflow, with the model at ``path`` after it; seconds from upload to download."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = write_csv(rows, path.with_suffix(".csv"))
    started = time.perf_counter()
    arn = cloud.train({"dataset": cloud.upload(table), "target": TARGET, **PARAMETERS})
    while (execution := cloud.sfn.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(POLL_SECONDS)
    if execution["status"] != "SUCCEEDED":
        raise RuntimeError(f"{path.name}: {execution.get('error')}: {execution.get('cause')}")
    cloud.download(json.loads(execution["output"])["model"], path)
    return time.perf_counter() - started


def ask(path: Path, rows: Sequence[Row], runs: int) -> dict[str, Any]:
    """Read the model back and ask it: the median of the seconds (reading included), and the score."""
    seconds, given, model = [], [], Model.read(path)
    for _ in range(runs):
        started = time.perf_counter()
        model = Model.read(path)
        given = answers(model, list(rows))
        seconds.append(time.perf_counter() - started)
    return {"predict_s": round(statistics.median(seconds), 2)} | scores(model, given, rows)


def scores(model: Model, given: Sequence[Any], rows: Sequence[Row]) -> dict[str, Any]:
    """accuracy, or for a numeric target r2, rmse and mae."""
    wanted = [row[TARGET] for row in rows]
    value = score(model, given, wanted)
    found: dict[str, Any] = {value.metric: value.value}
    if is_regression(model):
        errors = [answer - target for answer, target in zip(given, wanted, strict=True)]
        found["rmse"] = math.sqrt(sum(error * error for error in errors) / len(errors))
        found["mae"] = sum(map(abs, errors)) / len(errors)
    return {name: round(number, 4) for name, number in found.items()}
