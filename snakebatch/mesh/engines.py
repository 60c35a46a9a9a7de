"""The engine as the mesh sees it: five questions, so that another engine can be plugged in at the leaf."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.chain import Link, build_chain
from snakebatch.engine.columns import truth
from snakebatch.engine.divide import Slice, Split, Stop, split
from snakebatch.engine.leaf import build_bucket, build_leaves
from snakebatch.engine.leaf_engines import check_engine, engine_version, leaf_builder
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.settings import Settings
from snakebatch.errors import MeshError
from snakebatch.mesh.messages import Path
from snakebatch.version import ENGINE


class Engine(Protocol):
    """What a shard asks of the classifier. Every answer depends on the arguments alone."""

    by_bucket: bool
    """Whether it can make one bucket of a chain alone (``leaf_grain`` bucket)."""

    @property
    def version(self) -> str:
        """Raised whenever the same arguments would give other bytes."""
        ...

    def truth(self, population: Population, literal: Literal, rows: Rows) -> NDArray[np.bool_]:
        """Which of ``rows`` satisfy the literal."""
        ...

    def split(
        self, population: Population, rows: Rows, layer: int, path: Path, settings: Settings
    ) -> Split | Stop:
        """Divide a slice in two, or say why it can't be."""
        ...

    def chain(
        self, population: Population, rows: Rows, layer: int, path: Path, settings: Settings
    ) -> list[Link]:
        """The slice's IF/ELIF/ELSE chain: conditions without the path, and their rows."""
        ...

    def bucket(
        self, population: Population, link: Link, k: int, layer: int, path: Path, settings: Settings
    ) -> Bucket:
        """Bucket ``k`` of the chain, with the path in front of its condition."""
        ...

    def leaves(
        self, population: Population, slices: Sequence[Slice], settings: Settings
    ) -> list[list[Bucket]]:
        """Of each whole slice its chain and every bucket of it; of several at once where that is faster."""
        ...


class SnakeEngine:
    """This project's own engine."""

    by_bucket = True

    @property
    def version(self) -> str:
        return ENGINE

    def truth(self, population: Population, literal: Literal, rows: Rows) -> NDArray[np.bool_]:
        return truth(population, literal, rows)

    def split(
        self, population: Population, rows: Rows, layer: int, path: Path, settings: Settings
    ) -> Split | Stop:
        return split(population, rows, settings.seed, layer, path, settings)

    def chain(
        self, population: Population, rows: Rows, layer: int, path: Path, settings: Settings
    ) -> list[Link]:
        return build_chain(population, rows, settings.seed, layer, path, settings)

    def bucket(
        self, population: Population, link: Link, k: int, layer: int, path: Path, settings: Settings
    ) -> Bucket:
        return build_bucket(population, link, k, settings.seed, layer, path, settings)

    def leaves(
        self, population: Population, slices: Sequence[Slice], settings: Settings
    ) -> list[list[Bucket]]:
        return build_leaves(population, slices, settings.seed, settings)


class LicensedEngine(SnakeEngine):
    """Divides as ours, leaves by the licensed engine, which trains a whole slice at once.

    Its package is looked for when it is first needed, so that a function answers with the reason instead of
    failing at its import.
    """

    by_bucket = False

    @property
    def version(self) -> str:
        return engine_version("licensed")

    def chain(
        self, population: Population, rows: Rows, layer: int, path: Path, settings: Settings
    ) -> list[Link]:
        raise MeshError("the licensed engine makes no chain without its buckets: use leaf_grain slice")

    def bucket(
        self, population: Population, link: Link, k: int, layer: int, path: Path, settings: Settings
    ) -> Bucket:
        raise MeshError("the licensed engine makes no bucket alone: use leaf_grain slice")

    def leaves(
        self, population: Population, slices: Sequence[Slice], settings: Settings
    ) -> list[list[Bucket]]:
        build = leaf_builder(self.version)
        return [build(population, one.rows, settings.seed, one.layer, one.path, settings) for one in slices]


def engine_named(name: str) -> Engine:
    """The engine of a name in ``settings.ENGINES``; raises InputError for another."""
    check_engine(name)
    return SnakeEngine() if name == "snakebatch" else LicensedEngine()
