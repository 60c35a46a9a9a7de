"""Conquer and leaf: from a slice to its buckets, by slice or by bucket, with the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from snakebatch.engine.chain import Link
from snakebatch.engine.divide import Slice as Part
from snakebatch.engine.literal import literal_from_json
from snakebatch.engine.model_json import bucket_text
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.settings import Settings
from snakebatch.mesh.engines import Engine
from snakebatch.mesh.messages import AtomGroup, Chain, JsonPath, LeafIndex, Slice
from snakebatch.mesh.path_rows import PathRows

SIDE_BY_SIDE_ROWS = 32_000
"""Rows of the slices that the engine is given at once: 40 small slices took a quarter of the time that they
take one by one, more gain nothing, and their tables take 100 MB.
"""


@dataclass(frozen=True)
class Leaf:
    """One leaf, and the texts of its buckets as model.json has them."""

    index: LeafIndex
    buckets: list[str]


def slice_leaves(
    population: Population, slices: Iterable[Slice], settings: Settings, engine: Engine, reader: PathRows
) -> Iterator[Leaf]:
    """One leaf a slice, in tree order."""
    for group in _together(sorted(slices, key=lambda piece: piece.place)):
        parts = [Part(piece.layer, piece.literals, reader.rows(piece.literals)) for piece in group]
        built = engine.leaves(population, parts, settings)
        for piece, part, buckets in zip(group, parts, built, strict=True):
            texts = [bucket_text(bucket) for bucket in buckets]
            yield _leaf(piece, None, len(part.rows), texts)


def _together(slices: Iterable[Slice]) -> Iterator[list[Slice]]:
    """Slices in their order, in groups of some rows each."""
    group: list[Slice] = []
    rows = 0
    for piece in slices:
        if group and rows + piece.n > SIDE_BY_SIDE_ROWS:
            yield group
            group, rows = [], 0
        group.append(piece)
        rows += piece.n
    if group:
        yield group


def chains(
    population: Population, slices: Iterable[Slice], settings: Settings, engine: Engine, reader: PathRows
) -> Iterator[Chain]:
    """The chain of each slice, in tree order: conditions and counts, no rows."""
    for piece in sorted(slices, key=lambda piece: piece.place):
        path = piece.literals
        links = engine.chain(population, reader.rows(path), piece.layer, path, settings)
        yield Chain(
            slice=piece,
            conditions=[[list(literal) for literal in link.condition] for link in links],
            rows=[len(link.rows) for link in links],
        )


def atom_leaves(
    population: Population, groups: Iterable[AtomGroup], settings: Settings, engine: Engine, reader: PathRows
) -> Iterator[Leaf]:
    """One leaf a bucket: the rows of bucket k satisfy the path, its own condition, and none of those before
    it.
    """
    for group in sorted(groups, key=lambda group: (*group.slice.place, group.ks)):
        piece = group.slice
        path = piece.literals
        wanted = set(group.ks)
        for k, link in enumerate(_links(population, group.chain, reader.rows(path), engine)):
            if k in wanted:
                bucket = engine.bucket(population, link, k, piece.layer, path, settings)
                yield _leaf(piece, k, len(link.rows), [bucket_text(bucket)])


def _leaf(piece: Slice, k: int | None, rows: int, buckets: list[str]) -> Leaf:
    index = LeafIndex(layer=piece.layer, node=piece.node, k=k, rows=rows, buckets=len(buckets))
    return Leaf(index, buckets)


def _links(population: Population, chain: list[JsonPath], rows: Rows, engine: Engine) -> Iterator[Link]:
    for raw in chain:
        condition = tuple(literal_from_json(literal) for literal in raw)
        inside = rows
        for literal in condition:
            inside = inside[engine.truth(population, literal, inside)]
        yield Link(condition=condition, rows=inside)
        rows = np.setdiff1d(rows, inside, assume_unique=True)
