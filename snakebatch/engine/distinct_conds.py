"""The conds of a bucket, equal ones of a class counted together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.rules import Ints, Rules

_LARGE = 1 << 62


class DistinctConds(NamedTuple):
    """The distinct pairs of a cond and a class, and how many members have each.

    Those without clauses, which vote on every row, are ``always_code`` and ``always_times``. The others are
    ``code`` and ``times``, and ``levels``: level j holds the j-th clause of those that have so many, which
    are the first ones.
    """

    always_code: Ints
    always_times: Ints
    code: Ints
    times: Ints
    levels: list[Ints]


def distinct_conds(
    rules: Sequence[Rules], codes: Sequence[NDArray[np.int32]], n_classes: int
) -> list[DistinctConds]:
    """The distinct conds of buckets; ``codes`` are the classes of their conds' members.

    Where there are hardly more conds than clauses, as in a regression, equal ones may stay apart.
    """
    sizes = np.array(list(map(len, codes)))
    # A class of a bucket, as one number: bucket * classes + class.
    owner = np.repeat(np.arange(len(rules)) * n_classes, sizes) + np.concatenate(codes)
    lengths = np.concatenate([one.cond_starts[1:] - one.cond_starts[:-1] for one in rules])
    clauses = np.concatenate([one.cond_clauses for one in rules])
    conds = _Conds(owner, lengths, np.cumsum(lengths) - lengths, clauses)
    n_clauses = [len(one.clause_starts) - 1 for one in rules]
    if (lengths == 1).all() and len(lengths) <= sum(n_clauses):
        chosen = np.lexsort((clauses, owner // n_classes))
        times = np.ones_like(chosen)
    else:
        chosen, times = _representatives(_keys(conds, max(n_clauses)))
        order = np.lexsort((-lengths[chosen], owner[chosen] // n_classes))
        chosen, times = chosen[order], times[order]
    return _by_bucket(conds, chosen, times, n_classes, len(rules))


class _Conds(NamedTuple):
    """Conds of several buckets: bucket and class, and where their clauses begin among ``clauses``."""

    owner: Ints
    lengths: Ints
    starts: Ints
    clauses: Ints


def _by_bucket(
    conds: _Conds, chosen: Ints, times: Ints, n_classes: int, n_buckets: int
) -> list[DistinctConds]:
    """The chosen conds, which come by bucket, the longest first, as those of each bucket."""
    bucket, code = np.divmod(conds.owner[chosen], n_classes)
    lengths, starts = conds.lengths[chosen], conds.starts[chosen]
    ends = np.searchsorted(bucket, np.arange(n_buckets + 1))
    levels = []
    for place in range(int(lengths.max(initial=0)) + 1):
        has = lengths > place
        before = np.concatenate([[0], np.cumsum(has)])[ends].tolist()
        levels.append((before, conds.clauses[starts[has] + place]))
    some = levels[0][0]
    found = []
    for number, (start, stop) in enumerate(pairwise(ends.tolist())):
        cut = start + some[number + 1] - some[number]
        own = [clauses[before[number] : before[number + 1]] for before, clauses in levels]
        found.append(
            DistinctConds(
                code[cut:stop],
                times[cut:stop],
                code[start:cut],
                times[start:cut],
                [level for level in own if len(level)],
            )
        )
    return found


def _keys(conds: _Conds, most_clauses: int) -> Ints:
    """A number for every cond, equal for equal conds of a class of a bucket alone."""
    key, base = conds.owner, most_clauses + 1
    for place in range(int(conds.lengths.max(initial=0))):
        if int(key.max()) >= _LARGE // base:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
        has = np.flatnonzero(conds.lengths > place)
        key = key * base
        if len(has) == len(key):
            key += conds.clauses[conds.starts + place] + 1
            continue
        key[has] += conds.clauses[conds.starts[has] + place] + 1
    return key


def _representatives(key: Ints) -> tuple[Ints, Ints]:
    """An index of every distinct key, keys ascending, and how often each occurs."""
    if not len(key) or int(key.max()) > 4 * len(key) + 1024:
        _, index, counts = np.unique(key, return_index=True, return_counts=True)
        return index, counts
    by_key = np.bincount(key)
    present = np.flatnonzero(by_key)
    last = np.empty(len(by_key), dtype=np.int64)
    last[key] = np.arange(len(key))
    return last[present], by_key[present]
