"""What is shown of a training that is waited for: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol, TextIO

from snakebatch.mesh.job_status import JobStatus

BAR_WIDTH = 24

ShowStatus = Callable[[JobStatus], None]
"""A caller's own way to show progress; it gets every status."""


class Progress(Protocol):
    """Where a flow says what goes on."""

    def status(self, status: JobStatus) -> None: ...

    def say(self, line: str) -> None: ...

    def close(self) -> None: ...


def progress_of(wanted: bool | ShowStatus, stream: TextIO | None = None) -> Progress:
    """What ``progress=`` of a MeshSnake stands for: True shows, False is silent, a function is told."""
    if callable(wanted):
        return _Told(wanted)
    return Shown(stream) if wanted else _Silent()


class _Silent:
    def status(self, status: JobStatus) -> None:
        pass

    def say(self, line: str) -> None:
        pass

    def close(self) -> None:
        pass


class _Told(_Silent):
    def __init__(self, tell: ShowStatus) -> None:
        self._tell = tell

    def status(self, status: JobStatus) -> None:
        self._tell(status)


class Shown:
    """Shows the statuses of one training on ``stream`` (default: stderr)."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._line = ""
        self._state = ""

    def status(self, status: JobStatus) -> None:
        """Bring the screen up to date: a bar that moves, or a line for every state."""
        if self._live:
            self._draw(_bar(status))
        elif status.state != self._state or status.ended is not None:
            self._state = status.state
            self._print(_plain(status))

    def say(self, line: str) -> None:
        """A line of its own."""
        self.close()
        self._print(line)

    def close(self) -> None:
        """Leave the cursor on a line of its own."""
        if self._line:
            print(file=self._stream, flush=True)
            self._line = ""

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)

    def _draw(self, line: str) -> None:
        if line != self._line:
            print(f"\r\x1b[K{line}", end="", file=self._stream, flush=True)
            self._line = line


def _bar(status: JobStatus) -> str:
    full = round(BAR_WIDTH * _share(status))
    return f"{status.model_id[:8]} [{'#' * full}{'.' * (BAR_WIDTH - full)}] {_told(status)}"


def _plain(status: JobStatus) -> str:
    return f"{status.model_id}: {_told(status)}"


def _share(status: JobStatus) -> float:
    """How much of the work is done: packets are the only measure while the tree is divided."""
    if status.status == "SUCCEEDED":
        return 1.0
    if status.leaves_expected:
        return status.leaves / status.leaves_expected
    return 0.0


def _told(status: JobStatus) -> str:
    parts = [status.state or "starting"]
    if status.leaves_expected:
        parts.append(f"{status.leaves:,}/{status.leaves_expected:,} leaves")
    elif status.waves:
        wave = status.waves[-1]
        parts.append(f"{wave.done}/{wave.packets} packets")
    if status.usd:
        parts.append(f"${status.usd:.4f}")
    if status.ended is not None:
        parts.append(f"{status.status.lower()} after {status.seconds:.0f} s")
    elif status.eta_seconds:
        parts.append(f"{status.eta_seconds:.0f} s left")
    return ", ".join(parts)
