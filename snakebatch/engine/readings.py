"""What is measured of the rows that are asked: each measure once a row, or once a vocabulary entry."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.columns import literal_measure, measured
from snakebatch.engine.population import Rows, TextColumn
from snakebatch.engine.queries import QueryTable
from snakebatch.engine.rules import Ints
from snakebatch.engine.thresholds import Measures

_UNKNOWN = -1.0
"""Not yet measured: what literals of their own measure of a text is 0 or more, or NaN."""

_SMALL_VOCABULARY = 8
"""A vocabulary is small if at least so many rows share an entry."""

_KEPT_CELLS = 1 << 22
"""Most vocabulary entries whose measures are kept."""


class Ranks(NamedTuple):
    """``matrix`` (measures, rows): how many of the ``bounds`` a measure reaches, ``none`` where it is NaN;
    only of the measures that are ``ready``.
    """

    bounds: NDArray[np.float64]
    matrix: NDArray[np.unsignedinteger[Any]]
    ready: NDArray[np.bool_]
    none: int


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
        if len(self._filled) < len(self._measures.plain):
            self._grow()
        missing = numbers[~self._filled[numbers]]
        for number in set(missing.tolist()):
            column, tag = self._measures.plain[number]
            population = self._table.population
            self._matrix[number] = self._patched(
                number, column, measured(population, column, tag, population.all_rows), population.all_rows
            )
            self._filled[number] = True
            self.has_void = self.has_void or bool(np.isnan(self._matrix[number]).any())
        return self._matrix

    def ranks(self, numbers: Ints, bounds: NDArray[np.float64]) -> Ranks:
        """How many of the bounds (distinct, ascending) plain measures reach; kept for this array of bounds.

        Small integers are compared several times faster than the measures themselves.
        """
        values = self.plain(numbers)
        found = self._ranks.get(id(bounds))
        if found is None or len(found.ready) < len(values):
            kind = np.min_scalar_type(len(bounds) + 1)
            empty = np.empty(values.shape, dtype=kind)
            found = Ranks(bounds, empty, np.zeros(len(values), dtype=np.bool_), int(np.iinfo(kind).max))
            self._ranks[id(bounds)] = found
        missing = np.array(sorted(set(numbers[~found.ready[numbers]].tolist())), dtype=np.int64)
        if len(missing):
            asked = values[missing]
            found.matrix[missing] = np.searchsorted(bounds, asked, side="right")
            if self.has_void:
                found.matrix[missing] = np.where(np.isnan(asked), found.none, found.matrix[missing])
            found.ready[missing] = True
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

    def _grow(self) -> None:
        size = len(self._measures.plain)
        matrix = np.empty((size, len(self._table)), dtype=np.float64)
        matrix[: len(self._matrix)] = self._matrix
        filled = np.zeros(size, dtype=np.bool_)
        filled[: len(self._filled)] = self._filled
        self._matrix, self._filled = matrix, filled
