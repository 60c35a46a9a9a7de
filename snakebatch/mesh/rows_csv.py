"""Rows as JSON has them, as a CSV that the workflow reads exactly as ``Snake(rows)`` reads the rows.

What a CSV can't carry is refused by row and column, before anything is stored: NUL, half a surrogate pair, a
number that is not finite, a target that is an object, and names with blanks around them.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from snakebatch.engine.cells import as_text
from snakebatch.engine.csv_rows import MAX_CELL, open_rows
from snakebatch.engine.intake import check_header
from snakebatch.errors import InputError, shown

_CHUNK_ROWS = 2_000


def csv_of(rows: Sequence[Mapping[str, Any]], target: str | int) -> Iterator[bytes]:
    """The pieces of the CSV; all rows are checked before the first piece.

    ``rows`` are dicts; a name that a row lacks is an empty cell, as in ``Snake``. Raises InputError naming
    row and column.
    """
    if not rows:
        raise InputError("rows: there are none; give at least one")
    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) < 2:
        raise InputError("rows: there is no feature column; give at least one to learn from")
    try:
        place = check_header(names, target)
    except InputError as error:
        raise InputError(f"target: {error}") from error
    for name in names:
        if problem := _problem(name, False):
            raise InputError(f"rows: the name {shown(name)} {problem}")
    head = _encoded([names])
    _check_names(names, head)
    for number, row in enumerate(rows, 1):
        for name, value in row.items():
            problem = _problem(value, name == names[place])
            if problem:
                raise InputError(f"rows: row {number}, column {shown(name)}: {problem}")
    return _pieces(head, names, rows)


def _pieces(head: bytes, names: list[str], rows: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    yield head
    for start in range(0, len(rows), _CHUNK_ROWS):
        yield _encoded(
            [as_text(row.get(name)) for name in names] for row in rows[start : start + _CHUNK_ROWS]
        )


def _encoded(lines: Any) -> bytes:
    text = io.StringIO()
    # With both line ends as the terminator, a cell that has either is quoted by every Python.
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode()


def _check_names(names: list[str], head: bytes) -> None:
    """Raise InputError where the reader would find other names: it is asked, rather than second-guessed."""
    with io.TextIOWrapper(io.BytesIO(head), encoding="utf-8-sig", newline="") as lines:
        try:
            found, _ = open_rows(lines)
        except InputError as error:
            raise InputError(f"rows: the columns' names: {error}") from error
    for name, read in zip(names, found, strict=False):
        if name != read:
            raise InputError(
                f"rows: the column {shown(name)} would be read as {shown(read)}: give it a plain name"
            )
    if len(names) != len(found):
        raise InputError("rows: a column's name holds a line end: give it a plain name")


def _problem(value: Any, is_target: bool) -> str | None:
    """What is wrong with a cell, and what to do; None where nothing is."""
    if isinstance(value, float) and math.isinf(value):
        return "not a finite number; give a finite one, or leave the cell empty"
    if isinstance(value, dict | list):
        if is_target:
            return "the target is an object; train on those in process, with Snake(rows)"
        value = str(value)
    if not isinstance(value, str):
        return None
    if "\0" in value:
        return "holds a NUL byte; leave it out"
    if len(value) >= MAX_CELL:
        return f"has {len(value):,} characters; give fewer than {MAX_CELL:,}"
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        return "holds half a surrogate pair, which is no character; leave it out"
    return None
