"""Few rows, ranked by many measures: what candidate literals are drawn from and evaluated on.

A measure is a column under a tag: the number itself, the length of a text, its distance to a reference...
For each one the rows stand in sorted order, and a threshold or an equality is an *interval of sorted
positions*. The rows of an interval, as bits, are the difference of two entries of a prefix table, so that
evaluating a literal on all rows is reading a few words. Where the table would be too large it is computed
from the positions instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bits import Bits, one_bit_each, pack
from snakebatch.engine.columns import measured
from snakebatch.engine.draws import below, mix
from snakebatch.engine.measures import REFERENCE_MEASURES, chi_squared
from snakebatch.engine.population import NumberColumn, Population, Rows

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

REFERENCES = 8
"""Texts of these rows, a column, that LEV, JAC, SIM, PFX, SFX and CFC compare with."""

_TABLE_BYTES = 32 << 20
_CHUNK_CELLS = 1 << 22

_SCORES: dict[str, Callable[[str, Any], float]] = {**REFERENCE_MEASURES, "CFC": chi_squared}

_SPELLED: dict[str, Callable[[str, str], bool]] = {
    "T": str.__contains__,
    "TSW": str.startswith,
    "TEW": str.endswith,
}


class Measure(NamedTuple):
    """A column (header index) under a tag.

    ``reference`` is what stands before the threshold in a literal's value: a text, frequencies, mean and
    deviation.
    """

    column: int
    tag: str
    reference: tuple[Any, ...] = ()


class MeasuredRows:
    """``n`` rows of a population under a growing set of measures; rows are known by local number 0..n-1."""

    def __init__(self, population: Population, rows: Rows, key: int) -> None:
        self.population = population
        self.rows = rows
        self.n = len(rows)
        self.key = key
        self.measures: list[Measure] = []
        self.tags: NDArray[np.str_] = np.empty(0, dtype=np.str_)
        self._known: dict[tuple[int, str, int], int] = {}
        self._texts: dict[int, tuple[list[str], Ints]] = {}
        self._spelled: dict[tuple[int, str, str], Bits] = {}
        self._sorted: Floats = np.empty((0, self.n))
        self._positions: Ints = np.empty((0, self.n), dtype=np.int64)
        self._prefixes: Bits | None = None
        self._each = one_bit_each(self.n)
        self.everything: Bits = self._each.sum(axis=0, dtype=np.uint64)
        """Bits of all rows."""
        width = len(population.features)
        self._stack(
            [
                (Measure(index + 1, "N" if isinstance(column, NumberColumn) else "TEQ"), self._base(index))
                for index, column in enumerate(population.features)
            ]
        )
        features = np.repeat(np.arange(width), self.n)
        values = self.values(features, np.tile(np.arange(self.n), width))
        self.base_codes: Ints = self.cut(features, values).reshape(width, self.n)
        """For each feature and row a number, equal exactly where the values are."""

    def number_of(self, column: int, tag: str, draw: int) -> int:
        """The measure's number, made on first use; ``draw`` picks the reference of a measure that needs
        one."""
        slot = below(draw, REFERENCES) if tag in _SCORES else 0
        found = self._known.get((column, tag, slot))
        if found is None:
            self._stack([self._new_measure(column, tag, slot)])
            found = self._known[column, tag, slot] = len(self.measures) - 1
        return found

    def values(self, measure: Ints, row: Ints) -> Floats:
        """What each measure gives on each (local) row."""
        return self._sorted[measure, self._positions[measure, row]]

    def cut(self, measure: Ints, value: Floats, past: NDArray[np.bool_] | bool = False) -> Ints:
        """How many rows measure below the value; where ``past``, those equal to it count too."""
        low = np.zeros(len(measure), dtype=np.int64)
        high = np.full(len(measure), self.n, dtype=np.int64)
        for _ in range(self.n.bit_length()):
            middle = (low + high) >> 1
            found = self._sorted[measure, np.minimum(middle, self.n - 1)]
            counted = (found < value) | (past & (found == value))
            active = low < high
            low = np.where(active & counted, middle + 1, low)
            high = np.where(active & ~counted, middle, high)
        return low

    def positions(self, measure: Ints) -> Ints:
        """For each measure asked for, the sorted position of every row."""
        return self._positions[measure]

    def sorted_value(self, measure: Ints, position: Ints) -> Floats:
        """The value at a sorted position."""
        return self._sorted[measure, position]

    def interval(self, measure: Ints, low: Ints, high: Ints) -> Bits:
        """Bits of the rows at sorted positions low <= p < high."""
        if self._prefixes is not None:
            return self._prefixes[measure, high] & ~self._prefixes[measure, low]
        bits = np.empty((len(measure), self._each.shape[1]), dtype=np.uint64)
        step = max(1, _CHUNK_CELLS // self.n)
        for first in range(0, len(measure), step):
            part = slice(first, first + step)
            positions = self._positions[measure[part]]
            bits[part] = pack((positions >= low[part, None]) & (positions < high[part, None]))
        return bits

    def text(self, index: int, row: int) -> str:
        """The text of a local row in the feature with this index."""
        return str(self.population.features[index].value(int(self.rows[row])))

    def distinct_texts(self, column: int) -> tuple[list[str], Ints]:
        """The distinct texts of these rows in a text column, and the place of each row's text among them."""
        found = self._texts.get(column)
        if found is None:
            feature = self.population.column(column)
            _, first, places = np.unique(self.base_codes[column - 1], return_index=True, return_inverse=True)
            found = self._texts[column] = (
                [str(feature.value(row)) for row in self.rows[first].tolist()],
                places,
            )
        return found

    def spelled(self, column: int, tag: str, text: str) -> Bits:
        """Bits of the rows whose text contains (T), starts with (TSW) or ends with (TEW) ``text``."""
        found = self._spelled.get((column, tag, text))
        if found is None:
            texts, places = self.distinct_texts(column)
            holds = _SPELLED[tag]
            flags = np.fromiter((holds(cell, text) for cell in texts), dtype=np.bool_, count=len(texts))
            found = self._spelled[column, tag, text] = pack(flags[places])
        return found

    def _base(self, index: int) -> Floats:
        column = self.population.features[index]
        values = column.values if isinstance(column, NumberColumn) else column.codes
        return values[self.rows].astype(np.float64)

    def _new_measure(self, column: int, tag: str, slot: int) -> tuple[Measure, Floats]:
        population, rows = self.population, self.rows
        feature = population.column(column)
        if tag == "NZ":
            return _standardised(column, self._base(column - 1))
        if tag not in _SCORES:
            return Measure(column, tag), measured(population, column, tag, rows)
        text = str(feature.value(int(rows[below(mix(self.key, column, slot), self.n)])))
        reference = _frequencies(text) if tag == "CFC" else text
        texts, places = self.distinct_texts(column)
        score = _SCORES[tag]
        return Measure(column, tag, (reference,)), np.array([score(text, reference) for text in texts])[
            places
        ]

    def _stack(self, added: Sequence[tuple[Measure, Floats]]) -> None:
        values = np.stack([column for _, column in added])
        order = np.argsort(values, axis=1, kind="stable")
        positions = np.empty_like(order)
        np.put_along_axis(positions, order, np.arange(self.n)[None, :], axis=1)
        prefixes = None
        words = self._each.shape[1]
        if (len(self.measures) + len(added)) * (self.n + 1) * words * 8 <= _TABLE_BYTES:
            prefixes = np.zeros((len(added), self.n + 1, words), dtype=np.uint64)
            np.cumsum(self._each[order], axis=1, out=prefixes[:, 1:])
        if not self.measures:
            self._prefixes = prefixes
        elif self._prefixes is not None:
            self._prefixes = np.concatenate([self._prefixes, prefixes]) if prefixes is not None else None
        self.measures += [measure for measure, _ in added]
        self.tags = np.array([measure.tag for measure in self.measures])
        self._sorted = np.concatenate([self._sorted, np.take_along_axis(values, order, axis=1)])
        self._positions = np.concatenate([self._positions, positions])


def _standardised(column: int, values: Floats) -> tuple[Measure, Floats]:
    """z-scores, with a mean and deviation summed exactly so that they are the same on every machine."""
    numbers = values.tolist()
    try:
        mean = math.fsum(numbers) / len(numbers)
        std = math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / len(numbers))
    except OverflowError:
        std = 0.0
    if not std:
        return Measure(column, "NZ", (0.0, 0.0)), np.zeros_like(values)
    return Measure(column, "NZ", (mean, std)), (values - mean) / std


def _frequencies(text: str) -> dict[str, float]:
    return {character: text.count(character) / len(text) for character in sorted(set(text))}
