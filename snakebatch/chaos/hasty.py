"""A clock that stands while anything works and hurries while everything waits."""

from __future__ import annotations

import heapq
import threading
import time

from snakebatch.clock import SimulatedClock

_TICK = 0.01


class HastyClock(SimulatedClock):
    """Its time runs ``speed`` times as fast as the machine's while all that takes part in it waits.

    A simulated clock jumps to what is waited for at once, so that whoever works elsewhere (a gatherer, which
    is no part of it) is always too late; here there is time for them, and a back-off of a minute still
    takes less than a second.
    """

    def __init__(self, speed: float) -> None:
        super().__init__(time.time())
        self.speed = speed
        self._changed = threading.Condition(self._lock)
        self._closed = False
        self._driver = threading.Thread(target=self._drive, name="hasty-clock", daemon=True)
        self._driver.start()

    def jump(self, seconds: float) -> None:
        """Set it forward: what was waited for meanwhile is due now, in its order."""
        with self._lock:
            self._now += seconds
            self._changed.notify_all()

    def close(self) -> None:
        """End its thread; its time stands from here on."""
        with self._lock:
            self._closed = True
            self._changed.notify_all()
        self._driver.join()

    def _advance(self) -> None:
        self._changed.notify_all()

    def _drive(self) -> None:
        with self._lock:
            while not self._closed:
                if self._timers and (self._timers[0][2].cancelled or self._timers[0][0] <= self._now):
                    self._fire()
                elif self._running or not self._timers:
                    self._changed.wait()
                else:
                    self._pass(self._timers[0][0])

    def _fire(self) -> None:
        _, _, timer = heapq.heappop(self._timers)
        if not timer.cancelled:
            timer.callback()

    def _pass(self, until: float) -> None:
        begun = time.monotonic()
        self._changed.wait(min((until - self._now) / self.speed, _TICK))
        # It may have jumped meanwhile.
        if not self._running and self._now < until:
            self._now = min(until, self._now + (time.monotonic() - begun) * self.speed)
