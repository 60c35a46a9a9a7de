"""A CSV table as a population, in one streaming pass; what the first could not tell, a second one reads.

Memory holds the finished columns and a few chunks of text, so 1,000,000 rows of 20 numbers need little more
than their 160 MB.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TextIO

from snakebatch.engine.column_readers import FEW_TARGETS, FeatureReader, TargetReader
from snakebatch.engine.csv_chunks import CHUNK_CHARACTERS, OddTableError, quick_chunks, slow_chunks
from snakebatch.engine.csv_rows import open_table
from snakebatch.engine.intake import Intake, check_header, finish, order_header
from snakebatch.errors import InputError

OpenText = Callable[[], AbstractContextManager[TextIO]]


ROW_BYTES, CELL_BYTES = 40, 9
"""Of memory that a row, and each of its cells, takes at most while a table of numbers is read and folded."""


def read_csv(
    open_text: OpenText,
    target: int | str,
    size: int = CHUNK_CHARACTERS,
    few: int = FEW_TARGETS,
    memory: int | None = None,
) -> Intake:
    """Read the table that ``open_text()`` opens, once as a rule; raises InputError naming row and column.

    ``size`` is that of a chunk, in characters; ``few`` the distinct targets up to which texts are kept;
    ``memory`` the bytes that a table may take, beyond which it is refused (None: there is no such limit).
    """
    limits = _Limits(size, few, memory)
    try:
        found = _read(open_text, target, quick_chunks, limits)
    except OddTableError:
        found = _read(open_text, target, slow_chunks, limits)
    if found.target.again or any(reader.again for reader in found.features):
        _read_again(open_text, found)
    warnings = [warning for reader in found.features for warning in reader.warnings()]
    header = order_header(found.header, found.place)
    values = found.target.values()
    features = [reader.column() for reader in found.features]
    return finish(header, found.target.datatype, values, features, warnings)


@dataclass(frozen=True)
class _Limits:
    size: int
    few: int
    memory: int | None

    def check(self, rows: int, columns: int) -> None:
        most = rows if self.memory is None else self.memory // (ROW_BYTES + columns * CELL_BYTES)
        if rows > most:
            raise InputError(
                f"the table has more than {most:,} rows of {columns:,} columns, which is what fits into the "
                "memory here; train on fewer rows or columns, or give the function more memory"
            )


@dataclass(frozen=True)
class _Read:
    header: list[str]
    place: int
    target: TargetReader
    features: list[FeatureReader]


def _read(open_text: OpenText, target: int | str, chunks: Any, limits: _Limits) -> _Read:
    with open_text() as text:
        table = open_table(text)
        place = check_header(table.header, target)
        features = [FeatureReader(name) for index, name in enumerate(table.header) if index != place]
        found = _Read(table.header, place, TargetReader(table.header[place], limits.few), features)
        rows = 0
        for columns in chunks(
            text, table, place, lambda: not any(reader.is_text for reader in features), limits.size
        ):
            raw = columns.pop(place)
            rows += len(raw)
            limits.check(rows, len(table.header))
            found.target.add(raw)
            for reader, cells in zip(features, columns, strict=True):
                reader.add(cells)
    if not rows:
        raise InputError("the table has a header and no rows; give at least one row")
    found.target.end()
    return found


def _read_again(open_text: OpenText, found: _Read) -> None:
    """Give the columns that ask for it their texts; raises InputError naming row and column."""
    readers = [(index, reader) for index, reader in enumerate(found.features) if reader.again]
    with open_text() as text:
        first_row = 1
        for chunk in open_table(text).chunks():
            columns = list(zip(*chunk, strict=True))
            raw = columns.pop(found.place)
            if found.target.again:
                found.target.add_again(raw, first_row)
            for index, reader in readers:
                reader.add_again(columns[index], first_row)
            first_row += len(raw)
