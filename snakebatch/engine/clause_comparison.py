"""The clauses of a bucket by comparing every literal: for the few rows that no table would pay for.

Measures are compared with bounds, or their ranks among the bounds of many buckets with those of the bounds:
rank < rank of the bound + 1 exactly where measure < bound.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.clause_literals import ClauseLiterals
from snakebatch.engine.readings import Readings
from snakebatch.engine.rules import Ints

_FEW_LITERALS = 32

_MANY_ROWS = 8
"""From an eighth of the rows on, copying all of a measure's is faster than picking each."""


class _Ends(NamedTuple):
    """The bounds of half-lines and both of ranges, (literals, 1) each: values, or ranks."""

    line: NDArray[Any]
    low: NDArray[Any]
    high: NDArray[Any]


class ClauseComparison:
    """Which clauses hold, from literals of plain measures."""

    def __init__(self, literals: ClauseLiterals) -> None:
        self._n_clauses = literals.n_clauses
        self._bounds = literals.bounds
        lines, self._ranges = literals.half_lines, literals.ranges
        # Literals on the same measure share its readings, where they are many.
        self._measures, self._place = lines.measure, None
        if len(lines.measure) > _FEW_LITERALS:
            self._measures, self._place = np.unique(lines.measure, return_inverse=True)
        self._all_measures = np.concatenate([self._measures, self._ranges.measure])
        self._values = _Ends(*(end[:, None] for end in (lines.bound, self._ranges.low, self._ranges.high)))
        self._is_from = ~lines.below[:, None]
        clause, self._order = lines.clause, None
        if len(self._ranges.low):
            clause = np.concatenate([lines.clause, self._ranges.clause])
            self._order = clause.argsort(kind="stable")
            clause = clause[self._order]
        self._starts = np.flatnonzero(np.diff(clause, prepend=-1))
        self._clauses = clause[self._starts]
        # Where each clause has one literal, in order, what holds of the literals holds of the clauses.
        self._single = len(clause) == self._n_clauses == len(self._starts) and self._order is None

    def held(self, readings: Readings, rows: Ints) -> NDArray[np.uint8]:
        """(clauses, bytes): where a clause holds, a bit for each row."""
        ranks = readings.ranks(self._all_measures, self._bounds)
        matrix: NDArray[Any] = readings.plain(self._all_measures) if ranks is None else ranks.matrix
        ends = self._values if ranks is None else self._ranks
        asked = _picked(matrix, self._measures, rows)
        if self._place is not None:
            asked = asked.take(self._place, axis=0)
        true: NDArray[np.bool_] = (asked < ends.line) != self._is_from
        if readings.has_void:
            true &= asked == asked if ranks is None else asked != ranks.none
        if len(self._ranges.low):
            asked = _picked(matrix, self._ranges.measure, rows)
            true = np.concatenate([true, (asked >= ends.low) & (asked < ends.high)])
        bits = np.packbits(true, axis=1)
        if self._single:
            return bits
        if self._order is not None:
            bits = bits[self._order]
        held = np.zeros((self._n_clauses, bits.shape[1]), dtype=np.uint8)
        if len(bits):
            held[self._clauses] = np.bitwise_or.reduceat(bits, self._starts, axis=0)
        return held

    @cached_property
    def _ranks(self) -> _Ends:
        kind = np.min_scalar_type(len(self._bounds) + 1)
        return _Ends(*((np.searchsorted(self._bounds, end) + 1).astype(kind) for end in self._values))


def _picked(matrix: NDArray[Any], measures: Ints, rows: Ints) -> NDArray[Any]:
    """(measures, rows) out of a matrix of all."""
    if len(rows) * _MANY_ROWS >= matrix.shape[1]:
        return matrix[measures].take(rows, axis=1)
    found: NDArray[Any] = matrix[measures[:, None], rows]
    return found
