"""Columns read once, in parts: as numbers while their cells are numbers, as texts otherwise.

Only the whole column says which of the two it is. A reader keeps what it takes the column for so far; where a
later part shows that it was wrong and what it kept does not tell the texts any more, ``again`` says that the
column must be read a second time. Texts always tell the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.cells import (
    INFINITE_WORDS,
    MISSING_WORDS,
    NUMBER_CHARACTERS,
    floats_of,
    numbers,
    parses,
)
from snakebatch.engine.intake import unreadable_warning
from snakebatch.engine.plain_numbers import plain_column
from snakebatch.engine.population import Column, NumberColumn, TextColumn
from snakebatch.engine.targets import TargetSniffer, coerce_target
from snakebatch.errors import InputError

FEW_TARGETS = 1 << 16
"""Distinct targets up to which their texts are kept: more are those of a
regression, as a rule, and kept as numbers."""

_WORDS = MISSING_WORDS | INFINITE_WORDS
_GAPS = MISSING_WORDS | {""}
_EXACT = float(1 << 53)
"""Whole numbers below it are exact as floats."""


class Words:
    """Texts, each distinct one kept once."""

    def __init__(self) -> None:
        self._code_of: dict[str, int] = {}
        self._parts: list[NDArray[np.int32]] = []

    def __len__(self) -> int:
        return len(self._code_of)

    def add(self, cells: Sequence[str]) -> None:
        """Append a part of the column."""
        code_of = self._code_of
        try:
            codes = np.array(list(map(code_of.__getitem__, cells)), dtype=np.int32)
        except KeyError:
            codes = np.array([code_of.setdefault(cell, len(code_of)) for cell in cells], dtype=np.int32)
        self._parts.append(codes)

    @property
    def distinct(self) -> list[str]:
        """In the order of their first cells; a code is a place here."""
        return list(self._code_of)

    def codes(self) -> NDArray[np.int32]:
        """One for each cell."""
        return np.concatenate([np.zeros(0, dtype=np.int32), *self._parts])

    def column(self) -> TextColumn:
        """The column, with a sorted vocabulary."""
        words = self.distinct
        order = sorted(range(len(words)), key=words.__getitem__)
        rank = np.empty(len(words), dtype=np.int32)
        rank[order] = np.arange(len(words), dtype=np.int32)
        return TextColumn(rank[self.codes()], [words[index] for index in order])


class FeatureReader:
    """One feature; its type is that of ``cells.FeatureSniffer``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_text = False
        """Whether a cell was seen that no column of numbers has."""
        self.again = False
        self._words = Words()
        self._numbers: list[NDArray[np.float64]] | None = None
        self._unreadable = 0

    def add(self, cells: Sequence[str] | NDArray[np.float64]) -> None:
        """Append a part of the column: its texts, or its numbers where ``plain_numbers`` found them."""
        if isinstance(cells, np.ndarray):
            self._add_numbers(cells)
        elif (values := self._values(cells)) is not None:
            self._add_numbers(values)
        elif not self.again:
            self._words.add(cells)

    def _values(self, cells: Sequence[str]) -> NDArray[np.float64] | None:
        """The cells as numbers, if that is what the column is by all that was seen."""
        if self.is_text:
            return None
        values = _with_gaps(cells) if "" in cells else plain_column(cells)
        if values is None and not MISSING_WORDS.isdisjoint(cells):
            values = _with_gaps(cells)
        if values is not None:
            return values
        distinct = set(cells)
        odd = {cell for cell in distinct if not NUMBER_CHARACTERS.issuperset(cell)}
        if not odd <= _WORDS:
            self.is_text = True
            self.again = self._numbers is not None
            self._numbers = None
            return None
        if self._numbers is None and not any(map(parses, distinct - odd)):
            return None
        values, unreadable = floats_of(cells)
        self._unreadable += unreadable
        return values

    def _add_numbers(self, values: NDArray[np.float64]) -> None:
        if self._numbers is None:
            self._numbers = []
            self._keep(self._words_as_numbers())
        self._keep(values)

    def _keep(self, values: NDArray[np.float64]) -> None:
        if self._numbers is None or np.isinf(values).any():
            self.again = True  # the second reading names the cell
        elif np.isnan(values).any():
            self._numbers.append(np.where(np.isnan(values), 0.0, values) + 0.0)
        else:
            self._numbers.append(values + 0.0)

    def _words_as_numbers(self) -> NDArray[np.float64]:
        words, codes = self._words.distinct, self._words.codes()
        self._words = Words()
        values, _ = floats_of(words)
        counts = np.bincount(codes, minlength=len(words)).tolist()
        self._unreadable += sum(
            count * floats_of([word])[1] for word, count in zip(words, counts, strict=True)
        )
        return values[codes]

    def add_again(self, cells: Sequence[str], first_row: int) -> None:
        """Append a part on the second reading; raises InputError on a number that is not finite."""
        if self.is_text:
            self._words.add(cells)
        else:
            numbers(cells, self.name, first_row)

    def warnings(self) -> list[str]:
        """What to tell of the cells."""
        is_number = self._numbers is not None
        return [unreadable_warning(self.name, self._unreadable)] if self._unreadable and is_number else []

    def column(self) -> Column:
        """The whole column; the reader is empty after it."""
        if self._numbers is not None:
            parts, self._numbers = self._numbers, []
            return NumberColumn(np.concatenate(parts))
        words, self._words = self._words, Words()
        if not self.is_text and set(words.distinct) <= {""}:
            return NumberColumn(np.zeros(len(words.codes())))
        return words.column()


