"""Files of the command line: the tables it reads, and the files it writes whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from snakebatch.engine.csv_table import read_csv
from snakebatch.engine.intake import Intake
from snakebatch.errors import InputError

DATA_FOLDER = Path(__file__).parent / "data"
SMALL_TABLE = 4 << 20
"""Bytes up to which a table is read whole before the cloud starts: a fraction of a second."""


def find_table(name: str) -> Path:
    """The path of a table: a file, or one of the bundled tables by its name; InputError if neither."""
    path = Path(name)
    if path.is_dir():
        raise InputError(f"{name} is a folder; give a CSV file")
    if path.exists():
        if not os.access(path, os.R_OK):
            raise InputError(f"{name} can't be read: permission denied")
        return path
    bundled = {file.stem: file for file in DATA_FOLDER.glob("*.csv")}
    if name in bundled:
        return bundled[name]
    raise InputError(
        f"there is no file {name}, nor a bundled table of that name ({', '.join(sorted(bundled))})"
    )


@contextmanager
def open_table(path: Path) -> Iterator[TextIO]:
    """Open a table as text, the way that the workflow reads it."""
    with path.open(encoding="utf-8-sig", newline="") as text:
        yield text


def read_table(path: Path, target: int | str) -> Intake:
    """A table as a population; every refusal is an InputError that names the file."""
    try:
        return read_csv(lambda: open_table(path), target)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def check_table(path: Path, target: str) -> None:
    """Refuse a bad table before anything is started.

    A large one is left to the workflow, which reads it with the same code: twice would take too long.
    """
    if path.stat().st_size <= SMALL_TABLE:
        read_table(path, target)


def check_out(name: str) -> Path:
    """The path of a file to be written, checked now, so that no hour's work ends on a missing permission."""
    path = Path(name)
    if path.is_dir():
        raise InputError(f"--out {name} is a folder; give the name of a file")
    # A device or pipe would be replaced, not written to: /dev/null, for one, would be gone for everybody.
    if path.exists() and not path.is_file():
        raise InputError(f"--out {name} is a device or pipe; give the name of a file")
    parent = path.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise InputError(f"--out {name} can't be written: {parent} is not a folder that you may write to")
    return path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path``, which takes its place on success and is removed on any failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp's file is its owner's alone; a file like any other follows the umask.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
