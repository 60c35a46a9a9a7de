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
from snakebatch.engine.rules import Ints


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
    """Which of ``n_clauses`` clauses hold, from literals of plain measures.

    The arrays are parallel: for each literal its measure (any number), bound, whether it holds below the bound,
    and its clause.
    """

    def __init__(
        self,
        measure: Ints,
        bound: NDArray[np.float64],
        below: NDArray[np.bool_],
        clause: Ints,
        n_clauses: int,
    ) -> None:
        self._n_clauses = n_clauses
        self._parts: list[tuple[int, NDArray[np.float64], Bits]] = []
        order = np.lexsort((bound, measure))
        starts = np.flatnonzero(np.diff(measure[order], prepend=-1))
        for part in np.split(order, starts[1:]):
            table = _table(below[part], clause[part], words_for(n_clauses))
            self._parts.append((int(measure[part[0]]), bound[part], table))

    def held(self, values: NDArray[np.float64], rows: Ints, *, has_void: bool) -> NDArray[np.bool_]:
        """(rows, clauses): where a clause holds; ``values`` is (measures, all rows), NaN where ``has_void``."""
        bits: Bits | None = None
        for measure, bounds, table in self._parts:
            asked = values[measure, rows]
            rank = bounds.searchsorted(asked, side="right")
            if has_void:
                rank[asked != asked] = len(bounds) + 1
            bits = table[rank] if bits is None else np.bitwise_or(bits, table[rank], out=bits)
        if bits is None:
            return np.zeros((len(rows), self._n_clauses), dtype=np.bool_)
        return unpack(bits, self._n_clauses)


def _table(below: NDArray[np.bool_], clause: Ints, words: int) -> Bits:
    """(literals + 2, words): row r is for values that r of the sorted bounds do not exceed; the last is for
    NaN.
    """
    size = len(clause)
    word, bit = clause >> 6, np.uint64(1) << (clause & 63).astype(np.uint64)
    rank = np.arange(size)
    table = np.zeros((size + 2, words), dtype=np.uint64)
    reached = ~below
    table[rank[reached] + 1, word[reached]] = bit[reached]
    np.bitwise_or.accumulate(table[:-1], axis=0, out=table[:-1])
    ahead = np.zeros((size, words), dtype=np.uint64)
    ahead[rank[below], word[below]] = bit[below]
    backwards = ahead[::-1]
    np.bitwise_or.accumulate(backwards, axis=0, out=backwards)
    table[:size] |= ahead
    table[-1] = 0
    return table
