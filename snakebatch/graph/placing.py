"""Where in its row each node stands: as near to its neighbours as the width of its row's nodes allows.

A row's places are those nearest to the wished ones (least squares) that keep the distances: an isotonic
regression, which pooling adjacent violators solves exactly. Rows are placed down and up in turn.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from snakebatch.graph.ordering import Knot, Node, Rows

_SWEEPS = 32
_KNOT_WEIGHT = 3.0
"""Knots hold their place harder than boxes, so that long lines run straight."""

_TRUNK = 1000.0
"""Weight of the link to the neighbour that most of the machine hangs on: that way runs straight down."""


def place(rows: Rows, width: Mapping[Node, float], gap: float, ahead: Mapping[str, int]) -> dict[Node, float]:
    """The middle of every node."""
    centre: dict[Node, float] = {}
    for row in rows.rows:
        at = 0.0
        for node in row:
            centre[node] = at + width[node] / 2
            at += width[node] + gap
    weights = _weights(rows, ahead)
    above, below = rows.above(), rows.below()
    for sweep in range(_SWEEPS):
        last = sweep >= _SWEEPS - 2
        down = sweep % 2 == 0
        for row in rows.rows if down else rows.rows[::-1]:
            near = {
                node: (above[node] + below[node]) if last else (above[node] if down else below[node])
                for node in row
            }
            wishes = [_wish(node, near[node], centre, weights) for node in row]
            centre.update(_fit(row, wishes, width, gap))
    return centre


def _weights(rows: Rows, ahead: Mapping[str, int]) -> dict[tuple[Node, Node], float]:
    """How much each link pulls: the one down the trunk most."""
    leaving: dict[str, list[list[Node]]] = {}
    for line in rows.lines.values():
        leaving.setdefault(str(line[0]), []).append(line)
    pull: dict[tuple[Node, Node], float] = {}
    for lines in leaving.values():
        trunk = max(lines, key=lambda line: (ahead[str(line[-1])], -len(line)))
        for line in lines:
            for link in itertools.pairwise(line):
                pull[link] = _TRUNK if line is trunk else 1.0
    return pull


def _wish(
    node: Node, near: Sequence[Node], centre: Mapping[Node, float], pull: Mapping[tuple[Node, Node], float]
) -> tuple[float, float]:
    """Where a node would like to stand, and how much."""
    if not near:
        return centre[node], 1.0
    pulls = [pull[(other, node)] if (other, node) in pull else pull[(node, other)] for other in near]
    total = sum(pulls)
    place = sum(weight * centre[other] for weight, other in zip(pulls, near, strict=True)) / total
    return place, total * (_KNOT_WEIGHT if isinstance(node, Knot) else 1.0)


def _fit(
    row: Sequence[Node], wishes: Sequence[tuple[float, float]], width: Mapping[Node, float], gap: float
) -> dict[Node, float]:
    """Places nearest to the wished ones, in the row's order, no two nodes nearer than ``gap``."""
    offsets, at = [], 0.0
    for index, node in enumerate(row):
        if index:
            at += width[row[index - 1]] / 2 + gap + width[node] / 2
        offsets.append(at)
    pools: list[tuple[float, float, int]] = []  # sum of weighted wishes, weight, members
    for (wish, weight), offset in zip(wishes, offsets, strict=True):
        pools.append((weight * (wish - offset), weight, 1))
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            (total, heavy, members), (other, light, more) = pools[-2:]
            pools[-2:] = [(total + other, heavy + light, members + more)]
    level = [total / weight for total, weight, members in pools for _ in range(members)]
    return {node: level[index] + offsets[index] for index, node in enumerate(row)}
