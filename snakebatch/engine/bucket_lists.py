"""A bucket as lists, for questions about one row: no arrays are set up for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.bucket_votes import literals_of
from snakebatch.engine.distinct_conds import distinct_conds
from snakebatch.engine.thresholds import Measures, Threshold

ValueOf = Callable[[int], float]
"""What is measured of the row, by the number of the measure."""


class BucketLists:
    """Clauses as lists of thresholds, and the distinct conds with their votes."""

    def __init__(self, bucket: Bucket, codes: NDArray[np.int32], measures: Measures) -> None:
        rules = bucket.rules
        n_clauses = len(rules.clause_starts) - 1
        literals = literals_of(rules, measures)
        self._clauses: list[list[Threshold]] = [[] for _ in range(n_clauses)]
        plain = (literals.measure, literals.bound, literals.below, literals.clause)
        for measure, bound, below, clause in zip(*(array.tolist() for array in plain), strict=True):
            self._clauses[clause].append(Threshold(measure, bound, below))
        for threshold, clauses in literals.own:
            for clause in clauses.tolist():
                self._clauses[clause].append(threshold)
        self._votes: list[tuple[list[int], int, int]] = []
        conds = distinct_conds(rules, codes[bucket.rows][rules.cond_member].astype(np.int64), n_clauses)
        for code, count in zip(conds.always_code.tolist(), conds.always_count.tolist(), strict=True):
            self._votes.append(([], code, count))
        lists: list[list[int]] = [[] for _ in range(len(conds.code))]
        for level in conds.levels:
            for cond, clause in zip(lists, level.tolist(), strict=False):
                cond.append(clause)
        self._votes.extend(zip(lists, conds.code.tolist(), conds.count.tolist(), strict=True))

    def add_to(self, votes: list[int], value_of: ValueOf) -> None:
        """Add the votes for the row to ``votes``, by class."""
        known: dict[int, bool] = {}
        for cond, code, count in self._votes:
            for clause in cond:
                held = known.get(clause)
                if held is None:
                    held = known[clause] = self._holds(clause, value_of)
                if held:
                    break
            else:
                votes[code] += count

    def excluded(self, value_of: ValueOf) -> list[bool]:
        """For each clause whether it is false on the row."""
        return [not self._holds(clause, value_of) for clause in range(len(self._clauses))]

    def _holds(self, clause: int, value_of: ValueOf) -> bool:
        for measure, bound, below in self._clauses[clause]:
            value = value_of(measure)
            if value < bound if below else value >= bound:
                return True
        return False
