"""Commands as a terminal shows them: run in a pseudo-terminal, with every version of every line and its time.

Knows of a terminal what our commands use: line ends, the return to a line's start, and the erasing of the
rest of it. Anything else is an error, rather than a picture of something that nobody has seen.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROWS = 60
_PAUSE, _LOOK = 1.0, 0.6
"""Seconds between two commands, and after a command's line: what it does is shown as fast as it was."""

_PARTS = re.compile(r"\r\n|\n|\r|\x1b\[K|[^\r\n\x1b]+|.", re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """What a line showed from one moment until another; None: until the end. Seconds since the start."""

    row: int
    text: str
    since: float
    until: float | None
    prompt: bool = False


@dataclass
class Screen:
    """A terminal of so many columns, which does not scroll. ``shown`` are all versions of its lines."""

    columns: int
    shown: list[Shown] = field(default_factory=list)
    _lines: dict[int, tuple[str, float]] = field(default_factory=dict)
    _row: int = 0
    _at: int = 0

    def prompt(self, command: str, now: float) -> None:
        """Show the line that a command was called by."""
        self.shown.append(Shown(self._row, command, now, None, prompt=True))
        self._row += 1

    def write(self, text: str, now: float) -> None:
        """Show what a command wrote."""
        for part in _PARTS.findall(text):
            if part in ("\r\n", "\n"):
                self._row, self._at = self._row + 1, 0
            elif part == "\r":
                self._at = 0
            elif part == "\x1b[K":
                self._put(self._text()[: self._at], now)
            elif part.isprintable():
                self._print(part, now)
            else:
                raise ValueError(f"a command wrote {part!r}, which this screen does not know")

    def close(self) -> list[Shown]:
        """All that was shown, by rows."""
        for row, (text, since) in self._lines.items():
            self.shown.append(Shown(row, text, since, None))
        self._lines.clear()
        return sorted((one for one in self.shown if one.text), key=lambda one: (one.row, one.since))

    def _print(self, text: str, now: float) -> None:
        while text:
            if self._at == self.columns:
                self._row, self._at = self._row + 1, 0
            room = self.columns - self._at
            before = self._text().ljust(self._at)
            self._put(before[: self._at] + text[:room] + before[self._at + len(text[:room]) :], now)
            self._at += len(text[:room])
            text = text[room:]

    def _text(self) -> str:
        return self._lines.get(self._row, ("", 0.0))[0]

    def _put(self, text: str, now: float) -> None:
        if self._row in self._lines and self._lines[self._row][1] < now:
            was, since = self._lines[self._row]
            self.shown.append(Shown(self._row, was, since, now))
        elif self._row in self._lines:
            now = self._lines[self._row][1]
        self._lines[self._row] = (text, now)


def record(commands: Sequence[str], folder: Path, path: str, columns: int) -> list[Shown]:
    """Run each command in a shell in ``folder``, with ``path`` as PATH; raises where one fails."""
    screen, now = Screen(columns), 0.0
    for command in commands:
        screen.prompt(command, now)
        now += _LOOK
        for seconds, text in _run(command, folder, path, columns):
            screen.write(text, round(now + seconds, 2))
        now += seconds + _PAUSE
    return screen.close()


def _run(command: str, folder: Path, path: str, columns: int) -> Iterator[tuple[float, str]]:
    """What a command writes, with the seconds since its start; nothing at its end, for the time."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    started = time.monotonic()
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), "TERM": "xterm", "LANG": "C.UTF-8"},
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    decoder = codecs.getincrementaldecoder("utf-8")()
    while True:
        try:
            data = os.read(ours, 1 << 16)
        except OSError:  # Linux says so that nobody has the terminal open any more
            data = b""
        yield time.monotonic() - started, decoder.decode(data)
        if not data:
            break
    os.close(ours)
    if process.wait() != 0:
        raise RuntimeError(f"{command!r} ended with {process.returncode}")
