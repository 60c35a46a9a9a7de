"""Helper processes that never outlive the process that started them.

The forkserver of the Lambda pool and the services are processes of their own. Each is started through
``start_child``: it holds the read end of a pipe, its *lifeline*, whose write end exists only in the parent.
When the parent ends, however it ends (SIGKILL included), the pipe closes and the child goes too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

# The parent's import path is handed over in full: a child must find the same packages, whether the parent
# runs from a checkout, from a wheel, under pytest or as a console script. ``main`` is never imported again.
# The module's name stands first for those who look at the list of processes.
_BOOT = (
    "{module!r}; import sys; sys.path[:] = {path!r}; from {module} import {function} as run; run({arguments})"
)


def boot_command(module: str, function: str, *arguments: object) -> list[str]:
    """Command line that runs ``module.function(*arguments)`` in a fresh interpreter with our import path."""
    path = [os.path.abspath(entry) for entry in sys.path]
    code = _BOOT.format(
        path=path, module=module, function=function, arguments=", ".join(repr(value) for value in arguments)
    )
    return [sys.executable, "-c", code]


class Lifeline:
    """The parent's end of a pipe; children that hold the other end leave when it closes."""

    def __init__(self) -> None:
        self.read_end, self._write_end = os.pipe()
        self._closed = False

    def close(self) -> None:
        """Cut it: every child that still watches it leaves. Safe to call twice."""
        if not self._closed:
            self._closed = True
            os.close(self._write_end)
            os.close(self.read_end)


def start_child(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: IO[bytes] | int,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that the terminal's Ctrl-C reaches only us."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=dict(environment),
        pass_fds=tuple(pass_fds),
        start_new_session=True,
    )


def stop_child(process: subprocess.Popen[bytes], *, grace: float) -> None:
    """Ask it to leave (SIGTERM), and kill it if it has not left within ``grace`` seconds."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def leave_with(lifeline: int) -> None:
    """In a child: end this process when the lifeline closes (a daemon thread waits for that)."""
    threading.Thread(target=_watch, args=(lifeline,), name="lifeline", daemon=True).start()


def _watch(lifeline: int) -> None:
    with suppress(OSError):
        os.read(lifeline, 1)
    os._exit(1)
