"""A leaf: the buckets of one slice, with the slice's path in front of every condition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.chain import Link, build_chain
from snakebatch.engine.clauses import build_clauses
from snakebatch.engine.draws import derive_key, mix_many
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.profiles import weights
from snakebatch.engine.settings import Settings

_NOISE = 41


def build_leaf(
    population: Population, rows: Rows, seed: int, layer: int, path: Sequence[Literal], settings: Settings
) -> list[Bucket]:
    """Chain and clauses of the slice with these rows."""
    links = build_chain(population, rows, seed, layer, path, settings)
    return [
        build_bucket(population, link, number, seed, layer, path, settings, rows)
        for number, link in enumerate(links)
    ]


def build_bucket(
    population: Population,
    link: Link,
    k: int,
    seed: int,
    layer: int,
    path: Sequence[Literal],
    settings: Settings,
    noise_from: Rows | None = None,
) -> Bucket:
    """The k-th bucket of the slice; its draws come from H(seed, layer, path, k) alone.

    With ``settings.noise`` > 0 that share of rows is drawn from the others in ``noise_from`` and joins as
    noise.
    """
    key = derive_key(seed, layer, path, k)
    noise = _noise(link.rows, noise_from, key, settings.noise)
    members = np.concatenate([link.rows, noise])
    found = build_clauses(
        population,
        members,
        key,
        weights(settings.oppose_profile),
        settings.lookahead,
    )
    condition = (*path, *link.condition)
    return Bucket(
        condition=condition or None,
        members=members.tolist(),
        origins=["c"] * len(link.rows) + ["n"] * len(noise),
        clauses=found.clauses,
        lookalikes=[[cond] for cond in found.conds],
    )


def _noise(core: Rows, rows: Rows | None, key: int, share: float) -> NDArray[np.intp]:
    wanted = int(share * len(core))
    if rows is None or not wanted:
        return core[:0]
    others = np.setdiff1d(rows, core, assume_unique=True)
    draws = mix_many(key, _NOISE, others)
    return np.sort(others[np.argsort(draws, kind="stable")[:wanted]])
