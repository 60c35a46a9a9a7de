"""Groups of few rows, ranked by many measures: what candidate literals are drawn from and evaluated on.

A measure is a column under a tag: the number itself, the length of a text, its distance to a reference...
For each one the rows of its group stand in sorted order, and a threshold or an equality is an *interval of
sorted positions*. The rows of an interval, as bits, are the difference of two entries of a prefix table, so
that evaluating a literal on all rows is reading a few words. A table is made for the measures that are asked
often; for the others the bits are computed from the positions.

Groups stand side by side, padded to the widest, so that the work on many small buckets is one array
operation. What is found in a group never depends on the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import repeat
from operator import contains
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.arrays import Flags, Floats, Ints, Positions
from snakebatch.engine.bits import Bits, pack, unpack, words_for
from snakebatch.engine.columns import measured
from snakebatch.engine.draws import Words, below, mix
from snakebatch.engine.growing import Growing
from snakebatch.engine.measures import REFERENCE_MEASURES, chi_squared
from snakebatch.engine.population import NumberColumn, Population, Rows
from snakebatch.engine.prefix_tables import PrefixTables
from snakebatch.engine.profiles import TAG_NUMBERS

REFERENCES = 8
"""Texts of these rows, a column, that LEV, JAC, SIM, PFX, SFX and CFC compare with."""

_CHUNK_CELLS = 1 << 20
"""Bound on intervals x rows that are compared at once, where there is no table."""

_SCORES: dict[str, Callable[[str, Any], float]] = {**REFERENCE_MEASURES, "CFC": chi_squared}

_SPELLED: dict[str, Callable[[str, str], bool]] = {
    "T": contains,
    "TSW": str.startswith,
    "TEW": str.endswith,
}


class Measure(NamedTuple):
    """A column (header index) under a tag, on the rows of one group.

    ``reference`` is what stands before the threshold in a literal's value: a text, frequencies, mean and
    deviation.
    """

    group: int
    column: int
    tag: str
    reference: tuple[Any, ...] = ()


class MeasuredRows:
    """``g`` groups of rows of a population under a growing set of measures.

    A row is known by its group and its local number 0..n-1 in it. Measure ``c * g + i`` is the number or
    text itself of feature ``c`` in group ``i``; further ones follow as they are asked for.
    """

    def __init__(self, population: Population, groups: Sequence[Rows], keys: Words) -> None:
        self.population = population
        self.groups = groups
        self.keys = keys
        self.n: Ints = np.array([len(rows) for rows in groups], dtype=np.int64)
        self.width = int(self.n.max())
        self.words = words_for(self.width)
        self.real: Flags = np.arange(self.width) < self.n[:, None]
        """(g, width): False where a group is padded."""
        self.everything: Bits = pack(self.real)
        """(g, words): bits of all rows of a group."""
        self.flips: Bits = np.stack([np.zeros_like(self.everything), self.everything], axis=1)
        self.flips = self.flips.reshape(-1, self.words)
        """(2g, words): for each group no rows, then all: XOR with these keeps bits, or complements them."""
        self.rows: Ints = np.zeros(self.real.shape, dtype=np.int64)
        self.rows[self.real] = np.concatenate(groups)
        """(g, width): row numbers, 0 where padded."""
        self.measures: list[Measure] = []
        self.group: Ints = np.empty(0, dtype=np.int64)
        self.tags: Ints = np.empty(0, dtype=np.int64)
        self._known: dict[tuple[int, int, str, int], int] = {}
        self._texts: dict[tuple[int, int], tuple[list[str], Ints]] = {}
        self._spelled: dict[tuple[int, int, str, str], Bits] = {}
        self._tables = PrefixTables(self.width)
        names = [("N" if isinstance(column, NumberColumn) else "TEQ") for column in population.features]
        base = [
            Measure(group, index, tag) for index, tag in enumerate(names, 1) for group in range(len(groups))
        ]
        values = np.empty((len(names), *self.rows.shape))
        for index in range(len(names)):
            values[index] = self._base(index)[self.rows]
        values[:, ~self.real] = np.inf
        ranked = _rank(values.reshape(-1, self.width), np.tile(self.n, len(names)))
        self._ranked: list[Growing[Any]] = [Growing(part) for part in ranked]
        self._look()
        self._add(base)
        shape = (len(names), *self.rows.shape)
        self.base_codes: Positions = self._low.reshape(shape)
        """(features, g, width): each value's first sorted position: equal exactly where the values are."""
        self.base_rows = np.ascontiguousarray(np.moveaxis(self.base_codes, 0, -1))
        """(g, width, features): the same, the codes of a row side by side."""
        self.base_order: Ints = self._order.reshape(shape)
        """(features, g, width): the row at each sorted position; padding stands last."""
        self.base_past: Positions = self._past.reshape(shape)
        """(features, g, width): for each sorted position the one behind the last of the same value."""

    def __len__(self) -> int:
        return len(self.groups)

    def numbers_of(self, wanted: Sequence[tuple[int, int, str, int]]) -> list[int]:
        """The number of each measure (group, column, tag, draw), made on first use; ``draw`` picks the
        reference of a measure that needs one."""
        keys = [
            (group, column, tag, below(draw, REFERENCES) if tag in _SCORES else 0)
            for group, column, tag, draw in wanted
        ]
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        if new:
            self._known.update((key, number) for number, key in enumerate(new, len(self.measures)))
            values = np.full((len(new), self.width), np.inf)
            added = []
            for key, row in zip(new, values, strict=True):
                measure, scores = self._new_measure(*key)
                row[: len(scores)] = scores
                added.append(measure)
            ranked = _rank(values, self.n[[measure.group for measure in added]])
            for kept, more in zip(self._ranked, ranked, strict=True):
                kept.add(len(new))[:] = more
            self._look()
            self._add(added)
        return [self._known[key] for key in keys]

    def low(self, measure: Ints, row: Ints) -> Positions:
        """The first sorted position of the row's value."""
        found: Positions = self._low.ravel()[measure * self.width + row]
        return found

    def high(self, measure: Ints, row: Ints) -> Positions:
        """The sorted position behind the last one of the row's value."""
        start = measure * self.width
        found: Positions = self._past.ravel()[start + self._low.ravel()[start + row]]
        return found

    def first(self, measure: Ints, bits: Bits) -> Positions:
        """The first sorted position of the lowest row that is set in ``bits`` (measures, words); the width
        where none is."""
        lows = self._low[measure]
        kind = lows.dtype
        # By masks, since a `where` whose condition is as good as random costs four times as much.
        beyond = (unpack(bits, self.width).view(np.int8) - np.int8(1)).astype(kind)
        beyond &= np.iinfo(kind).max
        beyond |= lows
        found: Positions = np.minimum(beyond.min(axis=1), kind.type(self.width))
        return found

    def past(self, measure: Ints, bits: Bits) -> Positions:
        """The sorted position behind the last one of the highest row that is set in ``bits``."""
        lows = self._low[measure]
        inside = np.negative(unpack(bits, self.width).view(np.int8)).astype(lows.dtype)
        inside &= lows
        found: Positions = self._past.ravel()[measure * self.width + inside.max(axis=1)]
        return found

    def run_start(self, measure: Ints, position: Positions) -> Positions:
        """The first position that has the value of this one."""
        found: Positions = self._runs.ravel()[measure * self.width + position]
        return found

    def sorted_value(self, measure: Ints, position: Positions) -> Floats:
        """The value at a sorted position."""
        found: Floats = self._sorted.ravel()[measure * self.width + position]
        return found

    def interval(self, measure: Ints, low: Positions, high: Positions) -> Bits:
        """Bits of the rows at sorted positions low <= p < high, both at ends of runs of equal values."""
        slot = self._tables.slots(measure, self._order)
        if slot is not None and (slot >= 0).all():
            return self._tables.interval(slot, low, high)
        bits = np.empty((len(measure), self.words), dtype=np.uint64)
        rest = np.arange(len(measure))
        if slot is not None:
            ready = np.flatnonzero(slot >= 0)
            bits[ready] = self._tables.interval(slot[ready], low[ready], high[ready])
            rest = np.flatnonzero(slot < 0)
        step = max(1, _CHUNK_CELLS // self.width)
        for first in range(0, len(rest), step):
            part = rest[first : first + step]
            at = self._low[measure[part]]
            bits[part] = pack((at >= low[part, None]) & (at < high[part, None]))
        return bits

    def text(self, group: int, index: int, row: int) -> str:
        """The text of a local row in the feature with this index."""
        return str(self.population.features[index].value(int(self.rows[group, row])))

    def distinct_texts(self, group: int, column: int) -> tuple[list[str], Ints]:
        """The distinct texts of a group in a text column, and the place of each row's text among them."""
        found = self._texts.get((group, column))
        if found is None:
            feature = self.population.column(column)
            codes = self.base_codes[column - 1, group, : self.n[group]]
            _, first, places = np.unique(codes, return_index=True, return_inverse=True)
            texts = [str(feature.value(row)) for row in self.rows[group, first].tolist()]
            found = self._texts[group, column] = (texts, places)
        return found

    def spelled(self, group: int, column: int, tag: str, text: str) -> Bits:
        """Bits of the rows whose text contains (T), starts with (TSW) or ends with (TEW) ``text``."""
        found = self._spelled.get((group, column, tag, text))
        if found is None:
            texts, places = self.distinct_texts(group, column)
            holds = _SPELLED[tag]
            flags = np.fromiter(map(holds, texts, repeat(text)), dtype=np.bool_, count=len(texts))
            padded = np.zeros(self.width, dtype=np.bool_)
            padded[: len(places)] = flags[places]
            found = self._spelled[group, column, tag, text] = pack(padded)
        return found

    def _look(self) -> None:
        self._sorted, self._runs, self._past, self._low, self._order = (kept.rows for kept in self._ranked)

    def _add(self, added: Sequence[Measure]) -> None:
        self.measures += added
        groups = np.array([measure.group for measure in added], dtype=np.int64)
        tags = np.array([TAG_NUMBERS[measure.tag] for measure in added], dtype=np.int64)
        self.group = np.concatenate([self.group, groups])
        self.tags = np.concatenate([self.tags, tags])

    def _base(self, index: int) -> NDArray[Any]:
        column = self.population.features[index]
        return column.values if isinstance(column, NumberColumn) else column.codes

    def _new_measure(self, group: int, column: int, tag: str, slot: int) -> tuple[Measure, Floats]:
        population, rows = self.population, self.groups[group]
        feature = population.column(column)
        if tag == "NZ":
            reference, scores = _standardised(self._base(column - 1)[rows].astype(np.float64))
            return Measure(group, column, tag, reference), scores
        if tag not in _SCORES:
            return Measure(group, column, tag), measured(population, column, tag, rows)
        chosen = below(mix(int(self.keys[group]), column, slot), len(rows))
        text = str(feature.value(int(rows[chosen])))
        reference_text = _frequencies(text) if tag == "CFC" else text
        texts, places = self.distinct_texts(group, column)
        score = _SCORES[tag]
        each = np.array([score(text, reference_text) for text in texts])
        return Measure(group, column, tag, (reference_text,)), each[places]


def _rank(values: Floats, n: Ints) -> tuple[Floats, Positions, Positions, Positions, Ints]:
    """Sort each measure's rows: for each position its value, the start of its run of equal values and what
    is behind the run; for each row the start of its run; and for each position its row. Behind the ``n``
    rows of a measure stands padding.

    Equal values may stand in any order: all that is ever asked about are whole runs of them.
    """
    width = values.shape[1]
    order = np.argsort(values, axis=1)
    # Flat, since take_along_axis and its kin spell out an index for every axis.
    flat = order + np.arange(0, values.size, width)[:, None]
    ordered = values.ravel()[flat]
    # Sums of two positions must fit: half of the range.
    kind: type[np.int16] | type[np.int32] = np.int16 if width < 1 << 14 else np.int32
    starts = np.ones(ordered.shape, dtype=np.bool_)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=starts[:, 1:])
    runs = np.empty(ordered.shape, dtype=kind)
    past = np.empty(ordered.shape, dtype=kind)
    runs[:] = np.arange(width)
    past[:] = np.arange(1, width + 1)
    # Most measures have no equal values, but for those of the padding.
    tied = np.flatnonzero(np.count_nonzero(starts, axis=1) < np.minimum(n + 1, width))
    if len(tied):
        runs[tied] = np.maximum.accumulate(np.where(starts[tied], runs[tied], kind(0)), axis=1)
        ends = np.ones((len(tied), width), dtype=np.bool_)
        ends[:, :-1] = starts[tied, 1:]
        behind = np.where(ends, past[tied], kind(width))
        past[tied] = np.minimum.accumulate(behind[:, ::-1], axis=1)[:, ::-1]
    low = np.empty(ordered.shape, dtype=kind)
    low.ravel()[flat] = runs
    return ordered, runs, past, low, order


def _standardised(values: Floats) -> tuple[tuple[float, float], Floats]:
    """z-scores, with a mean and deviation summed exactly so that they are the same on every machine."""
    numbers = values.tolist()
    try:
        mean = math.fsum(numbers) / len(numbers)
        std = math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / len(numbers))
    except OverflowError:
        std = 0.0
    if not std:
        return (0.0, 0.0), np.zeros_like(values)
    return (mean, std), (values - mean) / std


def _frequencies(text: str) -> dict[str, float]:
    return {character: text.count(character) / len(text) for character in sorted(set(text))}
