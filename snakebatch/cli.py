"""The command ``snakebatch``: what it understands, and how it ends.

Exit codes: 0 done; 1 something failed (one line; inside, with where the log is, or outside: no credentials,
region or network); 2 bad input or parameters (one line that names it); 130 stopped by Ctrl-C, 143 by
SIGTERM, 129 by SIGHUP. Results go to stdout, the rest to stderr.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from snakebatch.cli_commands import build_parser
from snakebatch.cli_parser import EXIT_BAD_INPUT, one_line
from snakebatch.errors import (
    AccountError,
    InputError,
    MissingExtraError,
    ModelError,
    NotReadyError,
    PlanError,
    ServiceError,
    SnakeBatchError,
    UnknownJobError,
)

EXIT_FAILED, EXIT_INTERRUPTED = 1, 130

_STOPPING = (signal.SIGTERM, signal.SIGHUP)
"""Asked to stop by another process, or by a terminal that closes."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""How the system says that a disk, a quota or the size of a file is used up."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; ``argv`` defaults to the process's own arguments."""
    _ready_streams()
    command = "snakebatch"
    before = {number: signal.getsignal(number) for number in _STOPPING}
    try:
        # Who ignores a signal (nohup) goes on ignoring it.
        for number in _STOPPING:
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, _terminate)
        arguments = _parse(argv)
        if isinstance(arguments, int):
            code = arguments
        else:
            command = f"snakebatch {arguments.command}"
            code = int(arguments.run(arguments))
        sys.stdout.flush()  # here a reader that went away is caught; at the exit it would be noise
        return code
    except (InputError, PlanError, ModelError, UnknownJobError, NotReadyError) as error:
        return _fail(command, str(error), EXIT_BAD_INPUT)
    except (AccountError, MissingExtraError, ServiceError) as error:
        # The account's, the installation's or the service's matter: a log of our frames would help nobody.
        return _fail(command, str(error), EXIT_FAILED)
    except KeyboardInterrupt:
        return _fail(command, "stopped", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader went away (`| head`): nobody is left to tell.
        _drop_output()
        return EXIT_FAILED
    except Exception as error:
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()
        return _fail(command, _what_failed(error), EXIT_FAILED)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace | int:
    """The arguments, or the exit code where there is nothing to run (help, or a bad parameter)."""
    try:
        return build_parser().parse_args(argv)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else EXIT_FAILED


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    # Unwinds like Ctrl-C does, so that the embedded cloud stops what it started.
    raise SystemExit(128 + number)


def _ready_streams() -> None:
    """Streams that take whatever a table holds, also where the caller closed them or has another locale."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # Else the next pipe or file that is opened would be taken for the stream.
            os.open(os.devnull, os.O_RDWR)
            stream = os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)
            setattr(sys, name, stream)
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(encoding="utf-8", errors="backslashreplace")


def _drop_output() -> None:
    """Send what is still unwritten nowhere, so that the interpreter's own flush at the exit succeeds."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(command: str, message: str, code: int) -> int:
    print(f"{command}: error: {one_line(message)}", file=sys.stderr)
    return code


def _what_failed(error: Exception) -> str:
    """What to say of an error from inside, with its log; a full disk is nobody's fault here, and has none."""
    if isinstance(error, OSError) and error.errno in _FULL:
        which = error.filename or "what it prints, its files or its temporary files (TMPDIR)"
        return f"there is no room on the disk for {which}: make some, or write elsewhere"
    what = str(error) if isinstance(error, SnakeBatchError) else f"{type(error).__name__}: {error}"
    text = traceback.format_exc() + getattr(error, "log", "")
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            prefix="snakebatch-",
            suffix=".log",
            encoding="utf-8",
            errors="backslashreplace",
            delete=False,
        ) as file:
            file.write(text)
    except OSError as unwritten:
        return f"{what} (no log: {unwritten.strerror}; set TMPDIR to a folder with room)"
    return f"{what} (log: {file.name})"


if __name__ == "__main__":
    sys.exit(main())
