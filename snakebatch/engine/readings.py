"""What is measured of the rows that are asked: each measure once a row, or once a vocabulary entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.columns import literal_measure, measured
from snakebatch.engine.population import Rows, TextColumn
from snakebatch.engine.queries import QueryTable
from snakebatch.engine.rules import Ints
from snakebatch.engine.thresholds import Measures

_T = TypeVar("_T", bound=np.generic)

_UNKNOWN = -1.0
"""Not yet measured: what literals of their own measure of a text is 0 or more, or NaN."""

_SMALL_VOCABULARY = 8
"""A vocabulary is small if at least so many rows share an entry."""

_KEPT_CELLS = 1 << 22
"""Most vocabulary entries whose measures are kept."""

_RANK_COST = 2
"""What a cell's rank costs, times the square of the bits of the number of bounds: a longer search meets more
cache misses. In comparisons of a literal with a row, or rather in what each saves (measured)."""


@dataclass
class Ranks:
    """``matrix`` (measures, rows): how many of the ``bounds`` a measure reaches, ``none`` where it is NaN;
    only of the measures that are ``ready``.

    ``worth`` are the comparisons that are expected, less what was spent on ranks.
    """

    bounds: NDArray[np.float64]
    matrix: NDArray[np.unsignedinteger[Any]]
    ready: NDArray[np.bool_]
    none: int
    worth: int = 0


class Readings:
    """The measures of ``table``'s rows, NaN where there is none (an absent column, a text for a number).

    ``has_void`` tells whether a plain measure that was read holds a NaN.
    """

    def __init__(self, table: QueryTable, measures: Measures) -> None:
        self.has_void = False
        self._table = table
        self._measures = measures
        self._matrix = np.empty((0, len(table)), dtype=np.float64)
        self._filled = np.zeros(0, dtype=np.bool_)
        self._kept: dict[int, NDArray[np.float64]] = {}
        self._kept_cells = 0
        self._ranks: dict[int, Ranks] = {}

    def __len__(self) -> int:
        return len(self._table)

    def plain(self, numbers: Ints) -> NDArray[np.float64]:
        """(measures, rows): plain measures of all rows; those not in ``numbers`` may be unset."""
        self._filled = _longer(self._filled, len(self._measures.plain))
        self._matrix = _longer(self._matrix, len(self._measures.plain))
        missing = sorted(set(numbers[~self._filled[numbers]].tolist()))
        for number in missing:
            column, tag = self._measures.plain[number]
            population = self._table.population
            self._matrix[number] = self._patched(
                number, column, measured(population, column, tag, population.all_rows), population.all_rows
            )
            self._filled[number] = True
        if missing and not self.has_void:
            self.has_void = bool(np.isnan(self._matrix[missing]).any())
        return self._matrix

    def expect(self, bounds: NDArray[np.float64], comparisons: int) -> None:
        """Tell that so many comparisons of a literal with a row are going to be made with these bounds."""
        self._ranks_of(bounds).worth += comparisons

    def ranks(self, numbers: Ints, bounds: NDArray[np.float64]) -> Ranks | None:
        """How many of the bounds (distinct, ascending) plain measures reach; kept for this array of bounds.

        Small integers are compared twice as fast as the measures themselves. But all rows are ranked for it:
        None where more than the comparisons that are expected are worth, as with buckets that few rows reach
        and that share their bounds with few others.
        """
        values = self.plain(numbers)
        found = self._ranks_of(bounds)
        found.ready = _longer(found.ready, len(values))
        missing = np.array(sorted(set(numbers[~found.ready[numbers]].tolist())), dtype=np.int64)
        if len(missing):
            cost = _RANK_COST * len(bounds).bit_length() ** 2 * len(missing) * len(self)
            if cost > found.worth:
                return None
            found.worth -= cost
            found.matrix = _longer(found.matrix, len(values))
            asked = values[missing]
            found.matrix[missing] = np.searchsorted(bounds, asked, side="right")
            if self.has_void:
                found.matrix[missing] = np.where(np.isnan(asked), found.none, found.matrix[missing])
            found.ready[missing] = True
        return found

    def _ranks_of(self, bounds: NDArray[np.float64]) -> Ranks:
        found = self._ranks.get(id(bounds))
        if found is None:
            kind = np.min_scalar_type(len(bounds) + 1)
            matrix = np.empty((0, len(self)), dtype=kind)
            found = Ranks(bounds, matrix, np.zeros(0, dtype=np.bool_), int(np.iinfo(kind).max))
            self._ranks[id(bounds)] = found
        return found

    def values(self, number: int, rows: Rows) -> NDArray[np.float64]:
        """A measure of some rows."""
        if number >= 0:
            found: NDArray[np.float64] = self.plain(np.array([number]))[number, rows]
            return found
        literal, test = self._measures.own[~number]
        population = self._table.population
        column = population.column(literal.column)
        if isinstance(column, TextColumn):
            read = self._of_texts(number, column, test.measure, column.codes[rows])
        else:
            read = literal_measure(population, literal, test, rows)
        return self._patched(number, literal.column, read, rows)

    def _of_texts(
        self, number: int, column: TextColumn, measure: Any, codes: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        size = len(column.vocabulary)
        kept = self._kept.get(number)
        if kept is None:
            kept = np.full(size, _UNKNOWN)
            if self._kept_cells + size <= _KEPT_CELLS:
                self._kept_cells += size
                self._kept[number] = kept
        found = kept[codes]
        unknown = found == _UNKNOWN
        if not unknown.any():
            return found
        # A small vocabulary is measured at once, of a large one what is asked for.
        every = size * _SMALL_VOCABULARY <= len(self)
        for code in range(size) if every else set(codes[unknown].tolist()):
            kept[code] = measure(column.vocabulary[code])
        return kept[codes]

    def _patched(
        self, number: int, column: int, values: NDArray[np.float64], rows: Rows
    ) -> NDArray[np.float64]:
        """The values with those of absent and of odd cells put right."""
        absent, odd = self._table.absent.get(column), self._table.odd.get(column)
        if absent is None and odd is None:
            return values
        values = values.copy()
        if odd is not None:
            _, function = self._measures.function(number)
            for place in np.flatnonzero(np.isin(rows, list(odd))).tolist():
                values[place] = function(odd[int(rows[place])])
        if absent is not None:
            values[absent[rows]] = np.nan
        return values


def _longer(rows: NDArray[_T], size: int) -> NDArray[_T]:
    """The same rows, and zeros behind them up to this many."""
    if len(rows) >= size:
        return rows
    longer = np.zeros((size, *rows.shape[1:]), dtype=rows.dtype)
    longer[: len(rows)] = rows
    return longer
