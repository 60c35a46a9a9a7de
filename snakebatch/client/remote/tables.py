"""Tables on their way to a mesh: every kind of data becomes the CSV file that staging reads to the same rows.

All data travel as CSV, one way for all (docs/decisions/082-tables-travel-as-csv.md). What a table can't hold
is refused before anything is sent; docs/client.md has the list.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from snakebatch.client.remote.columns import (
    Texts,
    check_names_travel,
    feature_texts,
    header_line,
    target_texts,
)
from snakebatch.engine.csv_rows import CHUNK_ROWS, open_rows
from snakebatch.engine.csv_table import read_csv
from snakebatch.engine.intake import check_header
from snakebatch.errors import InputError
from snakebatch.snake_input import named_columns

SMALL_TABLE = 4 << 20
"""Bytes up to which a table is read whole here before it is sent, as staging will read it: a fraction of a
second, and what can't be trained on costs nothing."""

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Table:
    """A CSV file to be sent: ``file`` from its start, its bytes, and the SHA-256 of them; or the ``uri`` of
    one that is in S3 already.

    ``warnings`` are what a small table was found odd for.
    """

    target: str | int
    digest: str
    name: str = "data.csv"
    uri: str | None = None
    file: BinaryIO | None = None
    size: int = 0
    warnings: tuple[str, ...] = ()

    def part(self, start: int, size: int) -> bytes:
        """So many bytes from ``start`` on, fewer at the end."""
        assert self.file is not None
        self.file.seek(start)
        return self.file.read(size)

    def close(self) -> None:
        """Forget the file."""
        if self.file is not None:
            self.file.close()


def table_to_send(data: Any, target: int | str, header: Sequence[str] | None = None, y: Any = None) -> Table:
    """The table of whatever ``Snake`` trains on, or of an ``s3://`` address; its file is open.

    Raises InputError on what can't be trained on or can't be carried, naming row and column.
    """
    if isinstance(data, str) and data.startswith("s3://"):
        return _of_uri(data, target, y)
    if y is None and isinstance(data, str | Path):
        return _of_file(Path(data), target)
    names, columns, target = named_columns(data, target, header, y)
    place = check_header(names, target)
    check_names_travel(names)
    if len(columns) != len(names):
        raise InputError(
            f"there are {len(columns)} columns and {len(names)} names; give one name for each column"
        )
    if not len(columns[0]):
        raise InputError("there are no rows; give at least one")
    texts = [
        target_texts(cells, name) if index == place else feature_texts(cells, name)
        for index, (name, cells) in enumerate(zip(names, columns, strict=True))
    ]
    file = tempfile.SpooledTemporaryFile(SMALL_TABLE)  # noqa: SIM115  # it outlives this call: Table.close
    try:
        _write(file, names, texts, len(columns[0]))
        return _measured(cast("BinaryIO", file), "data.csv", names[place])
    except BaseException:
        file.close()
        raise


def _of_uri(uri: str, target: int | str, y: Any) -> Table:
    if y is not None:
        raise InputError(
            "y goes with rows, an array or a DataFrame; for a file, name its target by target_index"
        )
    if "/" not in uri.removeprefix("s3://").rstrip("/"):
        raise InputError(f"{uri} names no object; give s3://bucket/key")
    return Table(target, hashlib.sha256(uri.encode()).hexdigest(), uri=uri)


# a file


def _of_file(path: Path, target: int | str) -> Table:
    """A CSV file goes as it is; only its header is looked at."""
    packed = path.name.lower().endswith(".gz")
    file = _open(path)
    try:
        with _naming(path):
            with _texts(file, packed) as lines:
                names, _ = open_rows(lines)
            place = check_header(names, target)
            return _measured(file, "data.csv.gz" if packed else "data.csv", names[place])
    except BaseException:
        file.close()
        raise


def _open(path: Path) -> BinaryIO:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{path} is a folder; give a CSV file")
        # It is read more than once, and a pipe gives its rows once.
        if not stat.S_ISREG(mode):
            raise InputError(f"{path} is a device or pipe; save it as a file and give that")
        return path.open("rb")
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{path} can't be read: {reason}; give the path of a CSV file") from error


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (gzip.BadGzipFile, EOFError) as error:
        raise InputError(f"{path} is named .gz but can't be unpacked: {error}") from error


@contextmanager
def _texts(file: BinaryIO, packed: bool) -> Iterator[TextIO]:
    """The text of an open file from its start, as staging opens it; the file stays open."""
    file.seek(0)
    plain = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
    text = io.TextIOWrapper(plain, encoding="utf-8-sig", newline="")
    try:
        yield text
    finally:
        text.detach()


def _measured(file: BinaryIO, name: str, target: str) -> Table:
    """The table in ``file``; a small one is read as staging will read it."""
    packed = name.endswith(".gz")
    size = file.seek(0, os.SEEK_END)
    warnings: tuple[str, ...] = ()
    if size <= SMALL_TABLE and not packed:
        warnings = read_csv(lambda: _texts(file, packed), target).warnings
    hasher = hashlib.sha256()
    file.seek(0)
    while block := file.read(_BLOCK):
        hasher.update(block)
    return Table(target, hasher.hexdigest(), name, None, file, size, warnings)


def _write(file: Any, names: Sequence[str], texts: Sequence[Texts], rows: int) -> None:
    file.write(header_line(names).encode())
    for start in range(0, rows, CHUNK_ROWS):
        stop = min(rows, start + CHUNK_ROWS)
        block = io.StringIO()
        writer = csv.writer(block, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerows(zip(*(some(start, stop) for some in texts), strict=True))
        file.write(block.getvalue().encode())
