"""What Lambda would tell CloudWatch of each function: invocations, throttles, and the most at a time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

ALL = ""
"""The name under which the invocations of all functions at a time are counted."""


@dataclass
class Counted:
    """Counts since the last time that they were taken, by function; ``concurrent`` has ALL too."""

    invocations: Counter[str] = field(default_factory=Counter)
    throttles: Counter[str] = field(default_factory=Counter)
    concurrent: dict[str, int] = field(default_factory=dict)


class Counts:
    """Counts until somebody takes them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = Counted()

    def began(self, name: str, in_flight: Mapping[str, int], total: int) -> None:
        """An invocation was admitted; ``in_flight`` and ``total`` have it in them."""
        with self._lock:
            self._now.invocations[name] += 1
            for who, now in ((name, in_flight[name]), (ALL, total)):
                self._now.concurrent[who] = max(self._now.concurrent.get(who, 0), now)

    def throttled(self, name: str) -> None:
        """An invocation was refused with 429."""
        with self._lock:
            self._now.throttles[name] += 1

    def take(self) -> Counted:
        """The counts since the last call."""
        with self._lock:
            taken, self._now = self._now, Counted()
        return taken
