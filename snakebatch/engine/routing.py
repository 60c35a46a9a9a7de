"""Routing: a layer's chain as a tree of the paths that its conditions share.

Buckets in a row whose conditions begin with the same literal are a run: the rows on which it holds go on
inside the run with the rest of the conditions; the others, and those that no bucket of the run takes, go on
after it. That is exactly the walk from bucket to bucket, but a layer of thousands of buckets costs a row
about the length of one condition. Where a run is followed by one that begins with the complement, a row on
which the literal does not hold goes straight inside that: one comparison answers both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.literal import Literal
from snakebatch.engine.readings import Readings
from snakebatch.engine.rules import Ints
from snakebatch.engine.thresholds import Measures, Threshold

_Chain = list[tuple[int, tuple[Threshold, ...]]]
"""(bucket, thresholds that must all hold), in test order."""


@dataclass(frozen=True)
class _Arrays:
    """The nodes of a forest; ``targets`` are (below, not below, neither) of every node, end to end."""

    measure: Ints
    bound: NDArray[np.float64]
    targets: Ints


class Forest:
    """The trees of all layers.

    A node compares one measure with one bound and has three ways out: below, not below, and neither (NaN).
    A way is the number of a node, or ``~bucket``, buckets being numbered through all layers.
    """

    def __init__(self, layers: Sequence[Sequence[Bucket]], measures: Measures) -> None:
        self._thresholds: list[Threshold] = []
        self._ways: list[list[int]] = []
        self.entries: list[int] = []
        known: dict[int, Threshold | None] = {}
        first = 0
        for layer in layers:
            chain = _chain(layer, first, measures, known)
            self.entries.append(self._plant(chain, ~(first + len(layer) - 1)))
            first += len(layer)
        self._made: _Arrays | None = None

    def __len__(self) -> int:
        return len(self._thresholds)

    def walk(self, value_of: Callable[[int], float]) -> list[int]:
        """The bucket of every layer for one row, ``value_of(measure)`` being what is measured of it."""
        return [self._walk(entry, value_of) for entry in self.entries]

    def _walk(self, node: int, value_of: Callable[[int], float]) -> int:
        while node >= 0:
            measure, bound, _ = self._thresholds[node]
            value = value_of(measure)
            node = self._ways[node][0 if value < bound else 1 if value >= bound else 2]
        return ~node

    def walk_all(self, readings: Readings) -> Ints:
        """(layers, rows): the buckets of all rows."""
        arrays = self._arrays()
        size = len(readings)
        place = np.repeat(np.array(self.entries, dtype=np.int64), size)
        plain = np.unique(arrays.measure[arrays.measure >= 0])
        matrix = readings.plain(plain).ravel()
        active = np.flatnonzero(place >= 0)
        while len(active):
            node, row = place[active], active % size
            values = _values(arrays.measure[node], row, matrix, readings)
            bound = arrays.bound[node]
            way = (values >= bound).astype(np.int64)
            if readings.has_void or len(plain) < len(arrays.measure):
                way[values != values] = 2
            place[active] = reached = arrays.targets[node * 3 + way]
            active = active[reached >= 0]
        return ~place.reshape(len(self.entries), size)

    def _arrays(self) -> _Arrays:
        if self._made is None:
            self._made = _Arrays(
                np.array([threshold.measure for threshold in self._thresholds], dtype=np.int64),
                np.array([threshold.bound for threshold in self._thresholds], dtype=np.float64),
                np.array(self._ways, dtype=np.int64).ravel(),
            )
        return self._made

    def _plant(self, chain: _Chain, last: int) -> int:
        """Add the tree of a chain; ``last`` is where a row goes that none takes. Returns the entry."""
        entries = [last]
        # Ranges of the chain whose first ``depth`` thresholds hold: where a row goes that none of them takes,
        # and what is to be told where the range begins.
        waiting = [(0, len(chain), 0, last, entries, 0)]
        shortcuts: list[tuple[int, int]] = []
        while waiting:
            low, high, depth, otherwise, told, slot = waiting.pop()
            runs, taken = _runs(chain, low, high, depth)
            first = len(self._thresholds)
            ends = [~taken if taken is not None else otherwise]
            nexts = [*range(first + 1, first + len(runs)), *ends] if runs else []
            told[slot] = first if runs else ends[0]
            for number, ((start, stop), after) in enumerate(zip(runs, nexts, strict=True), first):
                threshold = chain[start][1][depth]
                self._thresholds.append(threshold)
                self._ways.append([after] * 3)
                inside = 0 if threshold.below else 1
                waiting.append((start, stop, depth + 1, after, self._ways[number], inside))
                if number > first and _complements(self._thresholds[number - 1], threshold):
                    shortcuts.append((number - 1, number))
        for before, number in reversed(shortcuts):
            out = 1 if self._thresholds[before].below else 0
            self._ways[before][out] = self._ways[number][out]
        return entries[0]


def _runs(chain: _Chain, low: int, high: int, depth: int) -> tuple[list[tuple[int, int]], int | None]:
    """The runs of a range by the threshold at ``depth``, and the bucket that takes all rows, if one does."""
    runs: list[tuple[int, int]] = []
    while low < high:
        bucket, condition = chain[low]
        if len(condition) == depth:
            return runs, bucket
        stop = low + 1
        threshold = condition[depth]
        while stop < high and len(chain[stop][1]) > depth and chain[stop][1][depth] == threshold:
            stop += 1
        runs.append((low, stop))
        low = stop
    return runs, None


def _complements(one: Threshold, other: Threshold) -> bool:
    return one.measure == other.measure and one.bound == other.bound and one.below != other.below


def _chain(
    layer: Sequence[Bucket], first: int, measures: Measures, known: dict[int, Threshold | None]
) -> _Chain:
    """The buckets that can be reached; the last one takes what is left, so its condition is not asked.

    ``known`` is by identity, since the conditions of a trained layer share their literals.
    """
    chain: _Chain = []
    for number, bucket in enumerate(layer[:-1], first):
        if bucket.condition is None:
            return [*chain, (number, ())]
        thresholds = [_threshold(literal, measures, known) for literal in bucket.condition]
        if None not in thresholds:
            chain.append((number, tuple(filter(None, thresholds))))
    return chain


def _threshold(literal: Literal, measures: Measures, known: dict[int, Threshold | None]) -> Threshold | None:
    key = id(literal)
    if key not in known:
        known[key] = measures.threshold(literal)
    return known[key]


def _values(measure: Ints, row: Ints, matrix: NDArray[np.float64], readings: Readings) -> NDArray[np.float64]:
    own = np.flatnonzero(measure < 0)
    size = len(readings)
    if not len(own):
        found: NDArray[np.float64] = matrix[measure * size + row]
        return found
    values = np.empty(len(measure), dtype=np.float64)
    plain = np.flatnonzero(measure >= 0)
    values[plain] = matrix[measure[plain] * size + row[plain]]
    order = own[np.argsort(measure[own], kind="stable")]
    for group in np.split(order, np.flatnonzero(np.diff(measure[order])) + 1):
        values[group] = readings.values(int(measure[group[0]]), row[group])
    return values
