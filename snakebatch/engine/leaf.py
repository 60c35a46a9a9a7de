"""A leaf: the buckets of one slice, with the slice's path in front of every condition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.chain import Link, build_chains
from snakebatch.engine.clauses import build_rules
from snakebatch.engine.divide import Slice
from snakebatch.engine.draws import below_many, derive_key, mix_many
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.profiles import weights
from snakebatch.engine.settings import Settings

_NOISE = 41


def build_leaf(
    population: Population, rows: Rows, seed: int, layer: int, path: Sequence[Literal], settings: Settings
) -> list[Bucket]:
    """Chain and clauses of the slice with these rows."""
    return build_leaves(population, [Slice(layer, tuple(path), rows)], seed, settings)[0]


def build_leaves(
    population: Population, slices: Sequence[Slice], seed: int, settings: Settings
) -> list[list[Bucket]]:
    """:func:`build_leaf` of many slices, side by side."""
    chains = build_chains(population, slices, seed, settings)
    tasks = [
        _Task(link, derive_key(seed, one.layer, one.path, k), one)
        for one, chain in zip(slices, chains, strict=True)
        for k, link in enumerate(chain)
    ]
    buckets = iter(_build(population, tasks, settings))
    return [[next(buckets) for _ in chain] for chain in chains]


def build_bucket(
    population: Population,
    link: Link,
    k: int,
    seed: int,
    layer: int,
    path: Sequence[Literal],
    settings: Settings,
) -> Bucket:
    """The k-th bucket of the slice alone, without noise; its draws come from H(seed, layer, path, k)."""
    one = Slice(layer, tuple(path), link.rows)
    return _build(population, [_Task(link, derive_key(seed, layer, path, k), one)], settings)[0]


class _Task(NamedTuple):
    """A bucket to build: its link, its key, and the slice that its noise comes from."""

    link: Link
    key: int
    of: Slice


def _build(population: Population, tasks: Sequence[_Task], settings: Settings) -> list[Bucket]:
    noise = [_noise(task, settings.noise) for task in tasks]
    members = [np.concatenate([task.link.rows, rows]) for task, rows in zip(tasks, noise, strict=True)]
    keys = [task.key for task in tasks]
    rules = build_rules(population, members, keys, weights(settings.oppose_profile), settings.lookahead)
    return [
        Bucket.of_rules((*task.of.path, *task.link.condition) or None, rows, len(task.link.rows), found)
        for task, rows, found in zip(tasks, members, rules, strict=True)
    ]


def _noise(task: _Task, share: float) -> Rows:
    """That share of the bucket's core, drawn from the other rows of its slice."""
    core, rows = task.link.rows, task.of.rows
    wanted = min(int(share * len(core)), len(rows) - len(core))
    if not wanted:
        return core[:0]
    others = np.delete(rows, np.searchsorted(rows, core))
    if 2 * wanted > len(others):
        draws = mix_many(task.key, _NOISE, others)
        return np.sort(others[np.argsort(draws, kind="stable")[:wanted]])
    # The first so many different ones of a row of draws, which are few where the others are many.
    count = 2 * wanted
    while True:
        drawn = below_many(mix_many(task.key, _NOISE, np.arange(count)), len(others))
        distinct, first = np.unique(drawn, return_index=True)
        if len(distinct) >= wanted:
            return others[np.sort(distinct[np.argsort(first)[:wanted]])]
        count *= 2
