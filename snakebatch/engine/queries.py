"""Rows that a model is asked about: their fields made ready, one row at a time or as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.cells import MISSING_WORDS, as_text, is_missing
from snakebatch.engine.columns import truth
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Column, NumberColumn, Population, Rows, TextColumn

ABSENT: Final = object()
"""The field of a row that lacks the column: no literal on it holds, nor its negation."""


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


def ready_fields(row: Mapping[str, Any], header: Sequence[str], datatypes: Sequence[str]) -> list[Any]:
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
    """Rows as a population (so that ``truth`` can be asked), with the columns that some rows lack.

    ``odd`` are the rows with a field in an N column that is no number: these are asked one by one.
    """

    population: Population
    present: dict[int, NDArray[np.bool_]]
    odd: list[int]

    def __len__(self) -> int:
        return len(self.population)

    def holds(self, literal: Literal, rows: Rows) -> NDArray[np.bool_]:
        """Where the literal holds, parallel to ``rows``."""
        outcome = truth(self.population, literal, rows)
        present = self.present.get(literal.column)
        return outcome if present is None else outcome & present[rows]


def query_table(rows: Sequence[Sequence[Any]], header: Sequence[str], datatypes: Sequence[str]) -> QueryTable:
    """The table of rows whose fields ``ready_fields`` gave."""
    columns: list[Column] = []
    present: dict[int, NDArray[np.bool_]] = {}
    odd: set[int] = set()
    for index in range(1, len(header)):
        fields = [row[index] for row in rows]
        if any(field is ABSENT for field in fields):
            present[index] = np.array([field is not ABSENT for field in fields], dtype=np.bool_)
        if datatypes[index] == "N":
            columns.append(_numbers(fields, odd))
        else:
            columns.append(_texts(fields))
    population = Population(
        header=tuple(header),
        datatypes=tuple(datatypes),
        features=tuple(columns),
        classes=(None,),
        codes=np.zeros(len(rows), dtype=np.int32),
    )
    return QueryTable(population, present, sorted(odd))


def _numbers(fields: list[Any], odd: set[int]) -> NumberColumn:
    values = np.zeros(len(fields), dtype=np.float64)
    for row, field in enumerate(fields):
        if type(field) is float:
            values[row] = field
        elif field is not ABSENT:
            odd.add(row)
    return NumberColumn(values)


def _texts(fields: list[Any]) -> TextColumn:
    texts = ["" if field is ABSENT else field for field in fields]
    vocabulary = sorted(set(texts))
    code_of = {text: code for code, text in enumerate(vocabulary)}
    return TextColumn(np.array([code_of[text] for text in texts], dtype=np.int32), vocabulary)
