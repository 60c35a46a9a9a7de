"""Tables on their way to a mesh: every kind of data becomes the CSV file that staging reads to the same rows.

All data travel as CSV, one way for all. Staging finds datatypes from texts, ``Snake`` from Python's values;
what is written here is the text that staging takes for what ``Snake`` takes the value for, so that both train
the same bytes. What has no such text is refused before anything is sent (docs/client.md has the list).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

import numpy as np

from snakebatch.engine.cells import as_text, finite
from snakebatch.engine.csv_table import CHUNK_ROWS, MAX_CELL, open_rows, read_csv
from snakebatch.engine.intake import check_header
from snakebatch.engine.tables import Cells
from snakebatch.errors import InputError, shown
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
    _check_names(names)
    if len(columns) != len(names):
        raise InputError(
            f"there are {len(columns)} columns and {len(names)} names; give one name for each column"
        )
    if not len(columns[0]):
        raise InputError("there are no rows; give at least one")
    texts = [
        _target(cells, name) if index == place else _feature(cells, name)
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


# columns

_Texts = Callable[[int, int], Sequence[Any]]
"""The cells from one row up to another, each a text or a number as the file has it."""


def _feature(cells: Cells, name: str) -> _Texts:
    """As ``intake.read_feature`` takes a column: numbers alone are a column of numbers, all else texts."""
    if isinstance(cells, np.ndarray):
        return _numbers(cells.astype(np.float64), name)
    kinds = set(map(type, cells))
    if all(issubclass(kind, int | float | np.integer | np.floating) and kind is not bool for kind in kinds):
        if kinds == {int}:
            _numbers(_floats(cells), name)  # only to refuse one that is too large
            return lambda start, stop: cells[start:stop]
        return _numbers(_floats(cells), name)
    return _words(cells, name)


def _target(cells: Cells, name: str) -> _Texts:
    """As ``targets.read_target`` takes it: numbers of an array by their value, all else by its text."""
    if isinstance(cells, np.ndarray):
        return _digits(cells.astype(np.float64) if cells.dtype.kind == "f" else cells)
    for row, cell in enumerate(cells, 1):
        if isinstance(cell, dict | list):
            raise InputError(
                f"row {row}, column {shown(name)}: the target is {_kind(cell)}, which no table can carry; "
                "train in process with Snake, or name each by a text"
            )
    return _words(cells, name)


def _kind(cell: Any) -> str:
    return "an object" if isinstance(cell, dict) else "a list"


def _numbers(values: np.ndarray[Any, np.dtype[np.float64]], name: str) -> _Texts:
    finite(values, name, 1)  # raises on an infinite one
    return _digits(values)


def _digits(values: np.ndarray[Any, Any]) -> _Texts:
    """Numbers, which csv writes with the digits that give them back; nothing for NaN."""

    def some(start: int, stop: int) -> Sequence[Any]:
        part = values[start:stop]
        cells: list[Any] = part.tolist()
        for place in np.flatnonzero(part != part).tolist():
            cells[place] = ""
        return cells

    return some


def _floats(cells: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    try:
        return np.array(cells, dtype=np.float64)
    except OverflowError:
        return np.array([_float(cell) for cell in cells], dtype=np.float64)


def _float(cell: Any) -> float:
    try:
        return float(cell)
    except OverflowError:
        return float("inf")


def _words(cells: Sequence[Any], name: str) -> _Texts:
    def some(start: int, stop: int) -> Sequence[str]:
        texts = list(map(as_text, cells[start:stop]))
        distinct = set(texts)
        if any(_uncarried(text) for text in distinct):
            row, why = next(
                (row, why) for row, text in enumerate(texts, start + 1) if (why := _uncarried(text))
            )
            raise InputError(
                f"row {row}, column {shown(name)}: {why}, which a table can't carry; mend the cell, or train "
                "in process with Snake"
            )
        return texts

    return some


def _uncarried(text: str) -> str:
    """What a CSV file in UTF-8 can't give back of a text; nothing of nearly all."""
    if "\0" in text:
        return "there is a NUL in the text"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "there is half a character (a lone surrogate) in the text"
    return f"the text has {len(text):,} characters" if len(text) > MAX_CELL - 2 else ""


def _check_names(names: Sequence[str]) -> None:
    """Raise InputError for a name that the reader of the file would not give back."""
    for name in names:
        why = _uncarried(name)
        if not why and name != name.strip():
            why = "there are blanks around the name"
        if not why and not name:
            why = "there is no name"
        if why:
            raise InputError(f"column {shown(name)}: {why}, which a table can't carry; rename the column")
    read, _ = open_rows(io.StringIO(_header(names)))
    if read != list(names):
        raise InputError(f"the column names come out of a table as {read[:5]}; rename those with line ends")


def _header(names: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(names)
    return text.getvalue()


def _write(file: Any, names: Sequence[str], texts: Sequence[_Texts], rows: int) -> None:
    file.write(_header(names).encode())
    for start in range(0, rows, CHUNK_ROWS):
        stop = min(rows, start + CHUNK_ROWS)
        block = io.StringIO()
        writer = csv.writer(block, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerows(zip(*(some(start, stop) for some in texts), strict=True))
        file.write(block.getvalue().encode())
