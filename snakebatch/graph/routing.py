"""The lines: those that go down pass between the boxes; loops go up at the left, catches down at the right.

No line crosses a box that is not its own: a line turns aside only in the gap between two rows, and goes past
rows only where a knot kept its place, or outside all boxes. Lines around to the same state share a lane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from snakebatch.graph.machine import Transition
from snakebatch.graph.ordering import Knot, Node, Rows
from snakebatch.graph.shapes import Box, Line, Point

_APART = 12.0
"""Between two lines that run along each other."""

_CLEAR = 16.0
_EXIT, _ENTRY = 0.7, 0.3
"""Parts of a box's height at which lines leave it and reach it at a side."""

_CORNER = 20.0


@dataclass
class _Lane:
    """The lines around to one state, at one side: numbers and transitions."""

    target: str
    left: bool
    ways: list[tuple[int, Transition]] = field(default_factory=list)
    at: float = 0.0
    first: int = 0
    last: int = 0


class Routes:
    """Collects the transitions of one machine, and routes them."""

    def __init__(
        self,
        rows: Rows,
        boxes: Mapping[str, Box],
        knots: Mapping[Node, float],
        bands: Sequence[tuple[float, float]],
    ) -> None:
        self._rows = rows
        self._boxes = boxes
        self._knots = knots
        self._bands = bands
        self._row = {node: index for index, row in enumerate(rows.rows) for node in row}
        self._lines: dict[int, Line] = {}
        self._lanes: dict[tuple[bool, str], _Lane] = {}
        self._twins: dict[tuple[str, str], int] = {}

    def through(self, number: int, way: Transition) -> None:
        """Down between the boxes."""
        # Two conditions may lead to the same state: side by side they are two lines.
        twin = self._twins.get((way.source, way.target), 0)
        self._twins[way.source, way.target] = twin + 1
        aside = (twin + 1) // 2 * _APART * (1 if twin % 2 else -1)
        source, target = self._boxes[way.source], self._boxes[way.target]
        row = self._row[way.source]
        points: list[Point] = [
            (source.middle + aside, source.bottom),
            (source.middle + aside, self._bands[row][1]),
        ]
        for node in self._rows.lines[number][1:-1]:
            if isinstance(node, Knot):
                top, bottom = self._bands[node.row]
                points += [(self._knots[node], top), (self._knots[node], bottom)]
        points += [
            (target.middle + aside, self._bands[self._row[way.target]][0]),
            (target.middle + aside, target.y),
        ]
        self._lines[number] = Line(way, _distinct(points), curved=True)

    def around(self, number: int, way: Transition, *, left: bool) -> None:
        """Past all boxes, at a side."""
        lane = self._lanes.setdefault((left, way.target), _Lane(way.target, left))
        lane.ways.append((number, way))

    def lines(self) -> list[Line]:
        """All lines, in the order of their numbers."""
        for left in (True, False):
            lanes = [lane for lane in self._lanes.values() if lane.left == left]
            self._spread(lanes)
            for index, lane in enumerate(lanes):
                for number, way in lane.ways:
                    points = self._around(way, lane, 5.0 * (index % 3))
                    self._lines[number] = Line(way, points, curved=False)
        return [self._lines[number] for number in sorted(self._lines)]

    def _spread(self, lanes: list[_Lane]) -> None:
        """Give each lane its place: short ones near the boxes, long ones outside of those."""
        for lane in lanes:
            touched = [self._row[lane.target], *(self._row[way.source] for _, way in lane.ways)]
            lane.first, lane.last = min(touched), max(touched)
        lanes.sort(key=lambda lane: lane.last - lane.first)
        for index, lane in enumerate(lanes):
            passed = self._rows.rows[lane.first : lane.last + 1]
            edges = [self._edge(node, left=lane.left) for row in passed for node in row]
            outside = 1.0 if not lane.left else -1.0
            at = max(outside * edge for edge in edges) + _CLEAR
            for other in lanes[:index]:
                if other.last >= lane.first and other.first <= lane.last:
                    at = max(at, outside * other.at + _APART)
            lane.at = outside * at

    def _edge(self, node: Node, *, left: bool) -> float:
        if isinstance(node, Knot):
            return self._knots[node]
        box = self._boxes[node]
        return box.x if left else box.right

    def _around(self, way: Transition, lane: _Lane, track: float) -> tuple[Point, ...]:
        source, target = self._boxes[way.source], self._boxes[way.target]
        points: list[Point] = []
        if self._outermost(way.source, left=lane.left):
            points.append(source.side(_EXIT, left=lane.left))
        else:
            x, low = self._corner(source, left=lane.left), self._bands[self._row[way.source]][1]
            points += [(x, source.bottom), (x, low + 8 + track)]
        points.append((lane.at, points[-1][1]))
        if self._outermost(way.target, left=lane.left):
            end = target.side(_ENTRY, left=lane.left)
            points += [(lane.at, end[1]), end]
        else:
            x, high = self._corner(target, left=lane.left), self._bands[self._row[way.target]][0]
            points += [(lane.at, high - 10 - track), (x, high - 10 - track), (x, target.y)]
        return _distinct(points)

    def _outermost(self, name: str, *, left: bool) -> bool:
        """Whether no box stands between a state and the side."""
        names = [node for node in self._rows.rows[self._row[name]] if isinstance(node, str)]
        return names[0 if left else -1] == name

    @staticmethod
    def _corner(box: Box, *, left: bool) -> float:
        return box.x + _CORNER if left else box.right - _CORNER


def _distinct(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points without those that repeat the one before."""
    return tuple(point for index, point in enumerate(points) if index == 0 or point != points[index - 1])
