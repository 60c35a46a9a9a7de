"""A population as it lies in its file, for who writes its rows out and never needs all of them at once.

A shard holds a population in memory, since it asks it millions of questions. Assembly only passes it on, so
it maps the file and lets go of what it has read: memory is some thousand rows, whatever the table.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from snakebatch.engine.model_json import text_of
from snakebatch.mesh.population_file import MAGIC, REMEDY
from snakebatch.mesh.sections import ERRORS, Array, unpack_file

_BLOCK = 1024
"""Rows that are texts at a time."""

_LET_GO = 64
"""Blocks after which the pages that were read are given back."""

_KEPT = 1 << 20
"""Bytes of a vocabulary, or classes of a target, up to which each text is made once and not at every row."""

Texts = Callable[[int], str]


class StoredPopulation:
    """Names and classes in memory, rows in a file."""

    def __init__(self, header: dict[str, Any], sections: list[Array], mapped: mmap.mmap) -> None:
        self.header: list[str] = header["header"]
        self.datatypes: list[str] = header["datatypes"]
        self.classes: list[Any] = header["classes"]
        self._codes = sections[header["codes"]]
        self._columns = [_Column(described, sections) for described in header["columns"]]
        self._mapped = mapped

    def __len__(self) -> int:
        return len(self._codes)

    def row_texts(self) -> Iterator[str]:
        """The rows as model.json has them, one a line, in blocks that follow one another."""
        line = _template(self.header, [column.is_number for column in self._columns])
        target = self._class_texts()
        separator = "\n"
        for number, start in enumerate(range(0, len(self), _BLOCK)):
            stop = start + _BLOCK
            columns: list[list[Any]] = [[target(code) for code in self._codes[start:stop].tolist()]]
            columns += [column.texts(start, stop) for column in self._columns]
            yield separator + ",\n".join([line % row for row in zip(*columns, strict=True)])
            separator = ",\n"
            if number % _LET_GO == _LET_GO - 1:
                self._mapped.madvise(mmap.MADV_DONTNEED)

    def target_texts(self) -> Iterator[str]:
        """The target of every row as model.json has them, in blocks that follow one another."""
        target = self._class_texts()
        separator = ""
        for start in range(0, len(self), _BLOCK):
            yield separator + ",".join(map(target, self._codes[start : start + _BLOCK].tolist()))
            separator = ","

    def _class_texts(self) -> Texts:
        classes = self.classes
        if len(classes) > _KEPT // 16:
            return lambda code: text_of(classes[code])
        return [text_of(value) for value in classes].__getitem__


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

    def texts(self, start: int, stop: int) -> list[Any]:
        """What stands in some rows: numbers as they are (``repr`` is what JSON has), texts as JSON."""
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


def _template(names: list[str], numbers: list[bool]) -> str:
    """A row's line: ``{"y":%s,"x":%r,...}``, the target first. A column's name may hold a percent sign."""
    kinds = ["%s", *("%r" if number else "%s" for number in numbers)]
    keys = [text_of(name).replace("%", "%%") for name in names]
    return "{" + ",".join(f"{key}:{kind}" for key, kind in zip(keys, kinds, strict=True)) + "}"


@contextmanager
def stored(chunks: Iterable[bytes]) -> Iterator[StoredPopulation]:
    """The population whose file ``chunks`` are; raises ChecksumError on damage."""
    with tempfile.TemporaryFile() as file:
        yield StoredPopulation(*unpack_file(MAGIC, chunks, file, "population file", REMEDY))
