"""Whether the gatherer is alive: what a load balancer and the machine's own probe ask for."""

from __future__ import annotations

from snakebatch.clock import Clock
from snakebatch.version import ENGINE, VERSION

PATIENCE = 300.0
"""Seconds without one successful look at the queue after which the gatherer counts as dead: receivers look
every two seconds, so that only a dead thread, lost credentials or a lost network takes that long.
"""


class Pulse:
    """When each part of the gatherer last did something with success. Several threads beat, several ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = {"receivers": clock.time()}

    def beat(self, part: str = "receivers") -> None:
        """Note that a part succeeded: receivers as they look at the queue, the answerer at each step."""
        self._last[part] = self._clock.time()

    def silence(self) -> float:
        """Seconds since the last success of the part that has been silent longest."""
        return max(0.0, self._clock.time() - min(self._last.values()))

    def report(self) -> tuple[bool, dict[str, object]]:
        """Whether the gatherer is alive, and what it says of itself."""
        silence = self.silence()
        alive = silence <= PATIENCE
        said = {"status": "ok" if alive else "silent", "silent_seconds": round(silence, 1)}
        return alive, {**said, "version": VERSION, "engine": ENGINE}
