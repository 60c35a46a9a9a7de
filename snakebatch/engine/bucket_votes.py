"""The votes of one bucket for many rows at once: literals, clauses and conds as Boolean matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.columns import measured
from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import PLAIN_MEASURES, test_of
from snakebatch.engine.population import Rows
from snakebatch.engine.queries import QueryTable

CELLS = 1 << 22
"""Most cells of a matrix made at once; the rows are taken in parts that keep to it."""

Votes = list[tuple[tuple[int, ...], int, int]]
"""Conds of a bucket, each as (clauses, class, members that have it)."""


def votes_of(bucket: Bucket, codes: Sequence[int] | NDArray[np.int32]) -> Votes:
    """The conds of a bucket, equal ones of a class counted together, ordered by class."""
    counts: dict[tuple[int, tuple[int, ...]], int] = {}
    for row, conds in zip(bucket.members, bucket.lookalikes, strict=True):
        code = int(codes[row])
        for cond in conds:
            key = (code, tuple(cond))
            counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: item[0][0])
    return [(cond, code, count) for (code, cond), count in ordered]


class BucketVotes:
    """A bucket made ready to be asked about many rows.

    ``clauses`` are lists of numbers into ``literals``, the distinct literals of the whole model.
    """

    def __init__(self, clauses: Sequence[tuple[int, ...]], literals: Sequence[Literal], votes: Votes) -> None:
        own = sorted({number for clause in clauses for number in clause})
        place = {number: index for index, number in enumerate(own)}
        self._n_literals = len(own)
        self._thresholds, self._others = _sorted_out([literals[number] for number in own])
        # A last literal that is always false keeps an empty clause false and every segment non-empty,
        # a last clause that is always excluded does the same for a cond without clauses.
        self._clauses = _Segments([(*(place[number] for number in clause), len(own)) for clause in clauses])
        self._conds = _Segments([(*cond, len(clauses)) for cond, _, _ in votes])
        self._weights = np.array([count for _, _, count in votes], dtype=np.int64)
        codes = np.array([code for _, code, _ in votes], dtype=np.intp)
        self._codes, self._code_starts = np.unique(codes, return_index=True)

    def add(self, votes: NDArray[np.int64], rows: Rows, table: QueryTable) -> None:
        """Add the bucket's votes for ``rows`` of the table to ``votes`` (rows of the table, classes)."""
        if not len(self._codes):
            return
        widest = max(len(self._clauses.entries), len(self._conds.entries), 1)
        step = max(1, CELLS // widest)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            alike = self._conds.reduce(np.logical_and, self._excluded(part, table))
            counts = np.add.reduceat(alike * self._weights[:, None], self._code_starts, axis=0)
            votes[np.ix_(part, self._codes)] += counts.T

    def _excluded(self, rows: Rows, table: QueryTable) -> NDArray[np.bool_]:
        """Where each clause is false, and a last row of True: (clauses + 1, rows)."""
        held = np.zeros((self._n_literals + 1, len(rows)), dtype=np.bool_)
        for (column, tag), places, bounds, negated in self._thresholds:
            values = measured(table.population, column, tag, rows)
            present = table.present.get(column)
            # NaN: a text is neither below nor above a number
            usable = values == values if present is None else (values == values) & present[rows]
            held[places] = ((bounds > values) ^ negated) & usable
        for index, literal in self._others:
            held[index] = table.holds(literal, rows)
        excluded = np.ones((self._clauses.size + 1, len(rows)), dtype=np.bool_)
        excluded[:-1] = ~self._clauses.reduce(np.logical_or, held)
        return excluded


class _Segments:
    """Lists of indices, none of them empty, laid end to end for ``reduceat``."""

    def __init__(self, lists: Sequence[tuple[int, ...]]) -> None:
        self.size = len(lists)
        self.entries = np.array([entry for entries in lists for entry in entries], dtype=np.intp)
        lengths = np.array([len(entries) for entries in lists], dtype=np.intp)
        self._starts = np.cumsum(lengths) - lengths

    def reduce(self, operation: np.ufunc, matrix: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """For each list the operation over its rows of ``matrix``."""
        if not self.size:
            return np.zeros((0, matrix.shape[1]), dtype=np.bool_)
        reduced: NDArray[np.bool_] = operation.reduceat(matrix[self.entries], self._starts, axis=0)
        return reduced


_Threshold = tuple[tuple[int, str], NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]


def _sorted_out(literals: Sequence[Literal]) -> tuple[list[_Threshold], list[tuple[int, Literal]]]:
    """The literals with a plain threshold by column and tag, as arrays, and the others.

    The arrays are places, then bounds and negations standing upright.
    """
    by_measure: dict[tuple[int, str], list[tuple[int, float, bool]]] = {}
    others: list[tuple[int, Literal]] = []
    for index, literal in enumerate(literals):
        column, value, negat, tag = literal
        test = test_of(value, negat, tag) if tag in PLAIN_MEASURES else None
        if test is None:
            others.append((index, literal))
        else:
            by_measure.setdefault((column, tag), []).append((index, test.bound, negat))
    thresholds = []
    for measure, found in by_measure.items():
        places, bounds, negated = zip(*found, strict=True)
        upright = np.array(bounds, dtype=np.float64)[:, None], np.array(negated, dtype=np.bool_)[:, None]
        thresholds.append((measure, np.array(places, dtype=np.intp), *upright))
    return thresholds, others
