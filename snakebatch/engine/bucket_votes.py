"""The votes of one bucket for many rows at once: clauses and conds as Boolean matrices."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bits import words_for
from snakebatch.engine.clause_comparison import ClauseComparison
from snakebatch.engine.clause_table import ClauseTable, Room
from snakebatch.engine.population import Rows
from snakebatch.engine.prepared_buckets import PreparedBucket
from snakebatch.engine.readings import Readings
from snakebatch.engine.rules import Ints

CELLS = 1 << 22
"""Most cells of a matrix made at once; the rows are taken in parts that keep to it."""

_MEASURE_COST, _BOUND_COST, _WORD_COST, _ASK_COST = 24000, 24, 3, 9000
"""What a table costs for a measure, for a bound, and for each of the bound's words, and what a measure costs
when the table is asked, in comparisons of a literal with a row (measured).
"""


class _Classes(NamedTuple):
    """Entries by class: their ``order``, how many members each then stands for (entries, 1), and the classes
    that there are, with the first entry of each and the one behind its last.
    """

    order: Ints
    times: NDArray[np.signedinteger[Any]]
    parts: list[tuple[int, int, int]]


class BucketVotes:
    """A bucket that is asked about many rows.

    It counts by *entries*, the distinct pairs of a cond and a class.
    """

    def __init__(self, bucket: PreparedBucket, n_classes: int, room: Room) -> None:
        self._literals, self._conds = bucket
        self._n_clauses = self._literals.n_clauses
        self._n_classes = n_classes
        self._room = room
        self._gain = 0
        self._table: ClauseTable | None = None
        self._comparison: ClauseComparison | None = None
        used = (self._literals.half_lines.measure, self._literals.ranges.measure)
        self._measures = np.concatenate(used) if len(used[1]) else used[0]
        self._size = len(self._measures)
        self._n_measures = len(set(self._measures.tolist()))
        self._classes: _Classes | None = None
        first = self._conds.levels[0] if self._conds.levels else None
        self._is_every_clause = (
            first is not None and len(first) == self._n_clauses and bool((first[1:] > first[:-1]).all())
        )

    def expect(self, n_rows: int, readings: Readings) -> None:
        """Tell the readings that the bucket is going to be asked about so many rows."""
        if self._table is None:
            readings.expect(self._literals.bounds, n_rows * self._size)

    def add_to(self, votes: NDArray[np.float64], rows: Rows, readings: Readings) -> None:
        """Add the votes for ``rows`` to ``votes`` (all rows, classes)."""
        conds = self._conds
        if len(conds.always_code):
            steady = np.bincount(conds.always_code, conds.always_times, minlength=self._n_classes)
            votes[rows] += steady
        if conds.levels:
            for part in self._parts(rows):
                votes[part] += self._by_class(self._alike(part, readings)).T

    def pairs(self, rows: Rows, readings: Readings) -> Iterator[tuple[Ints, Ints, Ints]]:
        """The votes for ``rows`` as parallel arrays: row, class, how many."""
        conds = self._conds
        if len(conds.always_code):
            size = len(conds.always_code)
            yield (
                np.repeat(rows, size),
                np.tile(conds.always_code, len(rows)),
                np.tile(conds.always_times, len(rows)),
            )
        if conds.levels:
            width = len(conds.code)
            for part in self._parts(rows):
                flat = np.flatnonzero(self._alike(part, readings).T)
                place = flat // width
                entry = flat - place * width
                yield part[place], conds.code[entry], conds.times[entry]

    def _parts(self, rows: Rows) -> Iterator[Rows]:
        widest = max(self._n_clauses, len(self._conds.code), self._size)
        step = max(1, CELLS // widest)
        for start in range(0, len(rows), step):
            yield rows[start : start + step]

    def _alike(self, rows: Rows, readings: Readings) -> NDArray[np.bool_]:
        """(entries, rows): where all clauses of an entry's cond are false."""
        alike = ~self._held(rows, readings)
        first, *more = self._conds.levels
        if more or not self._is_every_clause:
            excluded, alike = alike, alike[first]
            for clauses in more:
                alike[: len(clauses)] &= excluded[clauses]
        return np.unpackbits(alike, axis=1, count=len(rows)).view(np.bool_)

    def _held(self, rows: Rows, readings: Readings) -> NDArray[np.uint8]:
        """(clauses, bytes): where a clause holds, a bit for each row."""
        if self._size:
            table = self._table_for(len(rows))
            if table is not None:
                values = readings.plain(self._measures)
                held = np.packbits(table.held(values, rows, has_void=readings.has_void).T, axis=1)
            else:
                if self._comparison is None:
                    self._comparison = ClauseComparison(self._literals)
                held = self._comparison.held(readings, rows)
        else:
            held = np.zeros((self._n_clauses, -(-len(rows) // 8)), dtype=np.uint8)
        for (measure, bound, below), clauses in self._literals.own:
            asked = readings.values(measure, rows)
            held[clauses] |= np.packbits(asked < bound if below else asked >= bound)
        return held

    def _table_for(self, n_rows: int) -> ClauseTable | None:
        """The table of the clauses, if it pays for the rows asked so far; kept if there is room."""
        if self._table is not None:
            return self._table
        words = words_for(self._n_clauses)
        self._gain += max(0, n_rows * self._size - _ASK_COST * self._n_measures)
        if self._gain <= _MEASURE_COST * self._n_measures + self._size * (_BOUND_COST + _WORD_COST * words):
            return None
        table = ClauseTable(self._literals)
        if self._room.take(self._size * words):
            self._table = table
        else:
            self._gain = 0
        return table

    def _by_class(self, alike: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(classes, rows): the votes of entries (entries, rows).

        Added up class by class: a matrix product is no faster, and BLAS would take threads for it.
        """
        if self._classes is None:
            self._classes = self._by_code()
        order, times, parts = self._classes
        counted = alike.take(order, axis=0) * times
        votes = np.zeros((self._n_classes, alike.shape[1]))
        for code, start, end in parts:
            votes[code] = np.add.reduce(counted[start:end], axis=0, dtype=times.dtype)
        return votes

    def _by_code(self) -> _Classes:
        code, times = self._conds.code, self._conds.times
        order = np.argsort(code, kind="stable")
        ends = np.flatnonzero(np.diff(code[order], prepend=-1, append=-1)).tolist()
        kind: type[np.int16] | type[np.int64] = np.int16 if int(times.sum()) < 1 << 15 else np.int64
        parts = [(int(code[order[start]]), start, end) for start, end in pairwise(ends)]
        sorted_times: NDArray[np.signedinteger[Any]] = times[order].astype(kind)
        return _Classes(order, sorted_times[:, None], parts)
