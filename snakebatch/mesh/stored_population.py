"""A population as it lies in its file, for who writes its rows out and never needs all of them at once.

A shard holds a population in memory, since it asks it millions of questions. Assembly only passes it on, so
it maps the file and lets go of what it has read: memory is some thousand rows, whatever the table.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from snakebatch.engine.model_json import text_of
from snakebatch.mesh.population_file import MAGIC, REMEDY
from snakebatch.mesh.row_texts import RowTexts
from snakebatch.mesh.sections import ERRORS, Array, unpack_file

_LET_GO = 1 << 16
"""Rows after which the pages that were read are given back."""

_KEPT = 1 << 20
"""Bytes of a vocabulary up to which each text is made once and not at every row."""


class StoredPopulation:
    """Names and classes in memory, rows in a file."""

    def __init__(self, header: dict[str, Any], sections: list[Array], mapped: mmap.mmap) -> None:
        codes = sections[header["codes"]]
        columns = [_Column(described, sections) for described in header["columns"]]
        self._rows = len(codes)
        self._texts = RowTexts(header["header"], header["classes"], codes, columns)
        self._mapped = mapped

    def __len__(self) -> int:
        return self._rows

    def row_texts(self) -> Iterator[str]:
        """The rows as model.json has them, one a line, in blocks without a seam between them."""
        for start in range(0, len(self), _LET_GO):
            yield from self._texts.rows(start, min(start + _LET_GO, len(self)))
            self._mapped.madvise(mmap.MADV_DONTNEED)

    def target_texts(self) -> Iterator[str]:
        """The target of every row as model.json has them, in blocks without a seam between them."""
        return self._texts.targets(0, len(self))


class _Column:
    """A feature: floats, or codes into a vocabulary of UTF-8 texts laid end to end."""

    def __init__(self, described: dict[str, int], sections: list[Array]) -> None:
        self.is_number = "values" in described
        if self.is_number:
            self._values = sections[described["values"]]
            return
        self._values = sections[described["codes"]]
        self._ends, self._body = sections[described["ends"]], sections[described["texts"]]
        self._kept: list[str] | None = None
        if len(self._body) + 8 * len(self._ends) <= _KEPT:
            self._kept = [self._text(code) for code in range(len(self._ends) - 1)]

    def cells(self, start: int, stop: int) -> list[Any]:
        values: list[Any] = self._values[start:stop].tolist()
        if self.is_number:
            return values
        if self._kept is not None:
            return [self._kept[code] for code in values]
        found = {code: self._text(code) for code in set(values)}
        return [found[code] for code in values]

    def _text(self, code: int) -> str:
        start, end = int(self._ends[code]), int(self._ends[code + 1])
        return text_of(self._body[start:end].tobytes().decode("utf-8", ERRORS))


@contextmanager
def stored(chunks: Iterable[bytes]) -> Iterator[StoredPopulation]:
    """The population whose file ``chunks`` are; raises ChecksumError on damage."""
    with tempfile.TemporaryFile() as file:
        yield StoredPopulation(*unpack_file(MAGIC, chunks, file, "population file", REMEDY))
