"""Fit and predict beside scikit-learn's random forest: same rows, same process, one thread.

The forest has 100 trees and gets a ready float64 matrix, texts as ranks, made outside of its time: the
forest at its fastest. Snake's time has everything in it, the coercion of the rows' types too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from threadpoolctl import threadpool_limits

from snakebatch import Snake
from snakebatch.bench.figures import Figure
from snakebatch.bench.matrices import ordinal_matrices
from snakebatch.bench.quality_sets import digits
from snakebatch.bench.synthetic import BENCH_SETS, TARGET, Row
from snakebatch.bench.timing import SYSTEM_TIMER, Timer, alternating_medians

PARAMETERS: dict[str, Any] = {"n_layers": 5, "bucket": 250, "noise": 0, "tau": 1000}
"""Those of the published bench: what a mesh's training does."""

TREES = 100
MOST_ASKED = 1000
"""Rows of a prediction that is measured."""

_FIT_GOALS = {False: {"dicts": 0.35, "arrays": 0.25}, True: {"dicts": 0.45, "arrays": 0.35}}
_WIDE_GOAL = _PREDICT_GOAL = 1.0

Asking = Callable[[], object]


@dataclass(frozen=True)
class SpeedCase:
    """Rows to train on and rows to ask about; ``regression`` if the target is a number to be met."""

    name: str
    taught: Sequence[Row]
    asked: Sequence[Row]
    regression: bool = False
    wide: bool = False

    def goal(self, measure: str, source: str) -> float:
        """The largest ratio that is wished for."""
        if self.wide:
            return _WIDE_GOAL
        return _PREDICT_GOAL if measure == "predict" else _FIT_GOALS[self.regression][source]


def _seed_case(name: str) -> Callable[[int], SpeedCase]:
    def make(rows: int) -> SpeedCase:
        table = BENCH_SETS[name](rows + min(MOST_ASKED, rows))
        return SpeedCase(name, table[:rows], table[rows:], regression=name == "quadratic")

    return make


def _digits_case(rows: int) -> SpeedCase:
    table = digits()[:rows]
    return SpeedCase("digits", table, table[:MOST_ASKED], wide=True)


CASES: dict[str, Callable[[int], SpeedCase]] = {name: _seed_case(name) for name in BENCH_SETS}
CASES["digits"] = _digits_case
"""By name what makes the case, given how many rows to train on; digits has 1,797 at most."""


def measure_speed(
    names: Iterable[str],
    rows: int,
    repeats: int,
    tell: Callable[[str], None],
    timer: Timer = SYSTEM_TIMER,
) -> list[Figure]:
    """Ratios of the named cases, each from a list of dicts and from an array or DataFrame."""
    figures = []
    with threadpool_limits(limits=1):
        for name in names:
            tell(f"{name}: fit and predict, {repeats} runs each, in turn with the forest")
            figures += measure_case(CASES[name](rows), repeats, timer)
    return figures


def measure_case(case: SpeedCase, repeats: int, timer: Timer) -> list[Figure]:
    """Four figures: fit and predict, from dicts and from arrays."""
    race = _Race(case)
    found = {
        "fit": alternating_medians(race.fits(), repeats, timer),
        "predict": alternating_medians(race.predictions(), repeats, timer),
    }
    counts = {"fit": len(case.taught), "predict": len(case.asked)}
    return [
        Figure(
            case.name,
            measure,
            source,
            rows=counts[measure],
            columns=len(case.taught[0]) - 1,
            value=seconds[source] / seconds["forest"],
            unit="ratio",
            goal=case.goal(measure, source),
            snake_s=seconds[source],
            forest_s=seconds["forest"],
        )
        for measure, seconds in found.items()
        for source in ("dicts", "arrays")
    ]


class _Race:
    """Three contestants on one case: Snake from dicts, Snake from arrays, the forest."""

    def __init__(self, case: SpeedCase) -> None:
        self._case = case
        self._features, self._asked_features = ordinal_matrices(case.taught, case.asked, TARGET)
        self._targets = np.array([row[TARGET] for row in case.taught])
        self._asked = [_without_target(row) for row in case.asked]
        self._models: dict[str, Any] = {}

    def fits(self) -> dict[str, Asking]:
        """By contestant its training; each keeps the model that `predictions` asks."""
        data, header = self._array_data()
        forest = RandomForestRegressor if self._case.regression else RandomForestClassifier

        def from_dicts() -> None:
            self._models["dicts"] = Snake(self._case.taught, TARGET, **PARAMETERS)

        def from_arrays() -> None:
            self._models["arrays"] = Snake(data, TARGET, header=header, **PARAMETERS)

        def of_the_forest() -> None:
            model = forest(n_estimators=TREES, n_jobs=1, random_state=0)
            self._models["forest"] = model.fit(self._features, self._targets)

        return {"dicts": from_dicts, "arrays": from_arrays, "forest": of_the_forest}

    def predictions(self) -> dict[str, Asking]:
        """By contestant its answers to all rows at once."""
        ask = Snake.get_regression if self._case.regression else Snake.get_batch_prediction
        asked = self._asked_features if self._case.regression else pd.DataFrame(self._asked)
        models = self._models
        return {
            "dicts": lambda: ask(models["dicts"], self._asked),
            "arrays": lambda: ask(models["arrays"], asked),
            "forest": lambda: models["forest"].predict(self._asked_features),
        }

    def _array_data(self) -> tuple[Any, list[str] | None]:
        """A NumPy array of floats for the regression; a DataFrame where the target is a class."""
        if self._case.regression:
            return np.column_stack([self._targets, self._features]), list(self._case.taught[0])
        return pd.DataFrame(self._case.taught), None


def _without_target(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != TARGET}
