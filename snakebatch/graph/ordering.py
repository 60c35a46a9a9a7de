"""In which order the states of a row stand, so that few lines cross.

A line that passes a row has a knot in it. Rows are sorted by the mean place of their neighbours, down and up
in turn, and the order with the fewest crossings is kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from snakebatch.graph.machine import Transition
from snakebatch.graph.ranking import Ranks

_SWEEPS = 12


@dataclass(frozen=True)
class Knot:
    """Where the line of a transition passes a row; ``number`` tells apart the lines of one pair of states."""

    number: int
    row: int


Node = str | Knot


@dataclass
class Rows:
    """Rows of nodes, and the links between neighbouring rows. ``lines`` has every transition's way."""

    rows: list[list[Node]]
    links: list[tuple[Node, Node]] = field(default_factory=list)
    lines: dict[int, list[Node]] = field(default_factory=dict)

    def above(self) -> dict[Node, list[Node]]:
        """Each node's neighbours in the row over it."""
        found: dict[Node, list[Node]] = {node: [] for row in self.rows for node in row}
        for upper, lower in self.links:
            found[lower].append(upper)
        return found

    def below(self) -> dict[Node, list[Node]]:
        """Each node's neighbours in the row under it."""
        found: dict[Node, list[Node]] = {node: [] for row in self.rows for node in row}
        for upper, lower in self.links:
            found[upper].append(lower)
        return found


def arrange(states: Sequence[str], inner: Sequence[tuple[int, Transition]], ranks: Ranks) -> Rows:
    """Rows with few crossings. ``inner`` are the transitions, numbered, that run down between the states."""
    found = Rows([[] for _ in range(ranks.rows)])
    for name in states:
        found.rows[ranks.row[name]].append(name)
    for number, way in inner:
        knots = [Knot(number, row) for row in range(ranks.row[way.source] + 1, ranks.row[way.target])]
        for knot in knots:
            found.rows[knot.row].append(knot)
        line: list[Node] = [way.source, *knots, way.target]
        found.lines[number] = line
        found.links += itertools.pairwise(line)
    _untangle(found)
    return found


def _untangle(rows: Rows) -> None:
    above, below = rows.above(), rows.below()
    best, fewest = [list(row) for row in rows.rows], crossings(rows)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        indices = range(1, len(rows.rows)) if down else range(len(rows.rows) - 2, -1, -1)
        for index in indices:
            fixed = rows.rows[index - 1 if down else index + 1]
            place = {node: where for where, node in enumerate(fixed)}
            near = above if down else below
            rows.rows[index] = _by_mean(rows.rows[index], near, place)
        count = crossings(rows)
        if count < fewest:
            best, fewest = [list(row) for row in rows.rows], count
    rows.rows = best


def _by_mean(row: list[Node], near: dict[Node, list[Node]], place: dict[Node, int]) -> list[Node]:
    def mean(where: int, node: Node) -> float:
        # Nodes without neighbours keep their place.
        return sum(place[other] for other in near[node]) / len(near[node]) if near[node] else where

    keyed = [(mean(where, node), where, node) for where, node in enumerate(row)]
    return [node for _, _, node in sorted(keyed, key=lambda entry: entry[:2])]


def crossings(rows: Rows) -> int:
    """How many pairs of links cross."""
    place = {node: (index, where) for index, row in enumerate(rows.rows) for where, node in enumerate(row)}
    by_row: dict[int, list[tuple[int, int]]] = {}
    for upper, lower in rows.links:
        by_row.setdefault(place[upper][0], []).append((place[upper][1], place[lower][1]))
    return sum(
        (a[0] - b[0]) * (a[1] - b[1]) < 0
        for links in by_row.values()
        for number, a in enumerate(links)
        for b in links[:number]
    )
