"""The rows of a CSV table, by Python's csv module: any table, a chunk of rows at a time.

What it refuses, it names by row and line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TextIO

from snakebatch.engine.csv_lines import LINE_END, MAX_CELL, MOST_AT_ONCE, Lines, TooMuchError
from snakebatch.errors import InputError

__all__ = ["CHUNK_ROWS", "MAX_CELL", "Opened", "open_rows", "open_table", "rows_from"]

CHUNK_ROWS = 16_384
CHUNK_CELLS = 1 << 20
CHUNK_CHARACTERS = 1 << 24
"""Most rows of a chunk, and cells and characters, about: a table of 10,000 columns, or of long texts, is not
held whole."""

MOST_COLUMNS = 100_000

_BLOCK_ROWS = 32
"""Rows that are read before anybody looks at them."""

_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'(?:^|(?<=[,;\t|]))"(?:[^"]|"")*(?:"|$)')
_SAID = {
    "too much": f"the rows from there have over {MOST_AT_ONCE:,} characters; mend the quotes there",
    "unexpected end of data": "a quote that opens there never closes; mend the quotes",
    "field larger": f"a cell has more than {MAX_CELL:,} characters; mend the quotes, or shorten it",
}
"""What errors of the csv module mean."""


class _Rows:
    """The csv module over the lines of a table, and where it stands."""

    def __init__(self, lines: Lines, delimiter: str) -> None:
        csv.field_size_limit(MAX_CELL)
        self._lines = lines
        self._reader = csv.reader(lines, delimiter=delimiter, strict=True)
        self._before = lines.number
        """Lines before the block."""
        self._fault: tuple[int, str] | None = None
        """Line of a row that is at fault, behind the block, and what is wrong with it."""
        self._is_header = False
        self.row = 0
        """Rows before the block, blank lines and the header not counted."""

    @property
    def characters(self) -> int:
        """Of the block that was read last."""
        return self._lines.taken

    def block(self, count: int) -> list[list[str]]:
        """The next rows, at most so many; raises InputError naming row and line.

        Rows before one that is at fault come first, since they may have faults of their own.
        """
        if self._fault is not None:
            raise InputError(f"{self._named(self._fault[0])}: {self._fault[1]}")
        self._before, self._lines.taken = self._lines.number, 0
        found: list[list[str]] = []
        try:
            found.extend(islice(self._reader, count))
        except (csv.Error, TooMuchError) as error:
            said = next((what for start, what in _SAID.items() if str(error).startswith(start)), None)
            self._fault = (self._line_after(found), said or f"{error}; mend the quotes or the cell there")
            if not found:
                raise InputError(f"{self._named(self._fault[0])}: {self._fault[1]}") from error
        return found

    def passed(self, rows: list[list[str]]) -> None:
        """Say that these rows, all of a block but for blank ones, are well."""
        self.row += len(rows)

    def place(self, rows: list[list[str]]) -> str:
        """Where the row after these of the block stands."""
        return self._named(self._line_after(rows), sum(map(bool, rows)))

    def _line_after(self, rows: list[list[str]]) -> int:
        inside = sum(len(LINE_END.findall(cell)) for cells in rows for cell in cells)
        return self._before + len(rows) + inside + 1

    def _named(self, line: int, rows: int = 0) -> str:
        return f"line {line}, the header" if self._is_header else f"row {self.row + rows + 1} (line {line})"

    def header(self) -> list[str]:
        """The first row."""
        self._is_header = True
        (found,) = self.block(1)
        self._is_header = False
        return found


class Opened:
    """A table whose header is read: its names, its delimiter, and its rows, which follow."""

    def __init__(self, text: TextIO) -> None:
        lines = Lines([text])
        self.delimiter = _delimiter(lines.header())
        self._rows = _Rows(lines, self.delimiter)
        self.header = _named(self._rows.header())

    def chunks(self) -> Iterator[list[list[str]]]:
        """All rows, in chunks; raises InputError naming the line or the row."""
        return _chunks(self._rows, len(self.header))


def open_table(text: TextIO) -> Opened:
    """Read the header of a table; raises InputError naming the line."""
    return Opened(text)


def open_rows(text: TextIO) -> tuple[list[str], Iterator[list[list[str]]]]:
    """The header of a table, and its rows in chunks; raises InputError naming the line."""
    table = Opened(text)
    return table.header, table.chunks()


def rows_from(texts: Iterable[TextIO], delimiter: str, width: int) -> Iterator[list[list[str]]]:
    """The rows of texts that have no header, in chunks; an InputError counts lines and rows from here."""
    return _chunks(_Rows(Lines(texts), delimiter), width)


def _delimiter(first: str) -> str:
    """The comma if the header has one, else another mark that it has; a mark inside quotes is none."""
    bare = _QUOTED.sub("", first)
    # A name that goes on in the next line says nothing of what stands behind it.
    whole = first if first.count('"') % 2 == 0 else bare
    return max(_DELIMITERS, key=lambda mark: (mark in bare, mark in whole, mark == ","))


def _named(header: list[str]) -> list[str]:
    """Names without the blanks around them; a column without a name (an index, often) gets one."""
    if len(header) > MOST_COLUMNS:
        raise InputError(f"the header names {len(header):,} columns; give at most {MOST_COLUMNS:,}")
    return [name.strip() or f"column_{index}" for index, name in enumerate(header, 1)]


def _chunks(rows: _Rows, width: int) -> Iterator[list[list[str]]]:
    most = max(1, min(CHUNK_ROWS, CHUNK_CELLS // width))
    chunk: list[list[str]] = []
    taken = 0
    while block := rows.block(min(_BLOCK_ROWS, most - len(chunk))):
        found = [cells for cells in block if cells]
        if any(map(width.__ne__, map(len, found))):
            _refuse_ragged(rows, block, width)
        rows.passed(found)
        chunk += found
        taken += rows.characters
        if len(chunk) >= most or taken >= CHUNK_CHARACTERS:
            yield chunk
            chunk, taken = [], 0
    if chunk:
        yield chunk


def _refuse_ragged(rows: _Rows, block: list[list[str]], width: int) -> None:
    at = next(index for index, cells in enumerate(block) if cells and len(cells) != width)
    raise InputError(
        f"{rows.place(block[:at])} has {len(block[at])} cells, the header has {width}; "
        "give every row the same number"
    )
