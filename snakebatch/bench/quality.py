"""Quality on held-out rows: accuracy, AUROC and R² of every model on every set, with their seconds.

A fifth of the rows is held out, stratified by class; the seed sets both the split and the training. A
figure that is missing or not finite is an error, never a gap in the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from snakebatch.bench.quality_models import SnakeParameters, contestant
from snakebatch.bench.quality_sets import SETS, QualitySet
from snakebatch.bench.quality_store import Key, Result
from snakebatch.bench.synthetic import TARGET, Row
from snakebatch.bench.timing import SYSTEM_TIMER, Timer, seconds_of
from snakebatch.errors import BenchError

HELD_OUT = 0.2


@dataclass(frozen=True)
class Setup:
    """What is measured, and with what; ``rows`` limits each table (None: all of it)."""

    sets: Sequence[str]
    models: Sequence[str]
    seeds: Sequence[int]
    parameters: SnakeParameters
    rows: int | None = None


def measure_quality(
    setup: Setup,
    known: Mapping[Key, Result],
    fingerprints: Mapping[str, str],
    tell: Callable[[str], None],
    keep: Callable[[Result], None],
    timer: Timer = SYSTEM_TIMER,
) -> list[Result]:
    """Every set, model and seed; results that ``known`` has already are taken from there.

    ``keep`` gets each new result as soon as it is there. Raises BenchError for a figure that is not finite.
    """
    results = []
    with threadpool_limits(limits=1):
        for name in setup.sets:
            rows = _limited(SETS[name].load(), setup.rows)
            for model in setup.models:
                for seed in setup.seeds:
                    key = Key(name, len(rows), model, seed, fingerprints[model])
                    if key not in known:
                        tell(f"{name} ({len(rows):,} rows): {model}, seed {seed}")
                        known = {**known, key: measure(SETS[name], rows, key, setup.parameters, timer)}
                        keep(known[key])
                    results.append(known[key])
    return results


def measure(
    table: QualitySet, rows: Sequence[Row], key: Key, parameters: SnakeParameters, timer: Timer
) -> Result:
    """Train one model on one split, and ask it about the rest."""
    taught, asked = split(rows, key.seed, table.regression)
    model = contestant(key.model, key.seed, table.regression, parameters)
    model.prepare(taught, asked)
    answers: list[Any] = []
    fit_s = seconds_of(model.fit, timer)
    predict_s = seconds_of(lambda: answers.extend(model.predict()), timer)
    wanted = [row[TARGET] for row in asked]
    if table.regression:
        figures = {"r2": float(r2_score(wanted, answers)) if _all_finite(answers) else math.nan}
    else:
        classes = sorted({row[TARGET] for row in rows})
        figures = {
            "accuracy": float(accuracy_score(wanted, answers)),
            "auroc": auroc(wanted, model.probabilities(classes), classes),
        }
    figures |= {"fit_s": fit_s, "predict_s": predict_s}
    for figure, value in figures.items():
        if not math.isfinite(value):
            raise BenchError(
                f"{key.set}, {key.model}, seed {key.seed}: {figure} is {value}; look at its answers"
            )
    return Result(key, {figure: round(value, 5) for figure, value in figures.items()})


def split(rows: Sequence[Row], seed: int, regression: bool) -> tuple[list[Row], list[Row]]:
    """Rows to train on and rows held out."""
    labels = None if regression else [row[TARGET] for row in rows]
    taught, asked = train_test_split(list(rows), test_size=HELD_OUT, random_state=seed, stratify=labels)
    return taught, asked


def auroc(wanted: Sequence[Any], shares: Any, classes: Sequence[Any]) -> float:
    """Area under the ROC curve; of more than two classes the mean of each against the rest."""
    if not np.isfinite(shares).all():
        return math.nan
    if len(classes) == 2:
        return float(roc_auc_score([label == classes[1] for label in wanted], shares[:, 1]))
    each = [
        roc_auc_score([label == one for label in wanted], shares[:, place])
        for place, one in enumerate(classes)
    ]
    return float(np.mean(each))


def _all_finite(answers: Iterable[float]) -> bool:
    return all(math.isfinite(answer) for answer in answers)


def _limited(rows: list[Row], most: int | None) -> list[Row]:
    """At most so many rows, evenly spread, since tables come sorted by class."""
    if most is None or len(rows) <= most:
        return rows
    return [rows[place * len(rows) // most] for place in range(most)]
