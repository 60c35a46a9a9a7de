"""Pictures of a model. matplotlib is imported when the first is drawn, and no display is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.client.drawing import new_axes
from snakebatch.engine.literal import Literal
from snakebatch.engine.model import Model
from snakebatch.engine.wording import spelt, wording
from snakebatch.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_BUCKETS = 30
"""Bars of a chain; the buckets after these are counted in the last one."""

_MOST_CLASSES = 10
"""Classes that get a colour of their own."""

_LONGEST = 48
"""Characters of a condition beside its bar."""

_BINS = 20


def plot_chain(model: Model, layer: int, names: Sequence[Any], ax: Axes | None = None) -> Axes:
    """A bar a bucket in the order of the chain, from the top; its length are the core members.

    ``names`` are the names of the model's classes: up to ten of them are told apart by colour. Raises
    InputError if there is no such layer.
    """
    if not 0 <= layer < len(model.layers):
        raise InputError(f"there is no layer {layer}; give one from 0 to {len(model.layers) - 1}")
    ax = ax or new_axes()
    labels, counts = _bars(model, layer)
    places = np.arange(len(labels))
    if len(names) <= _MOST_CLASSES:
        left = np.zeros(len(labels))
        for code, name in enumerate(names):
            ax.barh(places, counts[:, code], left=left, label=spelt(name))
            left += counts[:, code]
        ax.legend(title=model.target)
    else:
        ax.barh(places, counts.sum(axis=1))
    ax.set_yticks(places, labels)
    ax.invert_yaxis()
    ax.set_xlabel("rows (core members)")
    ax.set_title(f"Layer {layer}: {len(model.layers[layer])} buckets")
    return ax


def plot_separation(shares: NDArray[np.float64], names: Sequence[Any], ax: Axes | None = None) -> Axes:
    """A histogram of the winning class's probability for each class that wins somewhere.

    ``shares`` are the probabilities (rows, classes), ``names`` the classes.
    """
    ax = ax or new_axes()
    winner, share = shares.argmax(axis=1), shares.max(axis=1, initial=0.0)
    winning = np.unique(winner).tolist()
    ax.hist(
        [share[winner == code] for code in winning],
        bins=np.linspace(0.0, 1.0, _BINS + 1).tolist(),
        stacked=True,
        label=[spelt(names[code]) for code in winning],
    )
    if 0 < len(winning) <= 2 * _MOST_CLASSES:
        ax.legend(title="predicted")
    ax.set_xlim(0.0, 1.0)
    ax.set_xlabel("probability of the winning class")
    ax.set_ylabel("rows")
    ax.set_title("Class separation")
    return ax


def _bars(model: Model, layer: int) -> tuple[list[str], NDArray[np.int64]]:
    """The labels of the bars and their rows by class, an array (bars, classes)."""
    labels: list[str] = []
    counts: list[NDArray[np.int64]] = []
    for bucket in model.layers[layer]:
        core = [row for row, origin in zip(bucket.members, bucket.origins, strict=True) if origin == "c"]
        counts.append(np.bincount(model.codes[core], minlength=len(model.classes)))
        condition = bucket.condition
        text = "ELSE"
        if condition is not None:
            text = " AND ".join(wording(_shortened(one), model.header) for one in condition)
        labels.append(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}...")
    if len(labels) > _MOST_BUCKETS:
        shown = _MOST_BUCKETS - 1
        rest = np.sum(counts[shown:], axis=0)
        return [*labels[:shown], f"{len(labels) - shown} more buckets"], np.array([*counts[:shown], rest])
    return labels, np.array(counts)


def _shortened(literal: Literal) -> Literal:
    """A literal with six digits of its number: a label is read, not computed with."""
    value = literal.value
    return literal._replace(value=float(f"{value:.6g}")) if isinstance(value, float) else literal
