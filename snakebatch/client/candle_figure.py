"""Candles: the spread of the lookalikes' targets of each row, and whether the truth stands in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.client.drawing import INK, PALETTE, new_axes
from snakebatch.engine.regression import Regression
from snakebatch.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_EDGES = ("low", "q1", "median", "q3", "high")
_BODY = 0.6
"""The width of a candle; a row has 1."""

_PALE_BLUE = "#a6cfe8"

_LABELLED = 40
"""Rows that have a tick each; beyond, matplotlib chooses."""


@dataclass(frozen=True)
class Coverage:
    """How many of ``rows`` truths stand in the body of their candle (q1 to q3) and in all of it.

    Half of the lookalikes' targets stand in the body, so half of the truths would if they were drawn alike.
    A row without lookalikes has no candle: it counts as missed, and in ``without``.
    """

    rows: int
    in_body: int
    in_candle: int
    without: int

    @property
    def body(self) -> float:
        """The share of the truths in the body."""
        return self.in_body / self.rows

    @property
    def candle(self) -> float:
        """The share of the truths in the candle."""
        return self.in_candle / self.rows


def coverage(candles: Sequence[Mapping[str, float | int | None]], truth: Sequence[float]) -> Coverage:
    """Count the truths within their candles, as ``get_candle`` gives them, edges included.

    Raises InputError unless there is one truth a candle, and at least one.
    """
    low, q1, _, q3, high = _edges(candles)
    true = _truth(truth, len(candles))
    return Coverage(
        rows=len(true),
        in_body=int(((q1 <= true) & (true <= q3)).sum()),
        in_candle=int(((low <= true) & (true <= high)).sum()),
        without=int(np.isnan(low).sum()),
    )


def plot_candle(
    target: str,
    candles: Sequence[Mapping[str, float | int | None]],
    answers: Sequence[Regression],
    *,
    truth: Sequence[float] | None = None,
    labels: Sequence[Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a candle a row: a line from low to high, a body from q1 to q3, a bar at the median.

    Without ``truth`` a dot is the answer, and a row without lookalikes has only that, as a cross. With it a
    dot is the truth: black in the body, orange in the candle, red outside. ``labels`` name the rows.
    Raises InputError unless there are as many of each as candles.
    """
    ax = ax or new_axes()
    edges = _edges(candles)
    _draw_candles(ax, edges)
    if truth is None:
        _draw_answers(ax, edges, answers)
    else:
        _draw_truth(ax, edges, _truth(truth, len(candles)))
    if labels is not None:
        if len(labels) != len(candles):
            raise InputError(f"there are {len(candles)} candles and {len(labels)} labels; give one each")
        ax.set_xticks(range(len(labels)), [str(label) for label in labels])
    elif len(candles) <= _LABELLED:
        ax.set_xticks(range(len(candles)))
    ax.set_xlim(-1, len(candles))
    ax.set_xlabel("row" if labels is None else "")
    ax.set_ylabel(target)
    ax.set_title("Targets of the lookalikes")
    if ax.get_legend_handles_labels()[0]:
        ax.legend()
    return ax


def _edges(candles: Sequence[Mapping[str, float | int | None]]) -> NDArray[np.float64]:
    """An array (5, candles) of low, q1, median, q3 and high; NaN where there is no candle."""
    found = [[np.nan if (edge := candle[key]) is None else edge for candle in candles] for key in _EDGES]
    return np.array(found, dtype=np.float64)


def _truth(truth: Sequence[float], rows: int) -> NDArray[np.float64]:
    true = np.asarray(truth, dtype=np.float64)
    if true.shape != (rows,) or not rows:
        raise InputError(f"there are {rows} candles and {true.size} truths; give one each, and at least one")
    return true


def _draw_candles(ax: Axes, edges: NDArray[np.float64]) -> None:
    there = np.flatnonzero(~np.isnan(edges[0]))
    low, q1, median, q3, high = edges[:, there]
    ax.vlines(there, low, high, color=PALETTE[0], linewidth=1, zorder=1)
    ax.bar(there, q3 - q1, bottom=q1, width=_BODY, color=_PALE_BLUE, zorder=2)
    ax.hlines(median, there - _BODY / 2, there + _BODY / 2, color=PALETTE[0], linewidth=2, zorder=3)


def _draw_answers(ax: Axes, edges: NDArray[np.float64], answers: Sequence[Regression]) -> None:
    alone = np.isnan(edges[0]).tolist()
    by_look: dict[tuple[str, str, str], list[int]] = {}
    for place, answer in enumerate(answers):
        look = (
            ("x", PALETTE[5], answer.source)
            if alone[place]
            else ("o", PALETTE[1], f"mean of {answer.source}")
        )
        by_look.setdefault(look, []).append(place)
    for (marker, colour, label), places in by_look.items():
        values = [answers[place].value for place in places]
        ax.plot(places, values, marker, color=colour, label=label, zorder=4)


def _draw_truth(ax: Axes, edges: NDArray[np.float64], true: NDArray[np.float64]) -> None:
    low, q1, _, q3, high = edges
    body = (q1 <= true) & (true <= q3)
    candle = (low <= true) & (true <= high) & ~body
    kinds = (
        (body, "o", INK, "truth in the body"),
        (candle, "o", PALETTE[1], "truth in the candle"),
        (~body & ~candle, "X", PALETTE[5], "truth outside"),
    )
    for rows, marker, colour, name in kinds:
        places = np.flatnonzero(rows)
        style: dict[str, Any] = {
            "markersize": 6 if marker == "o" else 8,
            "markeredgecolor": "white",
            "markeredgewidth": 0.8,
            "zorder": 4,
        }
        label = f"{name}: {len(places)} of {len(true)}"
        ax.plot(places, true[places], marker, color=colour, label=label, **style)
