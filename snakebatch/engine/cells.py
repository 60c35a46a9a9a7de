"""What a cell is: missing, a number, a text; and what type a column of cells has."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.errors import InputError, shown

NUMBER_CHARACTERS = frozenset("+-.0123456789e")

_NUMBER_BYTES = "".join(NUMBER_CHARACTERS).encode("ascii")

MISSING_WORDS = frozenset({"NA", "N/A", "NaN", "nan", "None", "null", "NULL"})
"""Texts that stand for an empty cell, but only in a column whose other cells are numbers."""

INFINITE_WORDS = frozenset(
    sign + word for sign in ("", "+", "-") for word in ("inf", "Inf", "INF", "Infinity", "infinity")
)
"""Texts that are numbers, though not finite ones, in a column whose other cells are numbers."""

_MANY_ODD_CELLS = 32


def is_missing(value: Any) -> bool:
    """True for None, NaN and the NA or NaT of DataFrames."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(value != value)


def as_text(value: Any) -> str:
    """The text of a cell: empty if missing, else ``str(value)``."""
    if type(value) is str:
        return value
    return "" if is_missing(value) else str(value)


def parses(text: str) -> bool:
    """Whether ``float(text)`` works."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def all_parse(texts: Iterable[str]) -> bool:
    """Whether ``float`` works on each."""
    try:
        deque(map(float, texts), maxlen=0)
    except ValueError:
        return False
    return True


def characters_of(texts: Iterable[str]) -> set[str]:
    """All characters of the texts."""
    joined = "".join(texts)
    if joined.isascii() and not joined.encode("ascii").translate(None, _NUMBER_BYTES):
        return {character for character in NUMBER_CHARACTERS if character in joined}
    return set(joined)


class FeatureSniffer:
    """Finds the datatype of a feature from its cells, which come in chunks.

    N when every character of every cell is one of ``+-.0123456789e`` (empty cells do not spoil it), else T.
    Two refinements (docs/decisions/021-cells.md): missing-value words between numbers are empty cells, and a
    column in which not one cell is a number (dates, telephone numbers) stays T, since N would turn all of it
    to 0.0.
    """

    def __init__(self) -> None:
        self._odd: set[str] = set()
        self._number_seen = False
        self._text_seen = False

    def update(self, cells: Iterable[str]) -> None:
        """Look at one more chunk."""
        if len(self._odd) > _MANY_ODD_CELLS:
            return
        distinct = set(cells)
        if not characters_of(distinct) <= NUMBER_CHARACTERS:
            odd = {cell for cell in distinct if not NUMBER_CHARACTERS.issuperset(cell)}
            self._odd |= odd
            distinct -= odd
        distinct.discard("")
        self._text_seen = self._text_seen or bool(distinct)
        self._number_seen = self._number_seen or any(map(parses, distinct))

    @property
    def datatype(self) -> str:
        """``"N"`` or ``"T"``."""
        if not self._odd and not self._text_seen:
            return "N"
        return "N" if self._number_seen and self._odd <= MISSING_WORDS | INFINITE_WORDS else "T"


def numbers(cells: Sequence[str], column: str, first_row: int) -> tuple[NDArray[np.float64], int]:
    """Coerce the cells of an N column.

    Returns the values (0.0 where ``float`` fails) and how many cells were neither empty nor a number.
    ``first_row`` is the 1-based number of ``cells[0]``, for messages. Raises InputError on a value not
    finite.
    """
    values, unreadable = floats_of(cells)
    return finite(values, column, first_row), unreadable


def floats_of(cells: Sequence[str]) -> tuple[NDArray[np.float64], int]:
    """``float`` of each cell, 0.0 where it fails; and how many are neither empty, missing nor a number."""
    try:
        return np.array(list(map(float, cells)), dtype=np.float64), 0
    except ValueError:
        failing = {cell for cell in set(cells) if not parses(cell)}
    values = [0.0 if cell in failing else float(cell) for cell in cells]
    unreadable = failing - MISSING_WORDS - {""}
    return np.array(values, dtype=np.float64), sum(cell in unreadable for cell in cells) if unreadable else 0


def finite(values: NDArray[np.float64], column: str, first_row: int) -> NDArray[np.float64]:
    """The values with NaN (missing) as 0.0 and -0.0 as 0.0; raises InputError naming an infinite one."""
    infinite = np.isinf(values)
    if infinite.any():
        row = first_row + int(np.argmax(infinite))
        raise InputError(
            f"row {row}, column {shown(column)}: not a finite number; "
            "replace it by a finite number or leave the cell empty"
        )
    return np.where(np.isnan(values), 0.0, values) + 0.0
