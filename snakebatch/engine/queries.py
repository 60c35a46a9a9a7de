"""Rows that a model is asked about: the fields of one row made ready, or many rows as columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.cells import MISSING_WORDS, as_text, is_missing
from snakebatch.engine.population import Column, NumberColumn, Population, TextColumn
from snakebatch.errors import InputError

ABSENT: Final = object()
"""The field of a row that lacks the column: no literal on it holds, nor its negation."""

Row = Mapping[str, Any]
Columns = Mapping[str, Any]
"""Columns by name: arrays or sequences, all of one length."""


def ready_field(value: Any, datatype: str) -> Any:
    """A field as the literals take it.

    N: ``float(value)`` where that works; a missing cell is 0.0, as in training; anything else is left alone.
    T: ``str(value)``, a missing cell ``""``.
    """
    if datatype == "T":
        return as_text(value)
    if is_missing(value) or (isinstance(value, str) and (not value or value in MISSING_WORDS)):
        return 0.0
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return value
    return number if number == number else 0.0


def ready_fields(row: Row, header: Sequence[str], datatypes: Sequence[str]) -> list[Any]:
    """The fields of a row, parallel to the header; ABSENT where the row lacks the column, and for the
    target.
    """
    fields: list[Any] = [ABSENT]
    for name, datatype in zip(header[1:], datatypes[1:], strict=True):
        value = row.get(name, ABSENT)
        fields.append(value if value is ABSENT else ready_field(value, datatype))
    return fields


@dataclass(frozen=True)
class QueryTable:
    """Rows as a population, and what a population can't hold.

    absent   column -> where rows lack it (their cells are 0.0 or ``""`` in the population)
    odd      column of datatype N -> row -> the field, where that is no number (0.0 in the population)
    """

    population: Population
    absent: Mapping[int, NDArray[np.bool_]]
    odd: Mapping[int, Mapping[int, Any]]

    def __len__(self) -> int:
        return len(self.population)

    def part(self, start: int, stop: int) -> QueryTable:
        """The rows from ``start`` up to ``stop``."""
        if start == 0 and stop >= len(self):
            return self
        population = self.population
        columns = tuple(_part(column, start, stop) for column in population.features)
        return QueryTable(
            _population(population.header, population.datatypes, columns, len(population.codes[start:stop])),
            {column: lacking[start:stop] for column, lacking in self.absent.items()},
            {
                column: {row - start: field for row, field in fields.items() if start <= row < stop}
                for column, fields in self.odd.items()
            },
        )


def query_table(rows: Sequence[Row] | Columns, header: Sequence[str], datatypes: Sequence[str]) -> QueryTable:
    """The table of rows, given as mappings or as columns by name; each field as ``ready_field`` makes it.

    Raises InputError where columns differ in length.
    """
    size = _size(rows) if isinstance(rows, Mapping) else len(rows)
    columns: dict[int, Column] = {}
    absent: dict[int, NDArray[np.bool_]] = {}
    odd: dict[int, dict[int, Any]] = {}
    numbers = [index for index in range(1, len(header)) if datatypes[index] == "N"]
    matrix = _total_numbers(rows, [header[index] for index in numbers])
    if matrix is not None:
        columns.update((index, NumberColumn(values)) for index, values in zip(numbers, matrix, strict=True))
    rest = [index for index in range(1, len(header)) if index not in columns]
    for index, (cells, lacking) in zip(
        rest, _cells(rows, [header[index] for index in rest], size), strict=True
    ):
        if lacking is not None:
            absent[index] = lacking
            filler: Any = 0.0 if datatypes[index] == "N" else ""
            cells = [filler if cell is ABSENT else cell for cell in cells]
        if datatypes[index] == "N":
            values, others = _numbers(cells)
            columns[index] = NumberColumn(values)
            if others:
                odd[index] = others
        else:
            columns[index] = _texts(cells)
    ordered = tuple(columns[index] for index in range(1, len(header)))
    return QueryTable(_population(tuple(header), tuple(datatypes), ordered, size), absent, odd)


def _population(
    header: tuple[str, ...], datatypes: tuple[str, ...], columns: tuple[Column, ...], size: int
) -> Population:
    return Population(
        header=header,
        datatypes=datatypes,
        features=columns,
        classes=(None,),
        codes=np.zeros(size, dtype=np.int32),
    )


def _part(column: Column, start: int, stop: int) -> Column:
    if isinstance(column, NumberColumn):
        return NumberColumn(column.values[start:stop])
    return TextColumn(column.codes[start:stop], column.vocabulary)


def _size(columns: Columns) -> int:
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"columns of a query differ in length: {lengths}; give one cell a row in each")
    return next(iter(lengths.values()), 0)


_Cells = Sequence[Any] | NDArray[Any]


def _cells(
    rows: Sequence[Row] | Columns, names: Sequence[str], size: int
) -> Iterator[tuple[_Cells, NDArray[np.bool_] | None]]:
    """The cells of each column, and where rows have none, if some do not (their cells are ABSENT)."""
    for name in names:
        if isinstance(rows, Mapping):
            column = rows.get(name, ABSENT)
            if column is ABSENT:
                yield [ABSENT] * size, np.ones(size, dtype=np.bool_)
            elif isinstance(column, np.ndarray):
                yield column if column.dtype.kind in "fiub" else column.tolist(), None
            else:
                yield list(column), None
            continue
        try:
            yield list(map(itemgetter(name), rows)), None
        except KeyError:
            cells = [row.get(name, ABSENT) for row in rows]
            yield cells, np.array([cell is ABSENT for cell in cells], dtype=np.bool_)


def _total_numbers(rows: Sequence[Row] | Columns, names: Sequence[str]) -> NDArray[np.float64] | None:
    """(columns, rows): the N columns of rows that lack none of them, if all their cells are numbers or
    missing, else None.
    """
    if isinstance(rows, Mapping) or not names:
        return None
    found: Iterable[Any] = map(itemgetter(*names), rows)
    try:
        cells = found if len(names) == 1 else chain.from_iterable(found)
        values = np.fromiter(cells, dtype=np.float64, count=len(rows) * len(names))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return _without_missing(np.ascontiguousarray(values.reshape(len(rows), len(names)).T))


def _without_missing(values: NDArray[np.float64]) -> NDArray[np.float64]:
    missing = values != values
    return np.where(missing, 0.0, values) if missing.any() else values


def _numbers(cells: _Cells) -> tuple[NDArray[np.float64], dict[int, Any]]:
    """The values of an N column, and by row the fields that are no numbers."""
    others: dict[int, Any] = {}
    if isinstance(cells, np.ndarray):
        values = cells.astype(np.float64)
    else:
        try:
            # NumPy takes a cell as float() does, and None as NaN, which is missing as well.
            values = np.fromiter(cells, dtype=np.float64, count=len(cells))
        except (TypeError, ValueError, OverflowError):
            fields = list(map(ready_field, cells, repeat("N")))
            others = {row: field for row, field in enumerate(fields) if type(field) is not float}
            values = np.array([field if type(field) is float else 0.0 for field in fields], dtype=np.float64)
    return _without_missing(values), others


def _texts(cells: _Cells) -> TextColumn:
    if isinstance(cells, np.ndarray):
        cells = cells.tolist()
    texts = cells if set(map(type, cells)) <= {str} else list(map(as_text, cells))
    vocabulary = sorted(set(texts))
    code_of = {text: code for code, text in enumerate(vocabulary)}
    codes = np.fromiter(map(code_of.__getitem__, texts), dtype=np.int32, count=len(texts))
    return TextColumn(codes, vocabulary)
