"""Counts the moments of a run and hands out the fault that is due; notes those that really happened."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from snakebatch.chaos.plan import Fault


@dataclass(frozen=True)
class Strike:
    """A fault that happened. An error that comes of it has one of the texts of its ``evidence`` in it."""

    fault: Fault
    evidence: tuple[str, ...]


class Director:
    """Safe to use from many threads. Hands nothing out until it is given faults, nor after it ``rests``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._going_on: dict[str, tuple[Fault, int]] = {}
        self._counts: Counter[str] = Counter()
        self._strikes: list[Strike] = []
        self._working = False

    def begin(self, faults: Iterable[Fault]) -> None:
        """Count from now on, from nothing."""
        with self._lock:
            self._waiting = sorted(faults, key=lambda fault: fault.number)
            self._going_on.clear()
            self._counts.clear()
            self._strikes.clear()
            self._working = True

    def rest(self) -> None:
        """Hand nothing out any more."""
        with self._lock:
            self._working = False

    def at(self, *moments: str, target: str = "") -> Fault | None:
        """What is to happen now, at these moments in one. A fault that takes several calls in a row takes
        those of the same ``target``, which its first call had.
        """
        with self._lock:
            if not self._working:
                return None
            for moment in moments:
                self._counts[moment] += 1
            again = self._going_on.pop(target, None)
            if again is not None and again[0].kind.moment in moments:
                return self._taken(*again, target)
            for fault in self._waiting:
                moment = fault.kind.moment
                if moment in moments and self._counts[moment] >= fault.at:
                    self._waiting.remove(fault)
                    return self._taken(fault, fault.times, target)
            return None

    def _taken(self, fault: Fault, times: int, target: str) -> Fault:
        if times > 1:
            self._going_on[target] = (fault, times - 1)
        return fault

    def struck(self, fault: Fault, *evidence: str) -> None:
        """It happened: called where it happens, once for each call that it took."""
        with self._lock:
            if self._working:
                self._strikes.append(Strike(fault, evidence or (fault.mark,)))

    @property
    def strikes(self) -> list[Strike]:
        """All that happened since ``begin``."""
        with self._lock:
            return list(self._strikes)
