"""``python -m snakebatch.bench.large_child '{"model": ..., "kind": ..., "rows": ..., "columns": ...}'``.

Trains once and prints its seconds, the process's peak in MiB, and the peak before the training (the
interpreter, the packages and the data), as one JSON object.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.bench.machine import peak_mib
from snakebatch.bench.timing import seconds_of

SEED = 7
TARGET = "y"

Table = tuple[NDArray[np.float64], NDArray[Any]]


def make_table(kind: str, rows: int, columns: int) -> Table:
    """Features [rows, columns] and targets [rows]; what no target depends on is noise."""
    draw = np.random.default_rng(SEED)
    features = draw.normal(size=(rows, columns))
    if kind == "separable":
        labels = draw.integers(2, size=rows)
        features += 8.0 * labels[:, None]
        return features, labels
    if kind == "overlap":
        score = features[:, 0] + features[:, 1] * features[:, 2] + draw.normal(size=rows)
        return features, (score > 0).astype(np.int64)
    return features, 2.5 * features[:, 0] + features[:, 1] ** 2 + draw.normal(0.0, 0.5, size=rows)


def snake_training(table: Table) -> Callable[[], object]:
    """Snake from a DataFrame, with the parameters of the speed bench."""
    import pandas as pd

    from snakebatch import Snake
    from snakebatch.engine import trainer  # noqa: F401  loaded here, so that its import is nobody's second

    features, targets = table
    names = [f"x{column}" for column in range(features.shape[1])]
    frame = pd.DataFrame(features, columns=names)
    frame.insert(0, TARGET, targets)
    return lambda: Snake(frame, TARGET, n_layers=5, bucket=250, noise=0, tau=1000)


def forest_training(table: Table) -> Callable[[], object]:
    """The forest of the speed bench."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    features, targets = table
    kind = RandomForestRegressor if targets.dtype.kind == "f" else RandomForestClassifier
    return lambda: kind(n_estimators=100, n_jobs=1, random_state=0).fit(features, targets)


TRAININGS = {"snake": snake_training, "forest": forest_training}


def main() -> None:
    """Train what the one argument asks for."""
    asked = json.loads(sys.argv[1])
    training = TRAININGS[asked["model"]](make_table(asked["kind"], asked["rows"], asked["columns"]))
    before = peak_mib()
    seconds = seconds_of(training)
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib(), "peak_before_mib": before}))


if __name__ == "__main__":
    main()
