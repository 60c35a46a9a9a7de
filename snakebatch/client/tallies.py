"""The votes of an explanation, counted for a reader: reasons that say the same of the row are one reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from snakebatch.engine.explanation import Explanation, Layer
from snakebatch.engine.wording import spelt
from snakebatch.errors import InputError

_BOUND = re.compile(r"(?P<measure>.+) (?P<side>>=|<) (?P<number>[-+.0-9e]+)")
_LONG_NUMBER = re.compile(r"(?<=[ (])-?\d+\.\d{7,}(?:e-?\d+)?")


@dataclass(frozen=True)
class Voters:
    """The votes for one class that have one reason: what is true of the row, and the rows that cast them.

    Of several bounds of one measure on one side only the tightest is named, with six digits of long numbers.
    """

    target: Any
    because: tuple[str, ...]
    votes: int
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Tally:
    """A layer's voters, the most votes first; ``others`` counts the votes that are not among them."""

    layer: Layer
    voters: tuple[Voters, ...]
    others: int


def tallies(explanation: Explanation, most: int = 4) -> list[Tally]:
    """The voters of each layer: the ``most`` with most votes, and the first of each class not among them.

    Raises InputError if ``most`` is not positive.
    """
    if most < 1:
        raise InputError(f"most is {most}; give 1 or more")
    return [_tally(layer, most) for layer in explanation.layers]


def _tally(layer: Layer, most: int) -> Tally:
    rows: dict[tuple[tuple[str, ...], str], list[int]] = {}
    targets: dict[str, Any] = {}
    for reason in layer.reasons:
        lines = tuple(sorted(_tightest(reason.because)))
        for alike in reason.lookalikes:
            name = spelt(alike.target)
            targets[name] = alike.target
            rows.setdefault((lines, name), []).append(alike.row)
    found = [
        Voters(targets[name], lines, len(cast), tuple(dict.fromkeys(cast)))
        for (lines, name), cast in rows.items()
    ]
    found.sort(key=lambda voters: (-voters.votes, spelt(voters.target), voters.because))
    shown = found[:most]
    # A class that disagrees is what a reader looks for, however small its share.
    for voters in found[most:]:
        if spelt(voters.target) not in {spelt(one.target) for one in shown}:
            shown.append(voters)
    return Tally(layer, tuple(shown), sum(one.votes for one in found) - sum(one.votes for one in shown))


def _tightest(lines: Iterable[str]) -> list[str]:
    """The lines without the bounds that others of them imply."""
    bounds: dict[tuple[str, str], str] = {}
    others: list[str] = []
    for line in lines:
        found = _BOUND.fullmatch(line)
        if found is None:
            others.append(line)
            continue
        key = found["measure"], found["side"]
        sign = 1 if found["side"] == "<" else -1
        held = bounds.get(key)
        if held is None or sign * float(found["number"]) < sign * float(held):
            bounds[key] = found["number"]
    told = [f"{measure} {side} {number}" for (measure, side), number in bounds.items()]
    return [_LONG_NUMBER.sub(lambda number: f"{float(number[0]):.6g}", line) for line in (*told, *others)]
