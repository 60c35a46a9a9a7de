"""A CSV table as a population, in two streaming passes: the first finds the types, the second the values.

Memory holds the finished columns and one chunk of text, so 1,000,000 rows of 20 numbers need little more than
their 160 MB.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.cells import FeatureSniffer, numbers
from snakebatch.engine.intake import Intake, check_header, finish, order_header, unreadable_warning
from snakebatch.engine.population import Column, NumberColumn, TextColumn
from snakebatch.engine.targets import TargetSniffer, coerce_target
from snakebatch.errors import InputError

CHUNK_ROWS = 16_384
MAX_CELL = 1 << 24
"""Longest cell, in characters: a quote that never closes must not read the whole file into one cell."""

_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'(?:^|(?<=[,;\t|]))"[^"]*"')

OpenText = Callable[[], AbstractContextManager[TextIO]]


def read_csv(open_text: OpenText, target: int | str) -> Intake:
    """Read the table that ``open_text()`` opens (twice); raises InputError naming row and column."""
    with open_text() as lines:
        header, chunks = open_rows(lines)
        place = check_header(header, target)
        target_sniffer, sniffers = TargetSniffer(), [FeatureSniffer() for _ in header]
        seen = 0
        for chunk in chunks:
            seen += len(chunk)
            for index, cells in enumerate(zip(*chunk, strict=True)):
                (target_sniffer if index == place else sniffers[index]).update(cells)
    if not seen:
        raise InputError("the table has a header and no rows; give at least one row")
    datatype = target_sniffer.datatype
    readers = [
        _NumberReader(name) if sniffer.datatype == "N" else _TextReader(name)
        for index, (name, sniffer) in enumerate(zip(header, sniffers, strict=True))
        if index != place
    ]
    values: list[Any] = []
    with open_text() as lines:
        _, chunks = open_rows(lines)
        for chunk in chunks:
            first_row = len(values) + 1
            columns = list(zip(*chunk, strict=True))
            raw = columns.pop(place)
            values += [
                coerce_target(text, datatype, header[place], first_row + k) for k, text in enumerate(raw)
            ]
            for reader, cells in zip(readers, columns, strict=True):
                reader.add(cells, first_row)
    warnings = [warning for reader in readers for warning in reader.warnings()]
    features = [reader.column() for reader in readers]
    return finish(order_header(header, place), datatype, values, features, warnings)


class _NumberReader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[NDArray[np.float64]] = []
        self._unreadable = 0

    def add(self, cells: tuple[str, ...], first_row: int) -> None:
        values, unreadable = numbers(cells, self._name, first_row)
        self._parts.append(values)
        self._unreadable += unreadable

    def warnings(self) -> list[str]:
        return [unreadable_warning(self._name, self._unreadable)] if self._unreadable else []

    def column(self) -> Column:
        return NumberColumn(np.concatenate(self._parts))


class _TextReader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._code_of: dict[str, int] = {}
        self._parts: list[NDArray[np.int32]] = []

    def add(self, cells: tuple[str, ...], first_row: int) -> None:
        code_of = self._code_of
        codes = (code_of.setdefault(cell, len(code_of)) for cell in cells)
        self._parts.append(np.fromiter(codes, dtype=np.int32, count=len(cells)))

    def warnings(self) -> list[str]:
        return []

    def column(self) -> Column:
        words = list(self._code_of)
        order = sorted(range(len(words)), key=words.__getitem__)
        rank = np.empty(len(words), dtype=np.int32)
        rank[order] = np.arange(len(words), dtype=np.int32)
        return TextColumn(rank[np.concatenate(self._parts)], [words[index] for index in order])


def open_rows(lines: TextIO) -> tuple[list[str], Iterator[list[list[str]]]]:
    """The header of a table, and its rows in chunks; raises InputError naming the line."""
    csv.field_size_limit(MAX_CELL)
    blank, first = _first_line(lines)
    _refuse_binary(first, blank + 1)
    reader = csv.reader(_text_lines(blank, first, lines), delimiter=_delimiter(first), strict=True)
    header = _read(reader, blank + 1)[-1]
    return _named(header), _chunks(reader, len(header))


def _first_line(lines: TextIO) -> tuple[int, str]:
    """How many blank lines the table starts with, and the line after them."""
    blank = 0
    try:
        while (first := lines.readline(MAX_CELL)) and not first.strip():
            blank += 1
    except UnicodeDecodeError as error:
        raise InputError(
            f"the table is not UTF-8 text ({error.reason}); save it as a CSV file in UTF-8"
        ) from error
    if not first:
        raise InputError("the table is empty; give a header line and at least one row")
    if len(first) >= MAX_CELL:
        raise InputError(
            f"line {blank + 1}, the header, has {MAX_CELL:,} characters or more; give a CSV file"
        )
    return blank, first


def _delimiter(first: str) -> str:
    """The comma if the header has one, else another mark that it has; a mark inside quotes is none."""
    bare = _QUOTED.sub("", first)
    return max(_DELIMITERS, key=lambda mark: (bare.count(mark) > 0, first.count(mark) > 0, mark == ","))


def _text_lines(blank: int, first: str, lines: Iterable[str]) -> Iterator[str]:
    # The blank lines count, so that messages name the lines of the file.
    yield from ["\n"] * blank
    yield first
    for number, line in enumerate(lines, blank + 2):
        _refuse_binary(line, number)
        yield line


def _refuse_binary(line: str, number: int) -> None:
    if "\0" in line:
        raise InputError(f"line {number} holds a NUL byte: this is not a text table; give a CSV file")


def _named(header: list[str]) -> list[str]:
    """Names without the blanks around them; a column without a name (an index, often) gets one."""
    return [name.strip() or f"column_{index}" for index, name in enumerate(header, 1)]


def _read(reader: Any, count: int) -> list[list[str]]:
    try:
        return list(islice(reader, count))
    except csv.Error as error:
        raise InputError(f"line {reader.line_num}: {error}; mend the quotes or the cell there") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"after line {reader.line_num}: not UTF-8 text ({error.reason}); save it as UTF-8"
        ) from error


def _chunks(reader: Any, width: int) -> Iterator[list[list[str]]]:
    row = 0
    while chunk := _read(reader, CHUNK_ROWS):
        rows = [cells for cells in chunk if cells]
        for number, cells in enumerate(rows, row + 1):
            if len(cells) != width:
                raise InputError(
                    f"row {number} (line {reader.line_num} or before) has {len(cells)} cells, "
                    f"the header has {width}; give every row the same number"
                )
        row += len(rows)
        if rows:
            yield rows
