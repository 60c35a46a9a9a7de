"""A bucket in plain Python, for questions about one row: no arrays are touched by it once it is made."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

from snakebatch.engine.bits import Bits
from snakebatch.engine.clause_table import ClauseTable
from snakebatch.engine.prepared_buckets import PreparedBucket
from snakebatch.engine.thresholds import Threshold

ValueOf = Callable[[int], float]
"""What is measured of the row, by the number of the measure."""


class _Part(NamedTuple):
    """A part of a clause table: the clauses that hold at each rank, clause j as bit j of a number."""

    measure: int
    bounds: list[float]
    held: list[int]


class BucketLists:
    """Sets of clauses are numbers here, clause j being bit j."""

    def __init__(self, bucket: PreparedBucket) -> None:
        literals, conds = bucket
        self._parts = [
            _Part(measure, bounds.tolist(), _numbers(table))
            for measure, bounds, table in ClauseTable(literals).parts
        ]
        self._own: list[tuple[Threshold, int]] = [
            (threshold, sum(1 << clause for clause in set(clauses.tolist())))
            for threshold, clauses in literals.own
        ]
        always = [(0, code) for code in conds.always_code.tolist()]
        self._votes: list[tuple[int, int, int]] = [
            (cond, code, count)
            for (cond, code), count in zip(always, conds.always_times.tolist(), strict=True)
        ]
        sets = [0] * len(conds.code)
        for level in conds.levels:
            for place, clause in enumerate(level.tolist()):
                sets[place] |= 1 << clause
        self._votes.extend(zip(sets, conds.code.tolist(), conds.times.tolist(), strict=True))

    def add_to(self, votes: list[int], value_of: ValueOf) -> None:
        """Add the votes for the row to ``votes``, by class."""
        held = self.held(value_of)
        for cond, code, count in self._votes:
            if not cond & held:
                votes[code] += count

    def held(self, value_of: ValueOf) -> int:
        """The clauses that hold on the row."""
        found = 0
        for measure, bounds, held in self._parts:
            value = value_of(measure)
            if value == value:  # NaN: nothing holds
                found |= held[bisect_right(bounds, value)]
        for (measure, bound, below), clauses in self._own:
            if clauses & ~found:
                value = value_of(measure)
                if value < bound if below else value >= bound:
                    found |= clauses
        return found


def _numbers(table: Bits) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little") for row in table.astype("<u8", copy=False)]
