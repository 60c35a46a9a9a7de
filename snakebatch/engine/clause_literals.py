"""The literals of a bucket's clauses as comparisons of few kinds, in arrays.

Whatever compares a plain measure is a half-line (below a bound, or from it on); a literal that a number is
within an interval is a range, and its negation two half-lines of the same clause.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.literals import interval
from snakebatch.engine.profiles import TAG_NUMBERS, TAGS
from snakebatch.engine.rules import Ints, Rules
from snakebatch.engine.thresholds import IS_PLAIN, Measures, Threshold

Floats = NDArray[np.float64]


class HalfLines(NamedTuple):
    """Literals that hold where a measure is < bound (``below``) or >= bound, each in one clause."""

    measure: Ints
    bound: Floats
    below: NDArray[np.bool_]
    clause: Ints


class Ranges(NamedTuple):
    """Literals that hold where low <= measure < high, each in one clause; low < high."""

    measure: Ints
    low: Floats
    high: Floats
    clause: Ints


class ClauseLiterals(NamedTuple):
    """``own`` are those that have a measure of their own, with the clauses that each is in; what can never
    hold is left out.
    """

    n_clauses: int
    half_lines: HalfLines
    ranges: Ranges
    own: list[tuple[Threshold, Ints]]


def clause_literals(rules: Rules, measures: Measures) -> ClauseLiterals:
    """The literals of a bucket, on ``measures``, which learns those that it does not know."""
    starts = rules.clause_starts
    n_clauses = len(starts) - 1
    measure, bound, below = measures.plain_numbers(rules), rules.value, ~rules.negat
    clause = np.repeat(np.arange(n_clauses), starts[1:] - starts[:-1])
    plain = (measure >= 0) & IS_PLAIN[rules.tag] & (bound == bound)
    if rules.odd:
        plain[list(rules.odd)] = False
    if plain.all():
        return ClauseLiterals(n_clauses, HalfLines(measure, bound, below, clause), _NO_RANGES, [])
    lines = HalfLines(measure[plain], bound[plain], below[plain], clause[plain])
    interval_places = np.flatnonzero(_IS_INTERVAL[rules.tag] & (rules.tag >= 0))
    more_lines: list[HalfLines] = []
    ranges = _NO_RANGES
    if len(interval_places):
        more_lines, ranges = _intervals(rules, interval_places, clause, measures)
        plain[interval_places] = True
    half_lines: list[tuple[int, float, bool, int]] = []
    own: dict[Threshold, list[int]] = {}
    for place in np.flatnonzero(~plain).tolist():
        threshold = measures.threshold(rules.literal(place))
        if threshold is not None and threshold.measure >= 0:
            half_lines.append((*threshold, int(clause[place])))
        elif threshold is not None:
            own.setdefault(threshold, []).append(int(clause[place]))
    if half_lines:
        more_lines.append(_half_lines(half_lines))
    found = [(threshold, np.array(clauses)) for threshold, clauses in own.items()]
    return ClauseLiterals(n_clauses, _joined(lines, *more_lines), ranges, found)


def _intervals(
    rules: Rules, places: Ints, clause: Ints, measures: Measures
) -> tuple[list[HalfLines], Ranges]:
    """NRG and NZR ask whether a number is in [low, high); low < f <= high is that of the next floats."""
    is_range = rules.tag[places] == _NRG
    ends = np.array([_ends(rules.odd.get(place)) for place in places[is_range].tolist()]).reshape(-1, 2)
    low, high = np.zeros(len(places)), np.full(len(places), _NEXT_TO_ZERO)
    low[is_range], high[is_range] = ends[:, 0], ends[:, 1]
    number = measures.numbers_of(rules.column[places])
    usable = (number >= 0) & (low == low)
    endless = is_range & (high == np.inf) & (low < np.inf)  # infinity itself is inside
    low[is_range], high[is_range] = np.nextafter(ends[:, 0], np.inf), np.nextafter(ends[:, 1], np.inf)
    inside = usable & (rules.negat[places] == is_range)
    within = inside & ~endless & (low < high)
    before, after = usable & ~inside, usable & ~inside & ~endless
    onwards = inside & endless
    clauses = clause[places]
    lines = [
        HalfLines(number[chosen], bound[chosen], np.full(int(chosen.sum()), below), clauses[chosen])
        for chosen, bound, below in (
            (before, low, True),
            (after, np.maximum(low, high), False),
            (onwards, low, False),
        )
    ]
    return lines, Ranges(number[within], low[within], high[within], clauses[within])


def _ends(value: Any) -> Sequence[float]:
    """The ends of an NRG literal; NaN where the value has none."""
    if type(value) is list and len(value) == 2 and type(value[0]) is type(value[1]) is float:
        return value
    try:
        return interval(value)
    except ValueError:
        return math.nan, math.nan


def _half_lines(found: list[tuple[int, float, bool, int]]) -> HalfLines:
    measure, bound, below, clause = map(np.array, zip(*found, strict=True))
    return HalfLines(measure, bound, below, clause)


def _joined(*lines: HalfLines) -> HalfLines:
    if len(lines) == 1:
        return lines[0]
    measure, bound, below, clause = (np.concatenate(parts) for parts in zip(*lines, strict=True))
    return HalfLines(measure, bound, below, clause)


_NEXT_TO_ZERO = math.nextafter(0.0, 1.0)
_NRG = TAG_NUMBERS["NRG"]
_IS_INTERVAL = np.array([tag in ("NRG", "NZR") for tag in TAGS])
_NO_RANGES = Ranges(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
