"""The conds of a bucket, equal ones of a class counted together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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


def distinct_conds(rules: Rules, codes: Ints, n_clauses: int) -> DistinctConds:
    """The distinct conds of ``rules``; ``codes`` are the classes of its conds' members, parallel to them.

    Where there are hardly more conds than clauses, as in a regression, equal ones may stay apart.
    """
    starts = rules.cond_starts[:-1]
    lengths = rules.cond_starts[1:] - starts
    if 0 < len(codes) <= n_clauses and (lengths == 1).all():
        order = rules.cond_clauses.argsort(kind="stable")
        none = np.zeros(0, dtype=np.int64)
        return DistinctConds(none, none, codes[order], np.ones_like(codes), [rules.cond_clauses[order]])
    chosen, counts = _representatives(_keys(rules, codes, n_clauses))
    some = lengths[chosen] > 0
    chosen, always = chosen[some], chosen[~some]
    order = np.argsort(-lengths[chosen], kind="stable")
    chosen = chosen[order]
    levels = []
    for place in range(int(lengths[chosen].max(initial=0))):
        has = chosen[lengths[chosen] > place]
        levels.append(rules.cond_clauses[starts[has] + place])
    return DistinctConds(codes[always], counts[~some], codes[chosen], counts[some][order], levels)


def _keys(rules: Rules, codes: Ints, n_clauses: int) -> Ints:
    """A number for every cond, equal for equal conds of a class alone."""
    starts = rules.cond_starts[:-1]
    lengths = rules.cond_starts[1:] - starts
    key, base = codes, n_clauses + 1
    for place in range(int(lengths.max(initial=0))):
        if int(key.max()) >= _LARGE // base:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
        has = np.flatnonzero(lengths > place)
        key = key * base
        key[has] += rules.cond_clauses[starts[has] + place] + 1
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
