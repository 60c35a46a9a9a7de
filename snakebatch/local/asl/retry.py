"""Retry: which retrier takes a failure, and how long it waits.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import StateError, matches

DEFAULT_INTERVAL = 1
DEFAULT_ATTEMPTS = 3
DEFAULT_BACKOFF = 2.0


class Retries:
    """The retriers of one visit; each counts its own attempts.

    Parameters
    ----------
    retriers
        The state's Retry.
    draws
        Where JitterStrategy FULL draws from: uniformly between 0 and the delay.
    """

    def __init__(self, retriers: Sequence[Mapping[str, Any]], draws: random.Random) -> None:
        self._retriers = retriers
        self._draws = draws
        self._attempts = [0] * len(retriers)

    def delay(self, failure: StateError) -> float | None:
        """Seconds to wait before the next attempt; None if the failure is not retried (any more)."""
        for i, retrier in enumerate(self._retriers):
            if not matches(retrier["ErrorEquals"], failure):
                continue
            if self._attempts[i] >= retrier.get("MaxAttempts", DEFAULT_ATTEMPTS):
                return None
            self._attempts[i] += 1
            return self._wait(retrier, self._attempts[i])
        return None

    def _wait(self, retrier: Mapping[str, Any], attempt: int) -> float:
        longest = float(retrier.get("MaxDelaySeconds", float("inf")))
        try:
            growth = float(retrier.get("BackoffRate", DEFAULT_BACKOFF)) ** (attempt - 1)
        except OverflowError:
            growth = float("inf")
        delay = min(longest, float(retrier.get("IntervalSeconds", DEFAULT_INTERVAL)) * growth)
        if retrier.get("JitterStrategy", "NONE") == "FULL":
            return self._draws.uniform(0.0, delay)
        return delay


def catcher_of(catchers: Sequence[Mapping[str, Any]], failure: StateError) -> int | None:
    """The first Catch that takes the failure, by position."""
    return next((i for i, catcher in enumerate(catchers) if matches(catcher["ErrorEquals"], failure)), None)
