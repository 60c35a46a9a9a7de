"""Models as the command line asks them: what an answer is, and how good the answers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakebatch.engine.model import Model
from snakebatch.errors import ModelError

SCORED_ROWS, SCORED_VOTES = 10_000, 25_000_000
"""How many of its own rows a trained model is asked about, evenly spread: at most so many rows, and so
many sums of votes (one a row and class). Some seconds at most, where a large regression would take hours."""


@dataclass(frozen=True)
class Score:
    """How right a model was on ``rows`` rows.

    ``metric`` is ``accuracy``, the share of right answers, or for a numeric target (datatype N) ``r2``, one
    minus the squared errors over the squared deviations from the mean; None where all targets are equal and
    an answer is wrong.
    """

    metric: str
    value: float | None
    rows: int

    def __str__(self) -> str:
        if self.metric == "accuracy" and self.value is not None:
            return f"accuracy {100 * self.value:.2f} % on {self.rows:,} rows"
        value = "undefined (all targets are equal)" if self.value is None else f"{self.value:.4f}"
        return f"R2 {value} on {self.rows:,} rows"


def read_model(name: str) -> Model:
    """The model of a path; raises ModelError, which knows a table where a model should stand."""
    try:
        return Model.read(name)
    except ModelError as error:
        if not name.lower().endswith((".csv", ".csv.gz")):
            raise
        raise ModelError(f"{error}; the model stands before the table") from error


def is_regression(model: Model) -> bool:
    """Whether the target is a number to be met, not a class to be hit."""
    return model.datatypes[0] == "N"


def answers(model: Model, rows: Sequence[dict[str, Any]]) -> list[Any]:
    """One answer a row: the class of the highest probability, or the regression of a numeric target."""
    if is_regression(model):
        return [answer.value for answer in model.regressions(rows)]
    return model.predictions(rows)


def score(model: Model, given: Sequence[Any], wanted: Sequence[Any]) -> Score:
    """Compare answers with the targets, which are of the model's own type."""
    if not is_regression(model):
        right = sum(answer == target for answer, target in zip(given, wanted, strict=True))
        return Score("accuracy", right / len(wanted), len(wanted))
    mean = sum(wanted) / len(wanted)
    missed = sum((answer - target) ** 2 for answer, target in zip(given, wanted, strict=True))
    spread = sum((target - mean) ** 2 for target in wanted)
    if spread:
        return Score("r2", 1 - missed / spread, len(wanted))
    return Score("r2", None if missed else 1.0, len(wanted))


def score_training(path: Path) -> Score:
    """How right the model at ``path`` is on the rows that it was trained on."""
    model = Model.read(path)
    most = max(1, min(SCORED_ROWS, SCORED_VOTES // len(model.classes)))
    step = -(-len(model.targets) // most)
    rows = model.population[::step]
    return score(model, answers(model, rows), model.targets[::step])
