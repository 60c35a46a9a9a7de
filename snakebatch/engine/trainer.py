"""Training in one process: the same divides and leaves as on the mesh, one after the other or in a few
processes."""

from __future__ import annotations

from collections.abc import Iterator

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.divide import Split, split
from snakebatch.engine.leaf_engines import leaf_builder
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.settings import Settings
from snakebatch.engine.worker_processes import train_in_processes


def train_layers(population: Population, settings: Settings, workers: int = 1) -> list[list[Bucket]]:
    """All layers, each a chain of buckets; the same for any number of workers."""
    layers = range(settings.n_layers)
    if workers <= 1 or settings.n_layers <= 1:
        return [train_layer(population, settings, layer) for layer in layers]
    return train_in_processes(population, settings, workers)


def train_layer(population: Population, settings: Settings, layer: int) -> list[Bucket]:
    """One layer: it depends on seed and number alone."""
    build_leaf = leaf_builder(settings.engine)
    return [
        bucket
        for path, rows in slices(population, settings, layer)
        for bucket in build_leaf(population, rows, settings.seed, layer, path, settings)
    ]


def slices(
    population: Population, settings: Settings, layer: int
) -> Iterator[tuple[tuple[Literal, ...], Rows]]:
    """Path and rows of each slice of the layer's tree that is not divided further, left first."""
    waiting: list[tuple[tuple[Literal, ...], Rows]] = [((), population.all_rows)]
    while waiting:
        path, rows = waiting.pop()
        found = split(population, rows, settings.seed, layer, path, settings)
        if isinstance(found, Split):
            waiting.append(((*path, found.literal.negated()), found.right))
            waiting.append(((*path, found.literal), found.left))
        else:
            yield path, rows
