"""Token buckets: how often somebody may ask. Time comes from outside; the least used are forgotten."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict

from gatherer.api.settings import Rate
from snakebatch.clock import Clock

_MOST = 10_000
"""Callers that are remembered: a forgotten one starts with a full bucket."""


class Buckets:
    """One bucket a caller, all of one rate."""

    def __init__(self, rate: Rate, clock: Clock, most: int = _MOST) -> None:
        self.rate = rate
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> int:
        """Take a token: 0 where there was one, else the whole seconds until there is."""
        with self._lock:
            now = self._clock.time()
            tokens, then = self._buckets.get(who, (float(self.rate.burst), now))
            tokens = min(self.rate.burst, tokens + max(0.0, now - then) * self.rate.per_second)
            wait = 0 if tokens >= 1 else math.ceil((1 - tokens) / self.rate.per_second)
            self._buckets[who] = (tokens if wait else tokens - 1, now)
            self._buckets.move_to_end(who)
            while len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
            return wait
