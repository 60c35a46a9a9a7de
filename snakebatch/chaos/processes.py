"""Which process is to die, or to hang, and at which of its requests."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass, field

LONGEST_HANG = 30.0
"""Seconds after which a request that hangs is let go: long after its process was ended for it."""


@dataclass
class Trap:
    """``strike`` at the ``left``-th request of a process: ``before`` it, ``after`` it, or ``hang``."""

    pid: int
    left: int
    how: str
    struck: bool = False
    over: threading.Event = field(default_factory=threading.Event)


class Traps:
    """Traps by the app id of the caller that they wait for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: dict[str, Trap] = {}

    def set(self, who: str, trap: Trap) -> None:
        """Lay one out."""
        with self._lock:
            self._set[who] = trap

    def lift(self, who: str) -> Trap | None:
        """Take it in again, whether it struck or not; what hangs in it is let go."""
        with self._lock:
            trap = self._set.pop(who, None)
        if trap is not None:
            trap.over.set()
        return trap

    def step(self, who: str) -> Trap | None:
        """A caller makes a request: the trap that strikes at it, once."""
        with self._lock:
            trap = self._set.get(who)
            if trap is None or trap.struck:
                return None
            trap.left -= 1
            trap.struck = trap.left <= 0
            return trap if trap.struck else None


def end(pid: int) -> None:
    """SIGKILL, as a machine that fails; nothing where it has ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
