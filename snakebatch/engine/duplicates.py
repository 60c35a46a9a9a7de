"""Rows with equal features: folded into one, since no literal could tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.population import Column, NumberColumn

Key = NDArray[np.float64] | NDArray[np.int32]
"""What tells the rows of a column apart: its numbers, or its texts' codes."""


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
    keys = [column.values if isinstance(column, NumberColumn) else column.codes for column in features]
    keys.sort(key=lambda key: -_spread(key))
    if _all_differ(keys[0]):
        return Folding(np.arange(len(codes), dtype=np.intp), 0, 0)
    groups = _groups(keys)
    # Runs of rows of one group and one target, each in the order of the rows.
    order = np.lexsort((codes, groups))
    change = np.diff(groups[order], prepend=-1) != 0
    starts = np.flatnonzero(change | (np.diff(codes[order], prepend=-1) != 0))
    sizes = np.diff(starts, append=len(order))
    first, group = order[starts], groups[order[starts]]
    # Of the runs of a group the longest comes first here, the one that begins first on ties.
    ranked = np.lexsort((first, -sizes, group))
    best = ranked[np.diff(group[ranked], prepend=-1) != 0]
    kept = np.sort(first[best]).astype(np.intp)
    return Folding(kept, len(codes) - len(kept), len(codes) - int(sizes[best].sum()))


def _groups(keys: Sequence[Key]) -> NDArray[np.int64]:
    """A number a row, equal exactly where all keys are equal."""
    groups = np.zeros(len(keys[0]), dtype=np.int64)
    count = 1
    for key in keys:
        _, codes = np.unique(key, return_inverse=True)
        if count > 1:
            _, codes = np.unique(groups * (int(codes.max()) + 1) + codes, return_inverse=True)
        groups = codes
        count = int(groups.max()) + 1
        if count == len(groups):
            break
    return groups.astype(np.int64)


def _all_differ(key: Key) -> bool:
    """Whether no value comes twice; sorting values is many times as fast as grouping their rows."""
    ordered = np.sort(key)
    return not bool((ordered[1:] == ordered[:-1]).any())


def _spread(key: Key) -> int:
    """A cheap guess at how many distinct values a column has, so that the telling ones are compared first."""
    return len(np.unique(key[:1000]))
