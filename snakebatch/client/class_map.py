"""A map of the classes over two columns: which class wins where, and how surely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.client.drawing import INK, PALETTE, new_axes
from snakebatch.engine.wording import spelt
from snakebatch.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEGEND = len(PALETTE)
"""Classes that have a colour of their own and stand in a legend; more are named where they are."""

_SHARED = PALETTE[:6]
"""Colours that many classes share: yellow and grey are too near to white, which means unsure."""

_NAME: dict[str, Any] = {
    "ha": "center",
    "va": "center",
    "fontsize": 8,
    "fontweight": "bold",
    "color": INK,
}

_APART = 0.03
"""How far names are apart, as a part of a side of the map."""

_EDGE = 0.05
"""How far the map reaches beyond the rows, as a part of their range."""


def plot_class_map(
    estimator: Any,
    X: Any,
    x: str,
    y: str,
    *,
    at: Mapping[str, Any] | None = None,
    cells: int = 200,
    ax: Axes | None = None,
) -> Axes:
    """Draw which class wins at each place of the plane of two columns; the paler, the less sure.

    ``estimator`` is anything of scikit-learn that has ``predict_proba``, a pipeline too. ``X`` is a DataFrame
    of pandas: the map spans its columns ``x`` and ``y`` with ``cells`` a side, and all others stand still at
    the values that ``at`` gives. Up to eight classes have a colour each and a legend; more share colours, so
    that those which touch differ, and their names stand on the map. Raises InputError if a column is not
    there or has no value, or if ``cells`` is not at least 2.
    """
    fixed = dict(at or {})
    _check(list(X.columns), x, y, fixed, cells)
    across, up = _places(X[x], cells), _places(X[y], cells)
    every_x, every_y = (grid.ravel() for grid in np.meshgrid(across, up))
    asked = X.iloc[np.zeros(len(every_x), dtype=np.intp)].assign(**{**fixed, x: every_x, y: every_y})
    shares = np.asarray(estimator.predict_proba(asked.reset_index(drop=True)), dtype=np.float64)
    winner = shares.argmax(axis=1).reshape(cells, cells)
    sure = shares.max(axis=1).reshape(cells, cells)
    names = [spelt(name) for name in np.asarray(estimator.classes_).tolist()]
    colours = colours_of(winner, len(names))
    ax = ax or new_axes()
    extent = (across[0], across[-1], up[0], up[-1])
    ax.imshow(_painted(winner, sure, colours), extent=extent, origin="lower", aspect="auto", zorder=0)
    if len(names) <= _LEGEND:
        for code in np.unique(winner).tolist():
            ax.scatter([], [], marker="s", color=colours[code], label=names[code])
        ax.legend(framealpha=0.9)
    else:
        from matplotlib.patheffects import withStroke

        halo = [withStroke(linewidth=2, foreground="white")]
        for code, (row, column) in _middles(winner, _cells_of(X, x, y, across, up)).items():
            ax.annotate(names[code], (across[column], up[row]), path_effects=halo, **_NAME)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    return ax


def colours_of(winner: NDArray[np.intp], classes: int) -> list[str]:
    """A colour (``#rrggbb``) for each class of a map of codes (rows, columns).

    As many classes as there are colours get their own. More share: one after the other, those with the most
    neighbours first, each takes the colour that touches it least.
    """
    if classes <= _LEGEND:
        return list(PALETTE[:classes])
    touching = np.zeros((classes, classes), dtype=np.int64)
    for one, other in ((winner[:, :-1], winner[:, 1:]), (winner[:-1], winner[1:])):
        np.add.at(touching, (one.ravel(), other.ravel()), 1)
    touching += touching.T
    np.fill_diagonal(touching, 0)
    chosen = np.full(classes, -1)
    used = np.zeros(len(_SHARED), dtype=np.int64)
    for code in np.argsort(-(touching > 0).sum(axis=1), kind="stable").tolist():
        met = [int(touching[code, chosen == colour].sum()) for colour in range(len(_SHARED))]
        best = min(range(len(_SHARED)), key=lambda colour: (met[colour], used[colour], colour))
        chosen[code] = best
        used[best] += 1
    return [_SHARED[colour] for colour in chosen.tolist()]


def _check(columns: list[str], x: str, y: str, fixed: Mapping[str, Any], cells: int) -> None:
    if cells < 2:
        raise InputError(f"cells is {cells}; give 2 or more")
    if x == y:
        raise InputError(f"x and y are both {x!r}; give two columns")
    for name in (x, y, *fixed):
        if name not in columns:
            raise InputError(f"there is no column {name!r}; the columns are {', '.join(map(repr, columns))}")
    loose = [name for name in columns if name not in (x, y, *fixed)]
    if loose:
        raise InputError(f"a map has two columns; give the others a value: at={dict.fromkeys(loose, '...')}")


def _places(column: Any, cells: int) -> NDArray[np.float64]:
    values = np.asarray(column, dtype=np.float64)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    edge = (high - low) * _EDGE
    return np.linspace(low - edge, high + edge, cells)


def _painted(winner: NDArray[np.intp], sure: NDArray[np.float64], colours: list[str]) -> NDArray[np.float64]:
    """Red, green and blue of each cell: its class's colour, thinned with white where it is not sure."""
    shades = np.array(
        [[int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)] for colour in colours]
    )
    strength = sure[..., np.newaxis]
    painted: NDArray[np.float64] = 1 + (shades[winner] - 1) * strength
    return painted


def _middles(winner: NDArray[np.intp], rows: NDArray[np.intp]) -> dict[int, tuple[int, int]]:
    """For each class that wins somewhere the cell (row, column) that its name stands on.

    ``rows`` are the cells (rows, 2) of the data: a name stands in one of them, near their middle, but
    not so near to another's that they could not be read. The smallest classes choose first.
    """
    of_rows = winner[rows[:, 0], rows[:, 1]]
    candidates = {}
    for code in np.unique(winner).tolist():
        cells = rows[of_rows == code]
        cells = cells if len(cells) else np.argwhere(winner == code)
        candidates[code] = cells[np.argsort(_distance(cells, np.median(cells, axis=0)), kind="stable")]
    chosen: dict[int, tuple[int, int]] = {}
    for code, cells in sorted(candidates.items(), key=lambda item: len(item[1])):
        room = np.full(len(cells), np.inf)
        for other in chosen.values():
            room = np.minimum(room, _distance(cells, np.array(other)))
        free = room >= _APART * len(winner)
        row, column = cells[free.argmax() if free.any() else room.argmax()].tolist()
        chosen[code] = (row, column)
    return chosen


def _distance(cells: NDArray[np.intp], place: NDArray[Any]) -> NDArray[np.float64]:
    distance: NDArray[np.float64] = np.hypot(*(cells - place).T)
    return distance


def _cells_of(
    X: Any, x: str, y: str, across: NDArray[np.float64], up: NDArray[np.float64]
) -> NDArray[np.intp]:
    """The cells (rows, 2) of the rows of ``X`` that have both values."""
    values = np.column_stack([np.asarray(X[y], dtype=np.float64), np.asarray(X[x], dtype=np.float64)])
    first, step = np.array([up[0], across[0]]), np.array([up[1] - up[0], across[1] - across[0]])
    cells: NDArray[np.intp] = np.rint((values[np.isfinite(values).all(axis=1)] - first) / step).astype(
        np.intp
    )
    return cells
