"""Pruning: the layers that answer validation rows best stay, the others go.

Layers are drawn independently and vote together, so each can be judged alone; what stays votes as before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from snakebatch.engine.candle import as_numbers
from snakebatch.engine.model import Model
from snakebatch.engine.targets import coerce_target
from snakebatch.errors import InputError

Row = Mapping[str, Any]


def layer_scores(model: Model, rows: Sequence[Row], targets: Sequence[Any]) -> list[float]:
    """How well each layer alone answers the rows: accuracy, or R2 for a target of datatype N.

    Raises InputError where rows and targets don't go together, or a target can't be one of this model's.
    """
    if not len(rows) or len(rows) != len(targets):
        raise InputError(
            f"there are {len(rows)} validation rows and {len(targets)} targets; give one for each"
        )
    datatype = model.datatypes[0]
    wanted = [coerce_target(target, datatype, model.target, row) for row, target in enumerate(targets, 1)]
    singles = (model.with_layers([number]) for number in range(len(model.layers)))
    if datatype == "N":
        return [_r2([found.value for found in one.regressions(rows)], wanted) for one in singles]
    return [_accuracy(one.predictions(rows), wanted) for one in singles]


def best_layers(scores: Sequence[float], keep: float | int) -> list[int]:
    """The numbers of the best layers in their own order, the earlier one first on ties.

    ``keep`` is how many (an integer from 1), or their share (a float from 0 to 1: at least one stays).
    """
    count = _count(keep, len(scores))
    ranked = sorted(range(len(scores)), key=lambda number: (-scores[number], number))
    return sorted(ranked[:count])


def pruned(model: Model, rows: Sequence[Row], targets: Sequence[Any], keep: float | int) -> Model:
    """The model of the layers that answer the validation rows best; its ``log`` says which they are."""
    _count(keep, len(model.layers))
    numbers = best_layers(layer_scores(model, rows, targets), keep)
    told = f"pruned to layers {' '.join(map(str, numbers))} of {len(model.layers)} by {len(rows)} rows"
    return model.with_layers(numbers, f"{model.log}; {told}" if model.log else told)


def _count(keep: float | int, layers: int) -> int:
    if isinstance(keep, int) and not isinstance(keep, bool) and 1 <= keep <= layers:
        return keep
    if isinstance(keep, float) and 0.0 < keep <= 1.0:
        return max(1, round(keep * layers))
    raise InputError(
        f"keep is {keep!r}; give a number of layers from 1 to {layers}, or a share above 0.0 and up to 1.0"
    )


def _accuracy(found: Sequence[Any], wanted: Sequence[Any]) -> float:
    right = [bool(one == other) for one, other in zip(found, wanted, strict=True)]
    return sum(right) / len(right)


def _r2(found: Sequence[float], wanted: Sequence[Any]) -> float:
    true = np.array(as_numbers(wanted), dtype=np.float64)
    errors = float(np.sum((true - np.array(found)) ** 2))
    spread = float(np.sum((true - true.mean()) ** 2))
    if not spread:
        return 1.0 if not errors else 0.0
    return 1.0 - errors / spread
