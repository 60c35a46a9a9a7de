"""What a drawing is made of: boxes for states, lines for transitions. Lengths are units of the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

from snakebatch.graph.machine import Machine, State, Transition

Point = tuple[float, float]

TIP = 14.0
"""How far the points of a Choice stand out at its sides."""


@dataclass(frozen=True)
class Box:
    """A state's place: its corner, and how large it is. ``shown`` is its name as it fits."""

    state: State
    x: float
    y: float
    width: float
    height: float
    shown: str
    depth: int = 0

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def pointed(self) -> bool:
        """Whether it has points at its sides, as a Choice has."""
        return self.state.type == "Choice"

    def side(self, part: float, *, left: bool) -> Point:
        """The point of the outline at a ``part`` of the height."""
        inset = TIP * abs(2 * part - 1) if self.pointed else 0.0
        return (self.x + inset if left else self.right - inset, self.y + part * self.height)

    def moved(self, x: float, y: float, deeper: int = 0) -> Box:
        """The same box elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y, depth=self.depth + deeper)


@dataclass(frozen=True)
class Line:
    """A transition's way. A ``curved`` one runs down and swings aside; any other turns at right angles."""

    way: Transition
    points: tuple[Point, ...]
    curved: bool

    def moved(self, x: float, y: float) -> Line:
        """The same line elsewhere."""
        return replace(self, points=tuple((a + x, b + y) for a, b in self.points))


@dataclass(frozen=True)
class Drawing:
    """All of a machine, inner ones included. From ``start`` a line leads to the first state."""

    machine: Machine
    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    start: tuple[Point, Point] | None = None

    def moved(self, x: float, y: float, deeper: int = 0) -> Drawing:
        """The same drawing elsewhere, or ``deeper`` in another."""
        return replace(
            self,
            boxes=tuple(box.moved(x, y, deeper) for box in self.boxes),
            lines=tuple(line.moved(x, y) for line in self.lines),
        )
