"""A figure of the speed bench, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured value and the most that it should be.

    ``unit`` is ratio, s or MiB; ``source`` is what Snake was given (dicts, arrays). ``snake_s`` and
    ``forest_s`` are the seconds behind it, where there are such.
    """

    set: str
    measure: str
    source: str
    rows: int
    columns: int
    value: float
    unit: str
    goal: float | None = None
    snake_s: float | None = None
    forest_s: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        return None if self.goal is None else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        """All fields, and ``met``."""
        return asdict(self) | {"met": self.met}


_HEADER = ("set", "measure", "from", "rows", "columns", "Snake", "forest", "figure", "goal", "")


def table(figures: Sequence[Figure]) -> str:
    """The figures in aligned columns, a line each, the goal beside each."""
    cells = [_HEADER, *(_cells(figure) for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 3 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _cells(figure: Figure) -> tuple[str, ...]:
    judged = {True: "met", False: "MISSED", None: ""}[figure.met]
    goal = "" if figure.goal is None else f"<= {figure.goal:g}"
    unit = "" if figure.unit == "ratio" else f" {figure.unit}"
    return (
        *(figure.set, figure.measure, figure.source, f"{figure.rows:,}", str(figure.columns)),
        *(_seconds(figure.snake_s), _seconds(figure.forest_s)),
        *(f"{figure.value:.3g}{unit}" if figure.value < 1000 else f"{figure.value:.0f}{unit}", goal, judged),
    )


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
