"""For each measure that is asked often: the rows below each of its sorted positions, as bits."""

from __future__ import annotations

import numpy as np

from snakebatch.engine.arrays import Ints, Positions
from snakebatch.engine.bits import Bits, one_bit_each, words_for
from snakebatch.engine.growing import Growing

_TABLE_BYTES = 64 << 20
_DIRECT = 4
"""Direct evaluations, a word, that cost as much as a table; one is made once a measure was asked so often."""


class PrefixTables:
    """Tables of measures on groups of at most ``width`` rows, made as they begin to pay."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._words = words_for(width)
        self._most = _TABLE_BYTES // ((width + 1) * self._words * 8)
        self._asked: Ints = np.zeros(0, dtype=np.int64)
        self._slot: Ints = np.zeros(0, dtype=np.int64)
        self._tables = Growing(np.empty((0, width + 1, self._words), dtype=np.uint64))
        self._each: Bits | None = None

    def slots(self, measure: Ints, order: Ints) -> Ints | None:
        """The table of each measure asked for, -1 where there is none; None where there are none at all.

        A table is made once a measure was asked often.
        """
        if len(order) > len(self._slot):
            missing = len(order) - len(self._slot)
            self._slot = np.concatenate([self._slot, np.full(missing, -1)])
            self._asked = np.concatenate([self._asked, np.zeros(missing, dtype=np.int64)])
        slot = self._slot[measure]
        if len(self._tables.rows) and (slot >= 0).all():
            return slot
        self._asked += np.bincount(measure, minlength=len(order))
        wanted = np.flatnonzero((self._asked > _DIRECT * self._words) & (self._slot < 0))
        if len(wanted) and len(self._tables.rows) + len(wanted) <= self._most:
            self._make(wanted, order)
        return self._slot[measure] if len(self._tables.rows) else None

    def interval(self, slot: Ints, low: Positions, high: Positions) -> Bits:
        start = slot * (self._width + 1)
        flat = self._tables.rows.reshape(-1, self._words)
        bits: Bits = flat[start + high]
        inner = np.flatnonzero(low)
        if len(inner):
            bits[inner] &= ~flat[start[inner] + low[inner]]
        return bits

    def _make(self, wanted: Ints, order: Ints) -> None:
        if self._each is None:
            self._each = one_bit_each(self._width)
        self._slot[wanted] = np.arange(len(self._tables.rows), len(self._tables.rows) + len(wanted))
        added = self._tables.add(len(wanted), min(self._most, len(order)))
        added[:, 0] = 0
        np.cumsum(self._each[order[wanted]], axis=1, out=added[:, 1:])
