"""The literals of a bucket's clauses as comparisons of few kinds, in arrays.

Whatever compares a plain measure is a half-line (below a bound, or from it on); a literal that a number is
within an interval is a range, and its negation two half-lines of the same clause.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import interval, test_of
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
    n_clauses = len(rules.clause_starts) - 1
    measure, bound, below = measures.plain_numbers(rules), rules.value, ~rules.negat
    clause = np.repeat(np.arange(n_clauses), np.diff(rules.clause_starts))
    plain = (measure >= 0) & IS_PLAIN[rules.tag] & (bound == bound)
    if rules.odd:
        plain[list(rules.odd)] = False
    found = _Others(measures)
    for place in np.flatnonzero(~plain).tolist():
        found.add(rules.literal(place), int(clause[place]))
    if not plain.all():
        measure, bound, below, clause = measure[plain], bound[plain], below[plain], clause[plain]
    half_lines = HalfLines(measure, bound, below, clause)
    if found.half_lines:
        more = _half_lines(found.half_lines)
        half_lines = HalfLines(*map(np.concatenate, zip(half_lines, more, strict=True)))
    own = [(threshold, np.unique(clauses)) for threshold, clauses in found.own.items()]
    return ClauseLiterals(n_clauses, half_lines, _ranges(found.ranges), own)


class _Others:
    """Literals that are not the comparison of a plain measure with a float."""

    def __init__(self, measures: Measures) -> None:
        self.half_lines: list[tuple[int, float, bool, int]] = []
        self.ranges: list[tuple[int, float, float, int]] = []
        self.own: dict[Threshold, list[int]] = {}
        self._measures = measures

    def add(self, literal: Literal, clause: int) -> None:
        if literal.tag in ("NRG", "NZR"):
            self._add_interval(literal, clause)
            return
        threshold = self._measures.threshold(literal)
        if threshold is None:
            return
        if threshold.measure >= 0:
            self.half_lines.append((*threshold, clause))
        else:
            self.own.setdefault(threshold, []).append(clause)

    def _add_interval(self, literal: Literal, clause: int) -> None:
        """NRG and NZR ask whether a number is in [low, high): low < f <= high is that of the next floats."""
        number = self._measures.number_of(literal.column)
        if number is None or test_of(literal.value, literal.negat, literal.tag) is None:
            return
        if literal.tag == "NZR":
            low, high, inside = 0.0, math.nextafter(0.0, 1.0), not literal.negat
        else:
            low, high = interval(literal.value)
            inside, low = literal.negat, math.nextafter(low, math.inf)
            if low < high == math.inf:  # infinity itself is inside, there is no upper end
                self.half_lines.append((number, low, not inside, clause))
                return
            high = math.nextafter(high, math.inf)
        if inside:
            if low < high:
                self.ranges.append((number, low, high, clause))
        else:
            self.half_lines += [(number, low, True, clause), (number, max(low, high), False, clause)]


def _half_lines(found: list[tuple[int, float, bool, int]]) -> HalfLines:
    measure, bound, below, clause = zip(*found, strict=True)
    return HalfLines(_ints(measure), np.array(bound), np.array(below), _ints(clause))


def _ranges(found: list[tuple[int, float, float, int]]) -> Ranges:
    measure, low, high, clause = zip(*found, strict=True) if found else ((), (), (), ())
    return Ranges(_ints(measure), np.array(low, np.float64), np.array(high, np.float64), _ints(clause))


def _ints(numbers: tuple[int, ...]) -> Ints:
    return np.array(numbers, dtype=np.int64)
