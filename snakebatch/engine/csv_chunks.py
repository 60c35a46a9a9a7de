"""The columns of a CSV table, a chunk of text at a time, without the csv module where no cell is quoted.

A chunk without quotes has its cells between delimiters and line ends, and nothing else to know; a chunk of
plain numbers is read by NumPy at once. From the first quote on, the csv module reads the rest.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.csv_rows import MAX_CELL, Opened, rows_from
from snakebatch.engine.plain_numbers import plain_numbers
from snakebatch.errors import InputError

CHUNK_CHARACTERS = 1 << 20

NARROW = 8
"""Columns up to which all cells are divided: to cut the target out of each line costs more."""

Cells = Sequence[str] | NDArray[np.float64]
"""The texts of a part of a column; or its numbers, where all of them are plain ones."""


class OddTableError(Exception):
    """The csv module must read the table from its start: it names what is wrong there, if anything."""


def quick_chunks(
    text: TextIO, table: Opened, place: int, numeric: Callable[[], bool], size: int
) -> Iterator[list[Cells]]:
    """The columns of each chunk of about ``size`` characters; raises OddTableError.

    ``place`` is the target's, which always comes as texts. ``numeric`` says whether the others may come as
    numbers; it is asked before each chunk.
    """
    width, delimiter = len(table.header), table.delimiter
    # A chunk of a very wide table has dozens of rows too, since each of its columns is an array of its own.
    size = min(size * (1 + width // 1024), MAX_CELL // 2)
    # Chunks that were no numbers, less those that were: more of them, and it is not tried any longer.
    failed = 0 if width > NARROW else 1
    while chunk := _lines(text, size):
        plain = chunk.replace("\r\n", "\n") if "\r" in chunk else chunk
        if '"' in plain or "\r" in plain:
            yield from _quoted((io.StringIO(chunk, newline=""), text), delimiter, width)
            return
        if "\0" in plain:
            raise OddTableError
        if lines := list(filter(None, plain.split("\n"))):
            found = _numbers(lines, delimiter, width, place) if failed <= 0 and numeric() else None
            failed += 1 if found is None else -1
            yield found or _texts(lines, delimiter, width)


def slow_chunks(
    text: TextIO, table: Opened, place: int, numeric: Callable[[], bool], size: int
) -> Iterator[list[Cells]]:
    """The same columns, by the csv module alone; raises InputError naming the line or the row."""
    return map(_transposed, table.chunks())


def _lines(text: TextIO, size: int) -> str:
    """Whole lines: nothing only at the end of the table."""
    try:
        chunk = text.read(size)
        rest = text.readline(MAX_CELL)
    except UnicodeDecodeError as error:
        raise OddTableError from error
    # No cell of a chunk this short can be too long, and a longer one has no line end for the quick way.
    if len(chunk) + len(rest) >= MAX_CELL:
        raise OddTableError
    return chunk + rest


def _numbers(lines: list[str], delimiter: str, width: int, place: int) -> list[Cells] | None:
    """The target's texts, and the other columns as numbers; None where a cell is not plainly one."""
    # The target is cut from the nearer end, which divides the fewest cells.
    if place <= width // 2:
        parts, at = [line.split(delimiter, place + 1) for line in lines], place
    else:
        parts, at = [line.rsplit(delimiter, width - place) for line in lines], 1
    if min(map(len, parts)) <= at:
        return None
    targets = [part.pop(at) for part in parts]
    marks = (delimiter * (width - 2) + "\n") * len(lines)
    values = plain_numbers("\n".join(map(delimiter.join, parts)), marks[:-1])
    if values is None:
        return None
    columns: list[Cells] = list(np.ascontiguousarray(values.reshape(len(lines), width - 1).T))
    columns.insert(place, targets)
    return columns


def _texts(lines: list[str], delimiter: str, width: int) -> list[Cells]:
    """The texts of all columns; raises OddTableError where a line has not as many cells as the header."""
    if any(line.count(delimiter) != width - 1 for line in lines):
        raise OddTableError
    cells = delimiter.join(lines).split(delimiter)
    return [cells[column::width] for column in range(width)]


def _quoted(texts: Iterable[TextIO], delimiter: str, width: int) -> Iterator[list[Cells]]:
    try:
        yield from map(_transposed, rows_from(texts, delimiter, width))
    except InputError as error:  # its rows and lines are counted from the first quote
        raise OddTableError from error


def _transposed(rows: list[list[str]]) -> list[Cells]:
    return list(zip(*rows, strict=True))
