"""Large tables: seconds and peak memory of one training, each in a process of its own.

Three kinds of 20 columns: two classes far apart, two classes that overlap, a number to be met.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import snakebatch
from snakebatch.bench.figures import Figure
from snakebatch.bench.machine import THREAD_VARIABLES
from snakebatch.errors import BenchError

COLUMNS = 20
KINDS = ("separable", "overlap", "regression")


@dataclass(frozen=True)
class Size:
    """How many rows, and the most that they may cost; ``small`` rows show the growth."""

    name: str
    rows: int
    seconds: float
    mib: float
    forest: bool
    ratio: float | None = None
    small: int | None = None


SIZES = {
    "large": Size("large", 100_000, seconds=3, mib=300, forest=True, ratio=0.2, small=10_000),
    "huge": Size("huge", 1_000_000, seconds=45, mib=2048, forest=False),
}

Train = Callable[[str, str, int], dict[str, float]]
"""Model, kind, rows -> ``seconds`` and ``peak_mib``."""


def train_in_child(model: str, kind: str, rows: int) -> dict[str, float]:
    """Train once in a fresh process with one thread; raises BenchError if it fails."""
    asked = json.dumps({"model": model, "kind": kind, "rows": rows, "columns": COLUMNS})
    home = str(Path(snakebatch.__file__).parents[1])
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, "1") | {"PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "snakebatch.bench.large_child", asked],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchError(f"{model} on {rows:,} {kind} rows ended with code {done.returncode}: {last}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure_large(
    size: Size, kind: str, tell: Callable[[str], None], train: Train = train_in_child
) -> list[Figure]:
    """Seconds and peak of Snake, its ratio to the forest and its growth, as far as ``size`` asks for them."""

    def told(model: str, rows: int) -> dict[str, float]:
        tell(f"{size.name} {kind}: {model} on {rows:,} x {COLUMNS}")
        return train(model, kind, rows)

    name = f"{size.name} {kind}"
    shared: dict[str, Any] = {"source": "arrays", "rows": size.rows, "columns": COLUMNS}
    snake = told("snake", size.rows)
    seconds = snake["seconds"]
    shared["snake_s"] = seconds
    figures = [
        Figure(name, "fit", value=seconds, unit="s", goal=size.seconds, **shared),
        Figure(name, "peak", value=snake["peak_mib"], unit="MiB", goal=size.mib, **shared),
    ]
    if size.small:
        growth = seconds / told("snake", size.small)["seconds"]
        linear = size.rows / size.small
        figures.append(
            Figure(name, f"growth from {size.small:,}", value=growth, unit="ratio", goal=linear, **shared)
        )
    if size.forest:
        forest = told("forest", size.rows)["seconds"]
        figures.append(
            Figure(
                name, "fit", value=seconds / forest, unit="ratio", goal=size.ratio, forest_s=forest, **shared
            )
        )
    return figures
