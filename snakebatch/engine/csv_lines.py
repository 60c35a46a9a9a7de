"""The lines of a CSV table as the csv module takes them: none too long, none binary, all of them counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import TextIO

from snakebatch.errors import InputError

MAX_CELL = 1 << 24
"""Longest cell, in characters: a quote that never closes must not read the whole file into one cell."""

MOST_AT_ONCE = 2 * MAX_CELL
"""Characters that may be taken for the rows of one block: a row may have lines without an end."""

MOST_BLANK = 1_000_000
"""Blank lines before the header."""

LINE_END = re.compile("\r\n|\r|\n")
_BYTE_LINE_END = re.compile(b"\r\n|\r|\n")


class TooMuchError(Exception):
    """The rows of a block have more than MOST_AT_ONCE characters."""


class Lines:
    """The lines of some texts, one text after the other. ``number`` is that of the line handed out last."""

    def __init__(self, texts: Iterable[TextIO]) -> None:
        self._texts = texts
        self._header = ""
        self.number = 0
        self.taken = 0
        """Characters handed out since somebody set it to 0."""

    def header(self) -> str:
        """The first line that is not blank, which comes again when the lines are taken."""
        for line in self._read():
            if line.strip():
                self.number -= 1
                self._header = line
                return line
            if self.number > MOST_BLANK:
                raise InputError(f"the table starts with {MOST_BLANK:,} blank lines; give a CSV file")
        raise InputError("the table is empty; give a header line and at least one row")

    def __iter__(self) -> Iterator[str]:
        return chain(self._again(), self._read())

    def _again(self) -> Iterator[str]:
        if self._header:
            self.number += 1
            self.taken += len(self._header)
            yield self._header

    def _read(self) -> Iterator[str]:
        for text in self._texts:
            try:
                for line in iter(partial(text.readline, MAX_CELL), ""):
                    self.number += 1
                    self.taken += len(line)
                    if "\0" in line or self.taken > MOST_AT_ONCE or len(line) >= MAX_CELL:
                        self._refuse(line)
                    yield line
            except UnicodeDecodeError as error:
                # All lines before those bytes were handed out: what was decoded ahead has no line end.
                line_number = self.number + 1 + len(_BYTE_LINE_END.findall(error.object, 0, error.start))
                raise InputError(
                    f"line {line_number} is not UTF-8 text (byte 0x{error.object[error.start]:02x}, "
                    f"{error.reason}); save the table as a CSV file in UTF-8"
                ) from error

    def _refuse(self, line: str) -> None:
        if len(line) >= MAX_CELL:
            raise InputError(
                f"line {self.number}{'' if self._header else ', the header,'} has {MAX_CELL:,} characters or "
                "more; give a CSV file with a line for each row"
            )
        if self.taken > MOST_AT_ONCE:
            raise TooMuchError("too much")
        raise InputError(f"line {self.number} holds a NUL byte: this is not a text table; give a CSV file")
