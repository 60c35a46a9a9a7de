"""Clocks that are handed in, so that nothing in this project waits or measures by itself.

``SystemClock`` is the real one. ``SimulatedClock`` is for tests and planning: its time stands still while
anything that takes part in it works, and jumps to the next moment somebody waits for as soon as everybody
waits. A workflow that sleeps for a week ends at once, and two runs of it see the same times.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable


@runtime_checkable
class Clock(Protocol):
    """What can tell the time and wait."""

    def time(self) -> float:
        """Now, in seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def time(self) -> float:
        """Now, in seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for that many seconds."""
        if seconds > 0:
            time.sleep(seconds)


class Timer:
    """A callback that the simulated clock will make at one moment, unless it is cancelled first."""

    __slots__ = ("callback", "cancelled")

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        """Forget the callback; harmless once it was made."""
        self.cancelled = True


class SimulatedClock:
    """Time that advances only when everything that takes part in it is waiting for it.

    Takers-part are counted: the executor counts its loop and its worker threads while they run, a test
    thread counts itself inside ``holding()``. A counted thread that calls ``sleep`` is not running meanwhile.
    At a count of zero the clock jumps to the earliest moment anybody waits for, and wakes those who wait
    for it. A thread that is not counted may ``sleep`` too: it waits until the others have let time pass.
    """

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start
        self._running = 0
        self._lock = threading.RLock()
        self._woken = threading.Condition(self._lock)
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._thread = threading.local()

    def time(self) -> float:
        """Simulated now, in seconds since the epoch."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Wait until that much simulated time has passed; takes no real time once all the others wait."""
        if seconds <= 0:
            return
        with self._lock:
            counted = getattr(self._thread, "counted", 0)
            awake = threading.Event()

            def wake() -> None:
                # Counted again here, in the advancing thread: between the wake-up and our running on, time
                # must stand.
                self._running += counted
                awake.set()
                self._woken.notify_all()

            self.call_at(self._now + seconds, wake)
            self._running -= counted
            self._advance()
            while not awake.is_set():
                self._woken.wait()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Make ``callback`` at that moment, from whichever thread lets time advance; it must not block."""
        with self._lock:
            timer = Timer(callback)
            heapq.heappush(self._timers, (when, next(self._order), timer))
            self._advance()
            return timer

    def enter(self) -> None:
        """Count one more thing that runs; time stands still until it leaves."""
        with self._lock:
            self._running += 1

    def leave(self) -> None:
        """Count one thing less that runs."""
        with self._lock:
            self._running -= 1
            self._advance()

    def adopt(self, counted: int) -> None:
        """Say how many of the counted things the calling thread stands for: what its ``sleep`` gives back."""
        self._thread.counted = counted

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Within this block the calling thread counts as running: time stands, unless it sleeps itself."""
        before = getattr(self._thread, "counted", 0)
        self.enter()
        self._thread.counted = before + 1
        try:
            yield
        finally:
            self._thread.counted = before
            self.leave()

    def _advance(self) -> None:
        while self._running == 0 and self._timers:
            when, _, timer = heapq.heappop(self._timers)
            if timer.cancelled:
                continue
            self._now = max(self._now, when)
            timer.callback()
