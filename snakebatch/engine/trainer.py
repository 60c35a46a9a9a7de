"""Training in one process: the same divides and leaves as on the mesh, one after the other or in a few
processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.divide import Slice, Split, split_all
from snakebatch.engine.leaf import build_leaf, build_leaves
from snakebatch.engine.leaf_engines import leaf_builder
from snakebatch.engine.population import Population
from snakebatch.engine.settings import Settings
from snakebatch.engine.worker_processes import train_in_processes

_ROWS_AT_ONCE = 1 << 16
"""Rows whose chains and buckets are built side by side: enough to fill the arrays, few enough for memory."""


def train_layers(population: Population, settings: Settings, workers: int = 1) -> list[list[Bucket]]:
    """All layers, each a chain of buckets; the same for any number of workers."""
    layers = range(settings.n_layers)
    if workers <= 1 or settings.n_layers <= 1:
        return train_some(population, settings, layers)
    return train_in_processes(population, settings, workers)


def train_some(population: Population, settings: Settings, layers: Iterable[int]) -> list[list[Bucket]]:
    """Some layers, side by side: each depends on seed and number alone."""
    trained: dict[int, list[Bucket]] = {layer: [] for layer in layers}
    for batch in _batches(whole_slices(population, settings, trained)):
        for one, buckets in zip(batch, _leaves(population, batch, settings), strict=True):
            trained[one.layer] += buckets
    return list(trained.values())


def _leaves(population: Population, slices: Sequence[Slice], settings: Settings) -> list[list[Bucket]]:
    build = leaf_builder(settings.engine)
    if build is build_leaf:
        return build_leaves(population, slices, settings.seed, settings)
    return [build(population, one.rows, settings.seed, one.layer, one.path, settings) for one in slices]


def whole_slices(population: Population, settings: Settings, layers: Iterable[int]) -> list[Slice]:
    """The slices of the layers' trees that are not divided further, by layer and left first."""
    waiting: dict[tuple[int, ...], Slice] = {
        (layer,): Slice(layer, (), population.all_rows) for layer in layers
    }
    whole: dict[tuple[int, ...], Slice] = {}
    while waiting:
        found = split_all(population, list(waiting.values()), settings.seed, settings)
        parts: dict[tuple[int, ...], Slice] = {}
        for (place, one), outcome in zip(waiting.items(), found, strict=True):
            if isinstance(outcome, Split):
                right = outcome.literal.negated()
                parts[(*place, 0)] = Slice(one.layer, (*one.path, outcome.literal), outcome.left)
                parts[(*place, 1)] = Slice(one.layer, (*one.path, right), outcome.right)
            else:
                whole[place] = one
        waiting = parts
    return [whole[place] for place in sorted(whole)]


def _batches(slices: Sequence[Slice]) -> Iterator[Sequence[Slice]]:
    """As many slices as have some rows together."""
    first = rows = 0
    for place, one in enumerate(slices):
        rows += len(one.rows)
        if rows >= _ROWS_AT_ONCE:
            yield slices[first : place + 1]
            first, rows = place + 1, 0
    if first < len(slices):
        yield slices[first:]
