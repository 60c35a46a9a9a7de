"""The modes that a model can be asked in: one answer a row, the same wherever the model is asked.

``Snake`` asks by these functions, and so do the mesh's shards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from snakebatch.engine import audit
from snakebatch.engine.model import Model, Rows, class_key
from snakebatch.engine.queries import Row

Answers = Callable[[Model, Sequence[Mapping[str, Any]]], list[Any]]


def probabilities(model: Model, rows: Rows) -> list[dict[Any, float]]:
    """P by class of every row, in class order; the key of an object target is its JSON text."""
    keys = list(map(class_key, model.classes))
    return [dict(zip(keys, shares, strict=True)) for shares in model.probabilities(rows).tolist()]


def labeled(model: Model, row: Row) -> list[list[Any]]:
    """``[row, target, cond, origin]`` of every member that votes, in layer, then position, order."""
    found = []
    for one in model.lookalikes(row):
        bucket = model.layers[one.layer][one.bucket]
        found.append([one.row, model.targets[one.row], list(one.cond), bucket.origins[one.position]])
    return found


def lookalikes(model: Model, row: Row) -> list[list[Any]]:
    """``[row, target, cond]`` of every member that votes."""
    return [one[:3] for one in labeled(model, row)]


def _each(of_one: Callable[[Model, Row], Any]) -> Answers:
    return lambda model, rows: [of_one(model, row) for row in rows]


_MODES: dict[str, Answers] = {
    "prediction": lambda model, rows: model.predictions(rows),
    "probability": probabilities,
    "lookalikes": _each(lookalikes),
    "audit": _each(audit.audit),
    "augmented": _each(audit.augmented),
    "candle": lambda model, rows: list(model.candles(rows)),
    "regression": lambda model, rows: [found.value for found in model.regressions(rows)],
}

MODES = tuple(_MODES)
"""What a model can be asked for; ``Snake.get_{mode}`` gives the same."""

POPULATION_MODES = frozenset({"lookalikes", "audit", "augmented"})
"""Modes that a stripped model refuses. They tell every vote of a row, so they also cost the most."""


def answer(model: Model, rows: Sequence[Mapping[str, Any]], mode: str) -> list[Any]:
    """One answer a row, in their order.

    Raises StrippedModelError where the mode needs the population, ModelError on a regression of labels.
    """
    return _MODES[mode](model, rows)
