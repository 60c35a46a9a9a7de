"""The clauses of a bucket by the rank of a measure, as packed bits.

Sort the bounds of a bucket's literals on one measure. Which of them hold on a row depends only on the row's
rank among the bounds, so for every rank the set of clauses that hold because of this measure can be noted
down: an OR, from the left, of the literals that ask for at least their bound, and from the right, of those
that ask for less. A row's clauses are then a binary search and a row of the table for each measure.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bits import Bits, unpack, words_for
from snakebatch.engine.clause_literals import ClauseLiterals, Floats, Ranges
from snakebatch.engine.rules import Ints

_FROM, _BELOW, _END = 0, 1, 2
"""Kinds of bounds: of a literal from it on, of one below it, and an end of a range."""

_BITS = np.uint64(1) << np.arange(64, dtype=np.uint64)


class Room:
    """How many words of tables may still be kept."""

    def __init__(self, words: int) -> None:
        self._words = words

    def take(self, words: int) -> bool:
        """Whether there was room for so many, which is then taken."""
        if words > self._words:
            return False
        self._words -= words
        return True


class ClauseTable:
    """Which clauses hold, from literals of plain measures."""

    def __init__(self, literals: ClauseLiterals) -> None:
        self._n_clauses = literals.n_clauses
        self.parts: list[tuple[int, Floats, Bits]] = []
        """Measure, sorted bounds, and (bounds + 2, words) the clauses that hold at each rank; the last for
        NaN.
        """
        lines, ranges = literals.half_lines, literals.ranges
        words = words_for(literals.n_clauses)
        measure, bound, clause = lines.measure, lines.bound, lines.clause
        kind = np.where(lines.below, _BELOW, _FROM)
        if len(ranges.low):
            measure = np.concatenate([measure, ranges.measure, ranges.measure])
            bound = np.concatenate([bound, ranges.low, ranges.high])
            clause = np.concatenate([clause, ranges.clause, ranges.clause])
            kind = np.concatenate([kind, np.full(2 * len(ranges.low), _END)])
        order = np.argsort(measure, kind="stable")
        measure = measure[order]
        ends = np.flatnonzero(measure[1:] != measure[:-1]) + 1
        for start, end in pairwise([0, *ends.tolist(), len(order)]) if len(order) else ():
            part = order[start:end]
            part = part[bound[part].argsort()]
            self.parts.append((int(measure[start]), bound[part], _table(kind[part], clause[part], words)))
        self._add(ranges)

    def _add(self, ranges: Ranges) -> None:
        """Note the ranges down, whose ends are among the bounds."""
        tables = {measure: (bounds, table) for measure, bounds, table in self.parts}
        for measure, low, high, clause in zip(*(array.tolist() for array in ranges), strict=True):
            bounds, table = tables[measure]
            first, last = bounds.searchsorted(low, side="right"), bounds.searchsorted(high, side="left")
            table[first : last + 1, clause >> 6] |= _BITS[clause & 63]

    def held(self, values: Floats, rows: Ints, *, has_void: bool) -> NDArray[np.bool_]:
        """(rows, clauses): where a clause holds; ``values`` are (measures, all rows), NaN if ``has_void``."""
        bits: Bits | None = None
        for measure, bounds, table in self.parts:
            asked = values[measure, rows]
            rank = bounds.searchsorted(asked, side="right")
            if has_void:
                rank[asked != asked] = len(bounds) + 1
            found = table[rank]
            bits = found if bits is None else np.bitwise_or(bits, found, out=bits)
        if bits is None:
            return np.zeros((len(rows), self._n_clauses), dtype=np.bool_)
        return unpack(bits, self._n_clauses)


def _table(kind: Ints, clause: Ints, words: int) -> Bits:
    """(bounds + 2, words): row r is for values that reach the first r of the sorted bounds; the last is for
    NaN, on which nothing holds.

    A literal from its bound on holds in all rows after it, one below its bound in all up to it.
    """
    size = len(clause)
    word, bit = clause >> 6, _BITS[clause & 63]
    table = np.zeros((size + 2, words), dtype=np.uint64)
    held = table[:-1]
    place = np.flatnonzero(kind == _FROM)
    held[place + 1, word[place]] = bit[place]
    np.bitwise_or.accumulate(held, axis=0, out=held)
    place = np.flatnonzero(kind == _BELOW)
    if len(place):
        ahead = np.zeros((size + 1, words), dtype=np.uint64)
        ahead[place, word[place]] = bit[place]
        held |= np.bitwise_or.accumulate(ahead[::-1], axis=0)[::-1]
    return table
