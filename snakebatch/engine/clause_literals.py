"""The literals of a bucket's clauses as comparisons of few kinds, in arrays.

Whatever compares a plain measure is a half-line (below a bound, or from it on); a literal that a number is
within an interval is a range, and its negation two half-lines of the same clause.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.literals import interval
from snakebatch.engine.profiles import TAG_NUMBERS, TAGS
from snakebatch.engine.rules import Ints, Rules, joined_literals
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
    hold is left out. ``bounds`` are the distinct bounds, ascending, of these and of others.
    """

    n_clauses: int
    half_lines: HalfLines
    ranges: Ranges
    own: list[tuple[Threshold, Ints]]
    bounds: Floats


def clause_literals(rules: Sequence[Rules], measures: Measures) -> list[ClauseLiterals]:
    """The literals of buckets, on ``measures``, which learns those that it does not know."""
    n_clauses = np.array([len(one.clause_starts) - 1 for one in rules])
    ends = np.concatenate([[0], np.cumsum(n_clauses)])
    literals = joined_literals(rules)
    clause = np.repeat(
        np.arange(int(ends[-1])),
        np.concatenate([one.clause_starts[1:] - one.clause_starts[:-1] for one in rules]),
    )
    half_lines, ranges, own = _sorted_out(literals, clause, measures)
    own_by_bucket: list[dict[Threshold, list[int]]] = [{} for _ in rules]
    for threshold, place in own:
        bucket = int(ends.searchsorted(place, side="right")) - 1
        own_by_bucket[bucket].setdefault(threshold, []).append(place - int(ends[bucket]))
    line_ends = half_lines.clause.searchsorted(ends).tolist()
    range_ends = ranges.clause.searchsorted(ends).tolist()
    bounds = np.unique(np.concatenate([half_lines.bound, ranges.low, ranges.high]))
    found = []
    for bucket, (first, size) in enumerate(zip(ends.tolist(), n_clauses.tolist(), strict=False)):
        lines = slice(line_ends[bucket], line_ends[bucket + 1])
        within = slice(range_ends[bucket], range_ends[bucket + 1])
        found.append(
            ClauseLiterals(
                size,
                _lines_of(half_lines, lines, first),
                _ranges_of(ranges, within, first),
                [(threshold, np.array(clauses)) for threshold, clauses in own_by_bucket[bucket].items()],
                bounds,
            )
        )
    return found


def _lines_of(lines: HalfLines, part: slice, first: int) -> HalfLines:
    """A part of the half-lines, clauses numbered from the bucket's first."""
    measure, bound, below, clause = lines
    return HalfLines(measure[part], bound[part], below[part], clause[part] - first)


def _ranges_of(ranges: Ranges, part: slice, first: int) -> Ranges:
    """A part of the ranges, clauses numbered from the bucket's first."""
    measure, low, high, clause = ranges
    return Ranges(measure[part], low[part], high[part], clause[part] - first)


def _sorted_out(
    literals: Rules, clause: Ints, measures: Measures
) -> tuple[HalfLines, Ranges, list[tuple[Threshold, int]]]:
    """Half-lines and ranges by ascending clause, and the others with the clause of each."""
    measure, bound, below = measures.plain_numbers(literals), literals.value, ~literals.negat
    plain = (measure >= 0) & IS_PLAIN[literals.tag] & (bound == bound)
    if literals.odd:
        plain[list(literals.odd)] = False
    if plain.all():
        return HalfLines(measure, bound, below, clause), _NO_RANGES, []
    lines = [HalfLines(measure[plain], bound[plain], below[plain], clause[plain])]
    interval_places = np.flatnonzero(_IS_INTERVAL[literals.tag] & (literals.tag >= 0))
    ranges = _NO_RANGES
    if len(interval_places):
        more_lines, ranges = _intervals(literals, interval_places, clause, measures)
        lines += more_lines
        plain[interval_places] = True
    half_lines: list[tuple[int, float, bool, int]] = []
    own: list[tuple[Threshold, int]] = []
    for place in np.flatnonzero(~plain).tolist():
        threshold = measures.threshold(literals.literal(place))
        if threshold is not None and threshold.measure >= 0:
            half_lines.append((*threshold, int(clause[place])))
        elif threshold is not None:
            own.append((threshold, int(clause[place])))
    if half_lines:
        lines.append(_half_lines(half_lines))
    return _joined(*lines), ranges, own


def _intervals(
    rules: Rules, places: Ints, clause: Ints, measures: Measures
) -> tuple[list[HalfLines], Ranges]:
    """NRG and NZR ask whether a number is in [low, high); low < f <= high is that of the next floats."""
    is_range = rules.tag[places] == _NRG
    ends = _ends(list(map(rules.odd.get, places[is_range].tolist())))
    low, high = np.zeros(len(places)), np.full(len(places), _NEXT_TO_ZERO)
    low[is_range], high[is_range] = ends[:, 0], ends[:, 1]
    number = measures.numbers_of(rules.column[places])
    usable = (number >= 0) & (low == low) & (high == high)
    endless = is_range & (high == np.inf) & (low < np.inf)  # infinity itself is inside
    with np.errstate(over="ignore"):  # infinity follows the largest float
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


def _ends(values: list[Any]) -> Floats:
    """(literals, 2): the ends of NRG literals by their values; NaN where a value has none."""
    if set(map(type, values)) <= {list, tuple} and set(map(len, values)) == {2}:
        flat = list(chain.from_iterable(values))
        if set(map(type, flat)) == {float}:
            return np.array(flat).reshape(-1, 2)
    return np.array([_checked_ends(value) for value in values], dtype=np.float64).reshape(-1, 2)


def _checked_ends(value: Any) -> tuple[float, float]:
    try:
        return interval(value)
    except ValueError:
        return math.nan, math.nan


def _half_lines(found: list[tuple[int, float, bool, int]]) -> HalfLines:
    measure, bound, below, clause = map(np.array, zip(*found, strict=True))
    return HalfLines(measure, bound, below, clause)


def _joined(*lines: HalfLines) -> HalfLines:
    """All of them, by ascending clause."""
    if len(lines) == 1:
        return lines[0]
    measure, bound, below, clause = (np.concatenate(parts) for parts in zip(*lines, strict=True))
    order = clause.argsort(kind="stable")
    return HalfLines(measure[order], bound[order], below[order], clause[order])


_NEXT_TO_ZERO = math.nextafter(0.0, 1.0)
_NRG = TAG_NUMBERS["NRG"]
_IS_INTERVAL = np.array([tag in ("NRG", "NZR") for tag in TAGS])
_NO_RANGES = Ranges(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
