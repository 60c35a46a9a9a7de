"""An audit as a figure: how a row came into a bucket of each layer, and who voted there, why, for what.

Drawn from an ``Explanation`` alone, so that it says what the printed audit says.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from snakebatch.client.drawing import GREY, INK, PALE, PALETTE, ink_on, new_axes
from snakebatch.client.tallies import Tally, tallies
from snakebatch.engine.explanation import Explanation, Layer
from snakebatch.engine.wording import spelt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _LINE = 11.0, 0.19
"""Inches of the figure, and of a line of its text."""

_SIZE = 9
"""Points of the text that the lengths below are for."""

_BAR, _LONGEST, _WHOSE = 0.43, 0.16, 0.7
"""Where bars begin, how long the longest is, and where the lookalikes' names begin: parts of the width."""

_WHY, _WHO, _PATH = 58, 46, 135
"""Characters of a line of reasons, of lookalikes and of a path."""

_MOST_LINES = 3
"""Lines of one text; what does not fit ends in an ellipsis."""

_MOST_SQUARES = 24
"""Buckets that are drawn on a path."""

_EVERYONE = "every member of the bucket votes"

_TOP = 2.6
"""Lines that the shares take."""

_UNBROKEN = "\u00a0"

_NARROW, _WIDE = 0.08, 0.35
"""A share too small to be written into, and one with room for its votes."""


def plot_audit(
    explanation: Explanation,
    classes: Sequence[Any],
    *,
    title: str | None = None,
    name_of: Callable[[int], str] | None = None,
    most: int = 4,
    ax: Axes | None = None,
) -> Axes:
    """Draw the audit of one row: on top the shares of the classes, then each layer's path and votes.

    Squares are the buckets that were asked; the filled one took the row. A bar is a reason: what is true of
    the row, how many votes for which class come of it, and whose. ``classes`` give the colours their order,
    ``name_of`` calls a row of the training by something better than its number. ``most`` reasons a layer are
    drawn, and the first one of each class that is not among them.

    Raises InputError if ``most`` is not positive.
    """
    blocks = [_block(tally, name_of or _numbered) for tally in tallies(explanation, most)]
    colours = {spelt(name): PALETTE[place % len(PALETTE)] for place, name in enumerate(classes)}
    lines = _TOP + sum(block.lines for block in blocks)
    ax = ax or new_axes(_WIDTH, lines * _LINE + 0.6)
    ax.set_xlim(0, 1)
    ax.set_ylim(lines, 0)
    ax.set_axis_off()
    ax.set_title(title or _finding(explanation), loc="left", fontsize=13, fontweight="bold", pad=8)
    _draw_shares(ax, explanation, colours)
    widest = max((voters.votes for block in blocks for voters in block.tally.voters), default=1)
    top = _TOP
    for block in blocks:
        _draw_path(ax, block, top)
        _draw_reasons(ax, block, top + _Block.HEAD + len(block.path) + 0.4, colours, widest)
        top += block.lines
    return ax


@dataclass(frozen=True)
class _Block:
    """A layer's texts in lines, and how many lines each reason takes."""

    tally: Tally
    path: list[str]
    why: list[list[str]]
    who: list[list[str]]

    HEAD = 1.7
    FOOT = 0.7

    @property
    def heights(self) -> list[float]:
        return [max(len(why), len(who)) + 0.45 for why, who in zip(self.why, self.who, strict=True)]

    @property
    def remark(self) -> str:
        """What is said below the reasons."""
        if not self.tally.voters:
            return "no member of the bucket looks alike: this layer does not vote"
        others = self.tally.others
        return f"and {others} more {'vote' if others == 1 else 'votes'} for other reasons" if others else ""

    @property
    def lines(self) -> float:
        return self.HEAD + len(self.path) + 0.4 + sum(self.heights) + 1.2 * bool(self.remark) + self.FOOT


def _block(tally: Tally, name_of: Callable[[int], str]) -> _Block:
    return _Block(
        tally,
        _wrapped(_path(tally.layer), _PATH),
        [_wrapped(_all_of(voters.because) or _EVERYONE, _WHY) for voters in tally.voters],
        [_wrapped(_names(voters.rows, name_of), _WHO) for voters in tally.voters],
    )


