"""Rows with equal features: folded into one, since no literal could tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.population import Column, NumberColumn


@dataclass(frozen=True)
class Folding:
    """``kept`` are the surviving row numbers, ascending; the rest are counted.

    ``contradictions`` counts the folded rows whose target was not that of the row kept.
    """

    kept: NDArray[np.intp]
    duplicates: int
    contradictions: int


def fold(features: Sequence[Column], codes: NDArray[np.int32]) -> Folding:
    """Keep one row of each set of rows with equal features: the first of the commonest target, first on
    ties."""
    groups = _groups(features, len(codes))
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    kept = order[starts].copy()
    contradictions = 0
    for slot in np.flatnonzero(sizes > 1).tolist():
        rows = order[starts[slot] : starts[slot] + sizes[slot]]
        distinct, first, counts = np.unique(codes[rows], return_index=True, return_counts=True)
        if len(distinct) > 1:
            best = np.lexsort((first, -counts))[0]
            kept[slot] = rows[first[best]]
            contradictions += int(len(rows) - counts[best])
    return Folding(np.sort(kept).astype(np.intp), len(codes) - len(kept), contradictions)


def _groups(features: Sequence[Column], n_rows: int) -> NDArray[np.int64]:
    """A number a row, equal exactly where all features are equal."""
    keys = [
        (column.values if isinstance(column, NumberColumn) else column.codes)
        for column in sorted(features, key=lambda column: -_spread(column))
    ]
    groups = np.zeros(n_rows, dtype=np.int64)
    count = 1
    for key in keys:
        _, codes = np.unique(key, return_inverse=True)
        _, groups = np.unique(groups * (int(codes.max()) + 1) + codes, return_inverse=True)
        count = int(groups.max()) + 1
        if count == n_rows:
            break
    return groups.astype(np.int64)


def _spread(column: Column) -> int:
    """A cheap guess at how many distinct values a column has, so that the telling ones are compared first."""
    sample = column.values[:1000] if isinstance(column, NumberColumn) else column.codes[:1000]
    return len(np.unique(sample))
