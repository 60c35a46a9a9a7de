"""Files of who trains: the tables that are read, and what is written whole or not at all."""

from __future__ import annotations

import os
import stat
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

_SHOWN = 60
"""Most characters of a file's name that a message about its length repeats."""


def find_table(name: str) -> Path:
    """The path of a table: a file, or one of the bundled tables by its name; InputError if neither."""
    path = Path(name)
    bundled = {file.stem: file for file in DATA_FOLDER.glob("*.csv")}
    try:
        mode = path.stat().st_mode if name else None
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise InputError(f"{_shown(name)} can't be read: {error.strerror}; give a CSV file") from error
    if mode is None and name in bundled:
        return bundled[name]
    if mode is None:
        known = ", ".join(sorted(bundled))
        raise InputError(f"there is no file {name or repr(name)}, nor a bundled table of that name ({known})")
    if stat.S_ISDIR(mode):
        raise InputError(f"{name} is a folder; give a CSV file")
    # Training may read a table twice, and a pipe gives its rows once: the second look would wait for ever.
    if not stat.S_ISREG(mode):
        raise InputError(f"{name} is a device or pipe; save it as a file and give that")
    if not os.access(path, os.R_OK):
        raise InputError(f"{name} can't be read: permission denied")
    return path


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


def check_out(name: str, *inputs: Path, option: str = "--out") -> Path:
    """The path of a file to be written, checked now, so that no hour's work ends on a missing permission.

    It is none of ``inputs``: what a command reads, it never replaces.
    """
    path = Path(name)
    try:
        if name.endswith(os.sep) or path.is_dir():
            raise InputError(f"{option} {name or repr(name)} is a folder; give the name of a file")
        # A device or pipe would be replaced, not written to: /dev/null, for one, would be gone for everybody.
        if path.exists() and not path.is_file():
            raise InputError(f"{option} {name} is a device or pipe; give the name of a file")
        for given in inputs:
            if path.exists() and given.exists() and path.samefile(given):
                raise InputError(f"{option} {name} is a file that is read; give another name")
        _try_folder(f"{option} {name}", Path(os.path.realpath(path)).parent)
    except OSError as error:
        raise InputError(f"{option} {_shown(name)} can't be written: {error.strerror}") from error
    return path


def _try_folder(name: str, folder: Path) -> None:
    """Raise unless a file can be made in ``folder``, or in the one that it will be made in."""
    while not folder.exists():
        folder = folder.parent
    try:
        # Only an attempt tells: the mode's bits say nothing of read-only file systems, /proc, or quotas.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"{name} can't be written: {folder} is not a folder that you may write to"
        ) from error


def _shown(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path``, which takes its place on success and is removed on any failure.

    Where ``path`` is a link, the file that it points to is replaced, not the link.
    """
    whole = Path(os.path.realpath(path))
    whole.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".snakebatch-", dir=whole.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp's file is its owner's alone; a file like any other follows the umask.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(whole)
    finally:
        temporary.unlink(missing_ok=True)
