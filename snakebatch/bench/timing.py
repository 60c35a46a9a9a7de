"""Seconds, measured so that two models meet the same machine."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping

Timer = Callable[[], float]
"""Seconds from any fixed moment; tests hand in their own."""

SYSTEM_TIMER: Timer = time.perf_counter


def seconds_of(call: Callable[[], object], timer: Timer = SYSTEM_TIMER) -> float:
    """Seconds of one call; garbage of what came before is collected first, and not on its account."""
    gc.collect()
    started = timer()
    call()
    return timer() - started


def alternating_medians(
    calls: Mapping[str, Callable[[], object]], repeats: int, timer: Timer = SYSTEM_TIMER
) -> dict[str, float]:
    """By name the median of the seconds of ``repeats`` runs.

    The calls take turns, so that a slow moment of the machine meets all of them; a round before, which does
    not count, loads and warms what they need.
    """
    for call in calls.values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            seconds[name].append(seconds_of(call, timer))
    return {name: statistics.median(each) for name, each in seconds.items()}
