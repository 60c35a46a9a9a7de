"""One figure of the seeds, and the table of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class SeedFigure:
    """One figure. ``recomputed`` is in the printed unit; ``note`` says what follows, where that does not."""

    page: str
    name: str
    formula: str
    printed: str
    recomputed: str
    note: str = ""

    @property
    def follows(self) -> bool:
        """Whether the formula gives what is printed."""
        return self.printed == self.recomputed

    @property
    def verdict(self) -> str:
        return "follows" if self.follows else "does not follow"


def figures_table(figures: Iterable[SeedFigure]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| page | figure | formula | printed | recomputed | verdict | note |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.page} | {one.name} | `{one.formula}` | {one.printed} | {one.recomputed} "
        f"| {one.verdict} | {one.note} |"
        for one in figures
    ]
    return "\n".join(lines) + "\n"
