"""The votes of one bucket for many rows at once: clauses and conds as Boolean matrices."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bits import words_for
from snakebatch.engine.bucket import Bucket
from snakebatch.engine.clause_literals import Floats, clause_literals
from snakebatch.engine.clause_table import ClauseTable, Room
from snakebatch.engine.distinct_conds import distinct_conds
from snakebatch.engine.population import Rows
from snakebatch.engine.readings import Readings
from snakebatch.engine.rules import Ints
from snakebatch.engine.thresholds import Measures

CELLS = 1 << 22
"""Most cells of a matrix made at once; the rows are taken in parts that keep to it."""

_EXACT_IN_FLOAT32 = 1 << 24

_ROWS_FOR_A_TABLE = 8
_LITERALS_FOR_A_TABLE = 9000
"""A table pays once the rows asked exceed the first, plus the words of a row of bits, plus the second by the
number of literals (measured).
"""


class BucketVotes:
    """A bucket made ready to be asked about many rows; ``codes`` are the classes of the population's rows.

    It counts by *entries*, the distinct pairs of a cond and a class.
    """

    def __init__(
        self, bucket: Bucket, codes: NDArray[np.int32], n_classes: int, measures: Measures, room: Room
    ) -> None:
        rules = bucket.rules
        self._n_clauses = len(rules.clause_starts) - 1
        self._n_classes = n_classes
        self._room = room
        self._asked = 0
        self._table: ClauseTable | None = None
        self._literals = clause_literals(rules, measures)
        self._size = len(self._literals.half_lines.bound) + len(self._literals.ranges.low)
        used = (self._literals.half_lines.measure, self._literals.ranges.measure)
        self._measures = np.unique(np.concatenate(used))
        self._levels: list[tuple[Ints, Ints]] | None = None
        member_codes = codes[bucket.rows][rules.cond_member].astype(np.int64)
        self._conds = distinct_conds(rules, member_codes, self._n_clauses)
        self._weights: NDArray[np.float32] | NDArray[np.float64] | None = None
        first = self._conds.levels[0] if self._conds.levels else None
        self._is_every_clause = (
            first is not None and len(first) == self._n_clauses and bool((np.diff(first) == 1).all())
        )

    def add_to(self, votes: NDArray[np.float64], rows: Rows, readings: Readings) -> None:
        """Add the votes for ``rows`` to ``votes`` (all rows, classes)."""
        conds = self._conds
        if len(conds.always_code):
            steady = np.bincount(conds.always_code, conds.always_count, minlength=self._n_classes)
            votes[rows] += steady
        if conds.levels:
            weights = self._weights_by_class()
            for part in self._parts(rows):
                votes[part] += self._alike(part, readings).T.astype(weights.dtype) @ weights

    def pairs(self, rows: Rows, readings: Readings) -> Iterator[tuple[Ints, Ints, Ints]]:
        """The votes for ``rows`` as parallel arrays: row, class, how many."""
        conds = self._conds
        if len(conds.always_code):
            size = len(conds.always_code)
            yield np.repeat(rows, size), np.tile(conds.always_code, len(rows)), np.tile(
                conds.always_count, len(rows)
            )
        if conds.levels:
            width = len(conds.code)
            for part in self._parts(rows):
                flat = np.flatnonzero(self._alike(part, readings).T)
                place = flat // width
                entry = flat - place * width
                yield part[place], conds.code[entry], conds.count[entry]

    def _parts(self, rows: Rows) -> Iterator[Rows]:
        widest = max(self._n_clauses, len(self._conds.code), self._size)
        step = max(1, CELLS // widest)
        for start in range(0, len(rows), step):
            yield rows[start : start + step]

    def _alike(self, rows: Rows, readings: Readings) -> NDArray[np.bool_]:
        """(entries, rows): where all clauses of an entry's cond are false."""
        excluded = ~self._held(rows, readings)
        first, *more = self._conds.levels
        if more:
            excluded = np.ascontiguousarray(excluded)
        alike = excluded if self._is_every_clause and not more else excluded[first]
        for clauses in more:
            alike[: len(clauses)] &= excluded[clauses]
        return alike

    def _held(self, rows: Rows, readings: Readings) -> NDArray[np.bool_]:
        """(clauses, rows): where a clause holds."""
        if self._size:
            values = readings.plain(self._measures)
            table = self._table_for(len(rows))
            if table is None:
                held = self._compared(values, rows, has_void=readings.has_void)
            else:
                held = table.held(values, rows, has_void=readings.has_void).T
        else:
            held = np.zeros((self._n_clauses, len(rows)), dtype=np.bool_)
        for (measure, bound, below), clauses in self._literals.own:
            asked = readings.values(measure, rows)
            held[clauses] |= asked < bound if below else asked >= bound
        return held

    def _compared(self, values: Floats, rows: Rows, *, has_void: bool) -> NDArray[np.bool_]:
        _, lines, ranges, _ = self._literals
        asked = values[lines.measure[:, None], rows]
        true = (asked < lines.bound[:, None]) != ~lines.below[:, None]
        if has_void:
            true &= asked == asked
        clause = lines.clause
        if len(ranges.low):
            asked = values[ranges.measure[:, None], rows]
            true = np.concatenate([true, (asked >= ranges.low[:, None]) & (asked < ranges.high[:, None])])
            clause = np.concatenate([clause, ranges.clause])
        if self._levels is None:
            self._levels = _levels(clause)
        held = np.zeros((self._n_clauses, len(rows)), dtype=np.bool_)
        for clauses, places in self._levels:
            held[clauses] |= true[places]
        return held

    def _table_for(self, n_rows: int) -> ClauseTable | None:
        """The table of the clauses, if it pays for the rows asked so far; kept if there is room."""
        if self._table is not None:
            return self._table
        words = words_for(self._n_clauses)
        self._asked += n_rows
        if self._asked < _ROWS_FOR_A_TABLE + words + _LITERALS_FOR_A_TABLE // self._size:
            return None
        table = ClauseTable(self._literals)
        if self._room.take(self._size * words):
            self._table = table
        else:
            self._asked = 0
        return table

    def _weights_by_class(self) -> NDArray[np.float32] | NDArray[np.float64]:
        """(entries, classes): how many members of a class an entry stands for."""
        if self._weights is None:
            code, count = self._conds.code, self._conds.count
            exact = np.float32 if int(count.sum()) < _EXACT_IN_FLOAT32 else np.float64
            self._weights = np.zeros((len(code), self._n_classes), dtype=exact)
            self._weights[np.arange(len(code)), code] = count
        return self._weights


def _levels(clause: Ints) -> list[tuple[Ints, Ints]]:
    """Literals by their place among those of their clause: for each place the clauses and the literals."""
    by_clause = np.argsort(clause, kind="stable")
    ordered = clause[by_clause]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    place = np.arange(len(clause)) - np.repeat(starts, np.diff(starts, append=len(clause)))
    order = by_clause[np.argsort(place, kind="stable")]
    ends = np.cumsum([0, *np.bincount(place).tolist()]).tolist()
    return [(clause[order[start:end]], order[start:end]) for start, end in pairwise(ends)]
