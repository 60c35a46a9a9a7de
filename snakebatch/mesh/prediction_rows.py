"""The rows of a batch, checked one by one before any shard is asked, as JSON lines.

Refused is what no literal can be asked of: a cell that is a list or an object, a number that is not finite, a
text where the model compares numbers. A row of JSON may lack columns, as in ``Snake``: no literal on them
holds. A table must have them all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, TextIO

import numpy as np

from snakebatch.engine.cells import MISSING_WORDS
from snakebatch.engine.csv_rows import open_rows
from snakebatch.engine.model_json import text_of
from snakebatch.engine.tables import check_names, is_frame, row_dicts, table_of
from snakebatch.errors import InputError, shown

LONGEST_ROW = 1 << 24
"""Characters of a row: a file without line ends must not be read whole in search of one."""


class RowChecker:
    """Checks the cells of rows against a model's columns."""

    def __init__(self, header: Sequence[str], datatypes: Sequence[str]) -> None:
        self._types = dict(zip(header[1:], datatypes[1:], strict=True))

    def check(self, row: Any, number: int) -> None:
        """Raise InputError naming the row (from 1) and the column of a cell that can't be asked about."""
        if not isinstance(row, dict):
            raise InputError(f"row {number} is {_kind(row)}; give an object with a field for each column")
        known = False
        for name, value in row.items():
            datatype = self._types.get(name)
            if datatype is None:
                continue
            known = True
            if type(value) is float and math.isfinite(value):
                continue
            problem = _problem(value, datatype)
            if problem:
                raise InputError(f"row {number}, column {shown(name)}: {problem}")
        if not known:
            columns = ", ".join(shown(name) for name in list(self._types)[:5])
            raise InputError(f"row {number} has none of the columns that the model asks for ({columns})")

    def check_columns(self, names: Sequence[str]) -> None:
        """Raise InputError where a table lacks a column, or has one twice."""
        check_names(names)
        for name in self._types:
            if name not in names:
                raise InputError(f"there is no column {shown(name)}, which the model asks for")


def rows_of(given: list[Any] | str) -> Iterator[tuple[Any, str]]:
    """Rows that came inline, as objects or as the text of JSON lines; each with its line."""
    if isinstance(given, str):
        return rows_of_lines(given.split("\n"))
    return ((row, text_of(row)) for row in given)


def rows_of_lines(lines: Iterable[str]) -> Iterator[tuple[Any, str]]:
    """The rows of JSON lines; blank lines are none. Raises InputError naming a row that is not JSON."""
    number = 0
    for line in lines:
        text = line.strip()
        if text:
            number += 1
            yield _parsed(text, number), text


def rows_of_json_file(text: TextIO) -> Iterator[tuple[Any, str]]:
    """The rows of a file of JSON lines."""
    return rows_of_lines(_bounded_lines(text))


def rows_of_csv(text: TextIO, checker: RowChecker) -> Iterator[tuple[Any, str]]:
    """The rows of a table, its header checked first; cells are texts, as for ``snakebatch predict``."""
    header, chunks = open_rows(text)
    checker.check_columns(header)
    for chunk in chunks:
        for cells in chunk:
            row = dict(zip(header, cells, strict=True))
            yield row, text_of(row)


def lines_of(rows: Any) -> list[str]:
    """Rows as a caller in Python has them, dicts or a DataFrame, as JSON lines; a missing cell is null.

    Raises InputError on rows of another kind, and naming row and column of a number that is not finite.
    """
    if is_frame(rows):
        rows = row_dicts(*table_of(rows))
    if isinstance(rows, Mapping | str | bytes) or not hasattr(rows, "__iter__"):
        raise InputError(f"the rows are {_kind(rows)}; give a list of dicts or a DataFrame")
    return [_line(row, number) for row, number in zip(rows, count(1), strict=False)]


def _line(row: Any, number: int) -> str:
    if not isinstance(row, Mapping):
        raise InputError(f"row {number} is {_kind(row)}; give a dict with a value for each column")
    return text_of({str(name): _cell(value, number, str(name)) for name, value in row.items()})


def _cell(value: Any, number: int, name: str) -> Any:
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, float | np.floating):
        if value != value:
            return None
        if math.isinf(value):
            raise InputError(f"row {number}, column {shown(name)}: {_problem(float(value), 'N')}")
    return value


def _parsed(text: str, number: int) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"row {number} is not JSON ({error}); give one object a line") from error


def _bounded_lines(text: TextIO) -> Iterator[str]:
    for number in count(1):
        line = text.readline(LONGEST_ROW)
        if not line:
            return
        if len(line) >= LONGEST_ROW:
            raise InputError(f"line {number} has {LONGEST_ROW:,} characters or more; give one object a line")
        yield line


def _problem(value: Any, datatype: str) -> str | None:
    """What is wrong with a cell, and what to do; None where nothing is."""
    if isinstance(value, list | dict):
        return f"{_kind(value)} is no cell; give a number or a text"
    if isinstance(value, float) and math.isinf(value):
        return "not a finite number; give a finite one, or leave the cell empty"
    if datatype != "N" or value is None or value == "":
        return None
    if isinstance(value, str) and value in MISSING_WORDS:
        return None
    try:
        infinite = math.isinf(float(value))
    except ValueError:
        return f"{shown(value)} is not a number; give one, or leave the cell empty"
    except OverflowError:
        infinite = True
    return _problem(math.inf, datatype) if infinite else None


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), f"a {type(value).__name__}")
