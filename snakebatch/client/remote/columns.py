"""Columns as the texts of a CSV file.

Staging finds datatypes from texts, ``Snake`` from Python's values. What is written here is the text that
staging takes for what ``Snake`` takes the value for, so that both train the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from snakebatch.engine.cells import as_text, finite
from snakebatch.engine.csv_rows import MAX_CELL, open_rows
from snakebatch.engine.tables import Cells
from snakebatch.errors import InputError, shown

Texts = Callable[[int, int], Sequence[Any]]
"""The cells from one row up to another, each a text or a number as the file has it."""


def feature_texts(cells: Cells, name: str) -> Texts:
    """As ``intake.read_feature`` takes a column: numbers alone are a column of numbers, all else texts."""
    if isinstance(cells, np.ndarray):
        return _numbers(cells.astype(np.float64), name)
    kinds = set(map(type, cells))
    if all(issubclass(kind, int | float | np.integer | np.floating) and kind is not bool for kind in kinds):
        if kinds == {int}:
            _numbers(_floats(cells), name)  # only to refuse one that is too large
            return lambda start, stop: cells[start:stop]
        return _numbers(_floats(cells), name)
    return _words(cells, name)


def target_texts(cells: Cells, name: str) -> Texts:
    """As ``targets.read_target`` takes it: numbers of an array by their value, all else by its text."""
    if isinstance(cells, np.ndarray):
        return _digits(cells.astype(np.float64) if cells.dtype.kind == "f" else cells)
    for row, cell in enumerate(cells, 1):
        if isinstance(cell, dict | list):
            raise InputError(
                f"row {row}, column {shown(name)}: the target is {_kind(cell)}, which no table can carry; "
                "train in process with Snake, or name each by a text"
            )
    return _words(cells, name)


def _kind(cell: Any) -> str:
    return "an object" if isinstance(cell, dict) else "a list"


def _numbers(values: np.ndarray[Any, np.dtype[np.float64]], name: str) -> Texts:
    finite(values, name, 1)  # raises on an infinite one
    return _digits(values)


def _digits(values: np.ndarray[Any, Any]) -> Texts:
    """Numbers, which csv writes with the digits that give them back; nothing for NaN."""

    def some(start: int, stop: int) -> Sequence[Any]:
        part = values[start:stop]
        cells: list[Any] = part.tolist()
        for place in np.flatnonzero(part != part).tolist():
            cells[place] = ""
        return cells

    return some


def _floats(cells: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    try:
        return np.array(cells, dtype=np.float64)
    except OverflowError:
        return np.array([_float(cell) for cell in cells], dtype=np.float64)


def _float(cell: Any) -> float:
    try:
        return float(cell)
    except OverflowError:
        return float("inf")


def _words(cells: Sequence[Any], name: str) -> Texts:
    def some(start: int, stop: int) -> Sequence[str]:
        texts = list(map(as_text, cells[start:stop]))
        distinct = set(texts)
        if any(_uncarried(text) for text in distinct):
            row, why = next(
                (row, why) for row, text in enumerate(texts, start + 1) if (why := _uncarried(text))
            )
            raise InputError(
                f"row {row}, column {shown(name)}: {why}, which a table can't carry; mend the cell, or train "
                "in process with Snake"
            )
        return texts

    return some


def _uncarried(text: str) -> str:
    """What a CSV file in UTF-8 can't give back of a text; nothing of nearly all."""
    if "\0" in text:
        return "there is a NUL in the text"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "there is half a character (a lone surrogate) in the text"
    return f"the text has {len(text):,} characters" if len(text) > MAX_CELL - 2 else ""


def check_names_travel(names: Sequence[str]) -> None:
    """Raise InputError for a name that the reader of the file would not give back."""
    for name in names:
        why = _uncarried(name)
        if not why and name != name.strip():
            why = "there are blanks around the name"
        if not why and not name:
            why = "there is no name"
        if why:
            raise InputError(f"column {shown(name)}: {why}, which a table can't carry; rename the column")
    read, _ = open_rows(io.StringIO(header_line(names)))
    if read != list(names):
        raise InputError(f"the column names come out of a table as {read[:5]}; rename those with line ends")


def header_line(names: Sequence[str]) -> str:
    """The first line of the file."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(names)
    return text.getvalue()
