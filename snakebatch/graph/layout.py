"""Boxes and lines of a machine: rows by rank, few crossings, straight ways down, loops and catches aside.

What comes out depends on the definition alone, so that the picture of a run that moves keeps its shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from snakebatch.graph.machine import Machine, State
from snakebatch.graph.ordering import Knot, Node, Rows, arrange
from snakebatch.graph.placing import place
from snakebatch.graph.ranking import rank
from snakebatch.graph.routing import Routes
from snakebatch.graph.shapes import TIP, Box, Drawing, Line

_LETTER = 7.5
"""Width of a letter of a name, which is set in 13 units."""

_LONGEST = 30
_SIDES, _HEIGHT, _LEAST = 28.0, 46.0, 132.0
_HEADER, _INSET = 56.0, 12.0
_ACROSS, _DOWN, _MARGIN = 30.0, 40.0, 10.0
_START = 26.0
_KNOT = 10.0

Sizes = Mapping[str, tuple[float, float]]


def lay_out(machine: Machine) -> Drawing:
    """The drawing of a machine."""
    drawing = _lay_out(machine).moved(0, _START)
    first = next(box for box in drawing.boxes if box.depth == 0 and box.state.name == machine.start)
    start = ((first.middle, _MARGIN), (first.middle, first.y))
    return replace(drawing, start=start, height=drawing.height + _START)


def _lay_out(machine: Machine) -> Drawing:
    inner = {state.name: [_lay_out(one) for one in state.inner] for state in machine.states}
    sizes = {state.name: _size(state, inner[state.name]) for state in machine.states}
    ranks = rank(machine)
    numbered = list(enumerate(machine.transitions))
    middle = [(number, way) for number, way in numbered if way.kind != "catch" and way not in ranks.back]
    reached = {way.target for _, way in middle} | {machine.start}
    # Who is reached by catches alone stands at their side.
    names = sorted((state.name for state in machine.states), key=lambda name: name not in reached)
    rows = arrange(names, middle, ranks)
    width: dict[Node, float] = {
        node: _KNOT if isinstance(node, Knot) else sizes[node][0] for row in rows.rows for node in row
    }
    centre = place(rows, width, _ACROSS, ranks.ahead)
    bands = _bands(rows, sizes)
    boxes: dict[str, Box] = {}
    for state in machine.states:
        top, bottom = bands[ranks.row[state.name]]
        wide, high = sizes[state.name]
        corner = (centre[state.name] - wide / 2, (top + bottom - high) / 2)
        boxes[state.name] = Box(state, *corner, wide, high, _shown(state.name))
    routes = Routes(rows, boxes, centre, bands)
    for number, way in numbered:
        if way in ranks.back:
            routes.around(number, way, left=True)
        elif way.kind == "catch":
            routes.around(number, way, left=False)
        else:
            routes.through(number, way)
    return _together(machine, boxes, routes.lines(), inner)


def _shown(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _size(state: State, inner: Sequence[Drawing]) -> tuple[float, float]:
    width = max(_LEAST, len(_shown(state.name)) * _LETTER + _SIDES)
    if state.type == "Choice":
        width += 2 * TIP
    if not inner:
        return width, _HEIGHT
    return max(width, _beside(inner) + 2 * _INSET), _HEADER + max(one.height for one in inner) + _INSET


def _beside(drawings: Sequence[Drawing]) -> float:
    """The width of drawings that stand side by side."""
    return sum(one.width for one in drawings) + _INSET * (len(drawings) - 1)


def _bands(rows: Rows, sizes: Sizes) -> list[tuple[float, float]]:
    """The top and the bottom of each row."""
    found, top = [], 0.0
    for row in rows.rows:
        height = max(_HEIGHT if isinstance(node, Knot) else sizes[node][1] for node in row)
        found.append((top, top + height))
        top += height + _DOWN
    return found


def _together(
    machine: Machine, boxes: Mapping[str, Box], lines: Sequence[Line], inner: Mapping[str, Sequence[Drawing]]
) -> Drawing:
    """Everything, moved so that it starts at the margin, with what is inside the boxes."""
    corners = [(box.x, box.y) for box in boxes.values()] + [(box.right, box.bottom) for box in boxes.values()]
    points = corners + [point for line in lines for point in line.points]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, top = _MARGIN - min(xs), _MARGIN - min(ys)
    every_box, every_line = [], [line.moved(left, top) for line in lines]
    for name, box in boxes.items():
        placed = box.moved(left, top)
        every_box.append(placed)
        x = placed.middle - _beside(inner[name]) / 2
        for one in inner[name]:
            moved = one.moved(x, placed.y + _HEADER, 1)
            every_box += moved.boxes
            every_line += moved.lines
            x += one.width + _INSET
    width, height = max(xs) - min(xs) + 2 * _MARGIN, max(ys) - min(ys) + 2 * _MARGIN
    return Drawing(machine, width, height, tuple(every_box), tuple(every_line))
