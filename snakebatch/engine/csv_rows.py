"""The rows of a CSV table, by Python's csv module: any table, a chunk of rows at a time.

What it refuses, it names by line and row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TextIO

from snakebatch.errors import InputError

CHUNK_ROWS = 16_384
CHUNK_CELLS = 1 << 20
"""Most rows of a chunk, and cells: a table of 10,000 columns must not be held whole as texts."""
MAX_CELL = 1 << 24
"""Longest cell, in characters: a quote that never closes must not read the whole file into one cell."""

_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'(?:^|(?<=[,;\t|]))"[^"]*"')


@dataclass(frozen=True)
class Opened:
    """A table whose header is read: its names, its delimiter, and the csv reader that stands at row 1."""

    header: list[str]
    delimiter: str
    reader: Any

    def chunks(self) -> Iterator[list[list[str]]]:
        """All rows, in chunks; raises InputError naming the line or the row."""
        return _chunks(self.reader, len(self.header))


def open_table(lines: TextIO) -> Opened:
    """Read the header of a table; raises InputError naming the line."""
    csv.field_size_limit(MAX_CELL)
    blank, first = _first_line(lines)
    _refuse_binary(first, blank + 1)
    delimiter = _delimiter(first)
    reader = csv.reader(_text_lines(blank, first, lines), delimiter=delimiter, strict=True)
    return Opened(_named(_read(reader, blank + 1)[-1]), delimiter, reader)


def open_rows(lines: TextIO) -> tuple[list[str], Iterator[list[list[str]]]]:
    """The header of a table, and its rows in chunks; raises InputError naming the line."""
    table = open_table(lines)
    return table.header, table.chunks()


def rows_from(lines: Iterable[str], delimiter: str, width: int) -> Iterator[list[list[str]]]:
    """The rows of lines that have no header, in chunks; an InputError counts lines and rows from here."""
    first = next(lines := iter(lines), "")
    _refuse_binary(first, 1)
    return _chunks(csv.reader(_text_lines(0, first, lines), delimiter=delimiter, strict=True), width)


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
    most = max(1, min(CHUNK_ROWS, CHUNK_CELLS // width))
    while chunk := _read(reader, most):
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