def _path(layer: Layer) -> str:
    """The way into the bucket, as a sentence."""
    buckets = "bucket" if layer.bucket == 1 else "buckets"
    passed = f"Past {layer.bucket} {buckets}, since {_all_of(layer.before)}; " if layer.before else ""
    into = {
        "condition": f"into this one, since {_all_of(layer.condition)}.",
        "else": "into this one, the ELSE of the chain.",
        "last": "into the last one, since no condition held.",
    }[layer.routing]
    path = passed + into
    return path[0].upper() + path[1:]


def _all_of(lines: Sequence[str]) -> str:
    """The lines in one; it is broken between them only."""
    return f" AND{_UNBROKEN}".join(line.replace(" ", _UNBROKEN) for line in lines)


def _numbered(row: int) -> str:
    return f"row {row}"


def _names(rows: Sequence[int], name_of: Callable[[int], str]) -> str:
    return ", ".join(dict.fromkeys(name_of(row) for row in rows))


def _wrapped(text: str, characters: int) -> list[str]:
    return textwrap.wrap(text, characters, max_lines=_MOST_LINES, placeholder=" …", break_on_hyphens=False)


def _finding(explanation: Explanation) -> str:
    votes = "vote" if explanation.votes == 1 else "votes"
    return f"Prediction: {spelt(explanation.prediction)}, by {explanation.votes} {votes}"


def _draw_shares(ax: Axes, explanation: Explanation, colours: Mapping[str, str]) -> None:
    left = 0.0
    for share in explanation.probabilities:
        name, part = spelt(share.target), share.probability
        ax.barh(0.9, part, left=left, height=1.5, color=colours[name], edgecolor="white")
        label = f"{name} {part:.0%}" if part < _WIDE else f"{name}  P = {part:.2f}  ({share.votes} votes)"
        if part >= _NARROW:
            style: dict[str, Any] = {
                "color": ink_on(colours[name]),
                "fontweight": "bold",
                "fontsize": _SIZE + 1,
            }
            ax.text(left + 0.01, 0.9, label, va="center", **style)
        left += part


def _draw_path(ax: Axes, block: _Block, top: float) -> None:
    layer, middle = block.tally.layer, top + 0.9
    ax.axhline(top, color=PALE, linewidth=0.8)
    ax.text(0, middle, f"Layer {layer.layer}", va="center", fontsize=_SIZE + 1, fontweight="bold")
    asked = min(layer.bucket, _MOST_SQUARES)
    places = [0.075 + 0.016 * place for place in range(asked + 1)]
    ax.plot(places, [middle] * len(places), color=GREY, linewidth=1, zorder=1)
    ax.scatter(places[:-1], [middle] * asked, marker="s", s=38, facecolor="white", edgecolor=GREY, zorder=2)
    ax.scatter(places[-1:], [middle], marker="s", s=50, color=INK, zorder=2)
    label = f"bucket {layer.bucket}, {layer.members} members"
    ax.text(places[-1] + 0.016, middle, label, va="center", fontsize=_SIZE)
    _write(ax, 0, top + _Block.HEAD, block.path, va="top", color=GREY)


def _draw_reasons(ax: Axes, block: _Block, top: float, colours: Mapping[str, str], widest: int) -> None:
    for voters, why, who, height in zip(block.tally.voters, block.why, block.who, block.heights, strict=True):
        middle = top + height / 2
        length = _LONGEST * voters.votes / widest
        ax.barh(middle, length, left=_BAR, height=1.0, color=colours[spelt(voters.target)])
        label = f"{voters.votes} {spelt(voters.target)}"
        ax.text(_BAR + length + 0.008, middle, label, va="center", fontsize=_SIZE, fontweight="bold")
        _write(ax, _BAR - 0.012, middle, why, va="center", ha="right")
        _write(ax, _WHOSE, middle, who, va="center", color=GREY)
        top += height
    if block.remark:
        _write(ax, _BAR, top + 0.6, [block.remark], va="center", color=GREY)


def _write(ax: Axes, x: float, y: float, lines: Sequence[str], **style: Any) -> None:
    ax.text(x, y, "\n".join(lines), fontsize=_SIZE, linespacing=1.3, **style)