class TargetReader:
    """The target; its type is that of ``targets.TargetSniffer``."""

    def __init__(self, name: str, few: int = FEW_TARGETS) -> None:
        self.name = name
        self.again = False
        self._few = max(few, 2)  # three make sure that the target is none of two values
        self._sniffer = TargetSniffer()
        self._words = Words()
        self._numbers: list[NDArray[np.float64]] | None = None
        self._values: list[Any] = []

    @property
    def datatype(self) -> str:
        """B, I, N or T; of the whole target after ``end``."""
        return self._sniffer.datatype

    def add(self, cells: Sequence[str]) -> None:
        """Append a part of the column."""
        if self._numbers is not None:
            self._keep(cells, _finite_numbers(cells))
            return
        self._words.add(cells)
        if len(self._words) > self._few:
            self._leave_words()

    def _keep(self, cells: Sequence[str], values: NDArray[np.float64] | None) -> None:
        if values is None or self._numbers is None:
            self.again = True
            self._sniffer.update(cells)
            return
        # Of many plain numbers it only matters whether all are whole; the first few told the rest.
        self._sniffer.update([next((cell for cell in cells if not cell.isdigit()), "0")])
        self._numbers.append(values)

    def _leave_words(self) -> None:
        """Keep numbers as such from here on: a text each costs more than their values."""
        words, codes = self._words.distinct, self._words.codes()
        values = _finite_numbers(words)
        if values is None:
            self._few = 2 * len(words)
            return
        self._words, self._numbers = Words(), [values[codes]]
        self._sniffer.update(words)

    def end(self) -> None:
        """All parts were added: find the values, or that the second reading must."""
        if self._numbers is None:
            words = self._words.distinct
            self._sniffer.update(words)
            try:
                values = [coerce_target(word, self.datatype, self.name, 1) for word in words]
            except InputError:  # the second reading names the row
                self.again = True
            else:
                self._values = [values[code] for code in self._words.codes().tolist()]
        elif self.datatype != "N" and not self.again:
            self.again = any(float(values.max()) >= _EXACT for values in self._numbers)

    def add_again(self, cells: Sequence[str], first_row: int) -> None:
        """Append a part on the second reading; raises InputError on what can't be a target."""
        datatype, name = self.datatype, self.name
        self._values += [
            coerce_target(text, datatype, name, row) for row, text in enumerate(cells, first_row)
        ]

    def values(self) -> list[Any] | NDArray[Any]:
        """One for each row."""
        if self._numbers is None or self.again:
            return self._values
        found = np.concatenate(self._numbers)
        return found if self.datatype == "N" else found.astype(np.int64)


def _with_gaps(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """The cells as numbers, missing ones as 0.0; None where another is no plain number, or none is one."""
    if all(cell in _GAPS for cell in cells):
        return None
    return plain_column(["0" if cell in _GAPS else cell for cell in cells])


def _finite_numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    values = plain_column(cells)
    return None if values is None or np.isinf(values).any() else values + 0.0
