"""Packets sized by estimated cost, so that one invocation does some seconds of work."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from typing import TypeVar

from snakebatch.engine.leaf_engines import is_licensed
from snakebatch.mesh.messages import AtomGroup, Chain, Slice
from snakebatch.planner.sizing import divide_rows, row_packet_count

_FEW_CLASSES = 10

_WEIGHT_OF_CLASSES = 0.1
"""For each doubling. A row of a regression on 100,000 numbers took 1.1 times that of two classes."""

_LICENSED_COST = 16.0

T = TypeVar("T")


def leaf_weight(classes: int) -> float:
    """How much dearer a row is where the target has many classes: each class of a bucket has clauses of its
    own.
    """
    return 1.0 + _WEIGHT_OF_CLASSES * math.log2(max(1.0, classes / _FEW_CLASSES))


def leaf_cost(engine: str) -> float:
    """How much dearer than ours a leaf of this engine version is, beside what the plan allows for ours.

    The licensed one took 2.9e-4 to 6.1e-4 s for each row and layer (5,000 rows, 5 layers, one core), the plan
    allows 4e-5; a plan errs on the dear side.
    """
    return _LICENSED_COST if is_licensed(engine) else 1.0


def divide_packets(slices: Iterable[Slice], rows: int) -> Iterator[list[Slice]]:
    """Open slices, in tree order, in packets of one layer each; ``rows`` are the whole job's."""
    for _, layer in groupby(sorted(slices, key=lambda piece: piece.place), key=lambda piece: piece.layer):
        yield from _fill(((piece, piece.n) for piece in layer), divide_rows(rows))


def leaf_packets(slices: Iterable[Slice], classes: int, size: int) -> Iterator[list[Slice]]:
    """Final slices, in tree order, in packets of one layer each; ``size`` are the job's rows of a packet.

    What a packet holds depends on its layer's slices and on the job alone, not on the lease or the other
    layers: a resumed run, or one that wants more layers, finds the reports of the packets it shares with an
    earlier one.
    """
    weight = leaf_weight(classes)
    for _, layer in groupby(sorted(slices, key=lambda piece: piece.place), key=lambda piece: piece.layer):
        yield from _fill(((piece, piece.n * weight) for piece in layer), size)


def atom_packets(chains: Iterable[Chain], classes: int, size: int) -> Iterator[list[AtomGroup]]:
    """Every bucket as an atom, neighbours together; a slice's chain is written once a packet."""
    weight = leaf_weight(classes)
    ordered = sorted(chains, key=lambda chain: chain.slice.place)
    for _, layer in groupby(ordered, key=lambda chain: chain.slice.layer):
        atoms = (((chain, k), n * weight) for chain in layer for k, n in enumerate(chain.rows))
        for packet in _fill(atoms, size):
            yield [
                _group(members[0][0], [k for _, k in members])
                for members in (
                    list(group) for _, group in groupby(packet, key=lambda atom: atom[0].slice.node)
                )
            ]


def row_packets(rows: int, columns: int) -> list[tuple[int, int]]:
    """The first row and the one after the last of each packet that writes rows; none for a small table."""
    count = row_packet_count(rows, columns)
    bounds = [rows * place // count for place in range(count + 1)] if count else []
    return list(pairwise(bounds))


def _group(chain: Chain, ks: list[int]) -> AtomGroup:
    return AtomGroup(slice=chain.slice, chain=chain.conditions[: max(ks) + 1], ks=ks)


def _fill(costed: Iterable[tuple[T, float]], size: float) -> Iterator[list[T]]:
    packet: list[T] = []
    filled = 0.0
    for thing, cost in costed:
        if packet and filled + cost > size:
            yield packet
            packet, filled = [], 0.0
        packet.append(thing)
        filled += cost
    if packet:
        yield packet
