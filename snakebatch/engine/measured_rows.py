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
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bits import Bits, one_bit_each, pack, words_for
from snakebatch.engine.columns import measured
from snakebatch.engine.draws import below, mix
from snakebatch.engine.measures import REFERENCE_MEASURES, chi_squared
from snakebatch.engine.population import NumberColumn, Population, Rows
from snakebatch.engine.profiles import TAG_NUMBERS

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
        self.tags: Ints = np.empty(0, dtype=np.int64)
        self._known: dict[tuple[int, str, int], int] = {}
        self._texts: dict[int, tuple[list[str], Ints]] = {}
        self._spelled: dict[tuple[int, str, str], Bits] = {}
        empty = np.empty((0, self.n), dtype=np.int64)
        self._sorted: Floats = np.empty((0, self.n))
        self._runs: Ints = empty
        self._low: Ints = empty
        self._high: Ints = empty
        self._prefixes: Bits | None = None
        self._order: Ints = empty
        self._each: Bits | None = None
        self._stack(
            [
                (Measure(index + 1, "N" if isinstance(column, NumberColumn) else "TEQ"), self._base(index))
                for index, column in enumerate(population.features)
            ]
        )
        self.base_codes: Ints = self._low
        """For each feature and row its value's first sorted position: equal exactly where the values are."""
        self.base_past: Ints = self._high
        """For each feature and row the sorted position behind the last one of its value."""

    @cached_property
    def everything(self) -> Bits:
        """Bits of all rows."""
        return pack(np.ones(self.n, dtype=np.bool_))

    def number_of(self, column: int, tag: str, draw: int) -> int:
        """The measure's number, made on first use; ``draw`` picks the reference of a measure that needs
        one."""
        slot = below(draw, REFERENCES) if tag in _SCORES else 0
        found = self._known.get((column, tag, slot))
        if found is None:
            self._stack([self._new_measure(column, tag, slot)])
            found = self._known[column, tag, slot] = len(self.measures) - 1
        return found

    def low(self, measure: Ints, row: Ints) -> Ints:
        """The first sorted position of the row's value."""
        found: Ints = self._low.ravel()[measure * self.n + row]
        return found

    def high(self, measure: Ints, row: Ints) -> Ints:
        """The sorted position behind the last one of the row's value."""
        found: Ints = self._high.ravel()[measure * self.n + row]
        return found

    def lows(self, measure: Ints) -> Ints:
        """:meth:`low` of every row, for each measure asked for."""
        return self._low[measure]

    def highs(self, measure: Ints) -> Ints:
        """:meth:`high` of every row, for each measure asked for."""
        return self._high[measure]

    def run_start(self, measure: Ints, position: Ints) -> Ints:
        """The first position that has the value of this one."""
        found: Ints = self._runs.ravel()[measure * self.n + position]
        return found

    def sorted_value(self, measure: Ints, position: Ints) -> Floats:
        """The value at a sorted position."""
        found: Floats = self._sorted.ravel()[measure * self.n + position]
        return found

    def interval(self, measure: Ints, low: Ints, high: Ints) -> Bits:
        """Bits of the rows at sorted positions low <= p < high, both at ends of runs of equal values."""
        table = self._table()
        if table is not None:
            width, flat = self.n + 1, table.reshape(-1, table.shape[-1])
            bits: Bits = flat[measure * width + high]
            inner = low > 0
            if inner.any():
                bits[inner] &= ~flat[measure[inner] * width + low[inner]]
            return bits
        bits = np.empty((len(measure), words_for(self.n)), dtype=np.uint64)
        step = max(1, _CHUNK_CELLS // self.n)
        for first in range(0, len(measure), step):
            part = slice(first, first + step)
            at = self._low[measure[part]]
            bits[part] = pack((at >= low[part, None]) & (at < high[part, None]))
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
        """Sort the rows by some more measures."""
        values = np.stack([column for _, column in added])
        order = np.argsort(values, axis=1, kind="stable")
        ordered = np.take_along_axis(values, order, axis=1)
        place = np.arange(self.n)
        starts = np.ones(ordered.shape, dtype=np.bool_)
        starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
        runs = np.maximum.accumulate(np.where(starts, place, 0), axis=1)
        ends = np.roll(starts, -1, axis=1)
        ends[:, -1] = True
        past = np.minimum.accumulate(np.where(ends, place + 1, self.n)[:, ::-1], axis=1)[:, ::-1]
        low, high = np.empty_like(order), np.empty_like(order)
        np.put_along_axis(low, order, runs, axis=1)
        np.put_along_axis(high, order, past, axis=1)
        self.measures += [measure for measure, _ in added]
        self.tags = np.array([TAG_NUMBERS[measure.tag] for measure in self.measures])
        self._order = np.concatenate([self._order, order])
        self._sorted = np.concatenate([self._sorted, ordered])
        self._runs = np.concatenate([self._runs, runs])
        self._low = np.concatenate([self._low, low])
        self._high = np.concatenate([self._high, high])

    def _table(self) -> Bits | None:
        """For each measure the rows below each sorted position, as bits; None where that takes too much."""
        words = words_for(self.n)
        done = 0 if self._prefixes is None else len(self._prefixes)
        if done == len(self.measures):
            return self._prefixes
        if len(self.measures) * (self.n + 1) * words * 8 > _TABLE_BYTES:
            return None
        if self._each is None:
            self._each = one_bit_each(self.n)
        added = np.zeros((len(self.measures) - done, self.n + 1, words), dtype=np.uint64)
        np.cumsum(self._each[self._order[done:]], axis=1, out=added[:, 1:])
        self._prefixes = added if self._prefixes is None else np.concatenate([self._prefixes, added])
        return self._prefixes


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
