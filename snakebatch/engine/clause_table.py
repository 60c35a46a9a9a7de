"""The clauses of a bucket by the rank of a measure, as packed bits.

Sort the bounds of a bucket's literals on one measure. Which of them hold on a row depends only on the row's
rank among the bounds, so for every rank the set of clauses that hold because of this measure can be noted down:
an OR, from the left, of the literals that ask for at least their bound, and from the right, of those that ask
for less. A row's clauses are then a binary search and a row of the table for each measure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bits import Bits, unpack, words_for
from snakebatch.engine.clause_literals import ClauseLiterals, Floats, Ranges
from snakebatch.engine.rules import Ints

_FROM, _BELOW = -1, -2
"""Kinds of bounds; from 0 on it is an end of a range of that level."""


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
        level = _levels_of(ranges)
        measure = np.concatenate([lines.measure, ranges.measure, ranges.measure])
        bound = np.concatenate([lines.bound, ranges.low, ranges.high])
        clause = np.concatenate([lines.clause, ranges.clause, ranges.clause])
        kind = np.concatenate([np.where(lines.below, _BELOW, _FROM), level, level])
        order = np.lexsort((bound, measure))
        starts = np.flatnonzero(np.diff(measure[order], prepend=-1))
        for part in np.split(order, starts[1:]) if len(order) else ():
            table = _table(kind[part], clause[part], words_for(literals.n_clauses))
            self.parts.append((int(measure[part[0]]), bound[part], table))

    def held(self, values: Floats, rows: Ints, *, has_void: bool) -> NDArray[np.bool_]:
        """(rows, clauses): where a clause holds; ``values`` is (measures, all rows), NaN where ``has_void``."""
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


def _levels_of(ranges: Ranges) -> Ints:
    """For each range how many of its clause and measure come before it: those of a level are apart."""
    level = np.zeros(len(ranges.clause), dtype=np.int64)
    met: dict[tuple[int, int], int] = {}
    for place, key in enumerate(zip(ranges.measure.tolist(), ranges.clause.tolist(), strict=True)):
        level[place] = met.get(key, 0)
        met[key] = met.get(key, 0) + 1
    return level


def _table(kind: Ints, clause: Ints, words: int) -> Bits:
    """(bounds + 2, words): row r is for values that are at least the first r of the sorted bounds; the last is
    for NaN, on which nothing holds.

    A literal from its bound on holds in all rows after it, one below its bound in all up to it; a range turns
    its clause on and off again.
    """
    size = len(clause)
    place = np.arange(size)
    word, bit = clause >> 6, np.uint64(1) << (clause & 63).astype(np.uint64)

    def ends(chosen: NDArray[np.bool_], shift: int) -> Bits:
        rows = np.zeros((size + 1, words), dtype=np.uint64)
        rows[place[chosen] + shift, word[chosen]] = bit[chosen]
        return rows

    table = np.zeros((size + 2, words), dtype=np.uint64)
    held = table[:-1]
    np.bitwise_or.accumulate(ends(kind == _FROM, 1), axis=0, out=held)
    held |= np.bitwise_or.accumulate(ends(kind == _BELOW, 0)[::-1], axis=0)[::-1]
    for level in range(int(kind.max()) + 1):
        held |= np.bitwise_xor.accumulate(ends(kind == level, 1), axis=0)
    return table
