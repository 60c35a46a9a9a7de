"""The conds of a bucket, equal ones of a class counted together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from snakebatch.engine.rules import Ints, Rules

_LARGE = 1 << 62


class DistinctConds(NamedTuple):
    """The distinct pairs of a cond and a class, and how many members have each.

    Those without clauses, which vote on every row, are ``always_code`` and ``always_count``. The others are
    ``code`` and ``count``, and ``levels``: level j holds the j-th clause of those that have so many, which are
    the first ones.
    """

    always_code: Ints
    always_count: Ints
    code: Ints
    count: Ints
    levels: list[Ints]


def distinct_conds(rules: Rules, codes: Ints, n_clauses: int) -> DistinctConds:
    """The distinct conds of ``rules``; ``codes`` are the classes of its conds' members, parallel to them."""
    starts = rules.cond_starts[:-1]
    lengths = np.diff(rules.cond_starts)
    key, base = codes, n_clauses + 1
    for place in range(int(lengths.max(initial=0))):
        if int(key.max()) >= _LARGE // base:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
        clause = np.zeros(len(key), dtype=np.int64)
        has = np.flatnonzero(lengths > place)
        clause[has] = rules.cond_clauses[starts[has] + place] + 1
        key = key * base + clause
    chosen, counts = _representatives(key)
    some = lengths[chosen] > 0
    chosen, always = chosen[some], chosen[~some]
    order = np.argsort(-lengths[chosen], kind="stable")
    chosen = chosen[order]
    levels = []
    for place in range(int(lengths[chosen].max(initial=0))):
        has = chosen[lengths[chosen] > place]
        levels.append(rules.cond_clauses[starts[has] + place])
    return DistinctConds(codes[always], counts[~some], codes[chosen], counts[some][order], levels)


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
