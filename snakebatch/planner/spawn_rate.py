"""How fast invocations were started: the spawn rate as v9's concurrency page reads it, from their times.

The seeds' definition: cut every minute into six sub-buckets of ten seconds, take the fullest, divide by ten.
So 50 starts within one sub-bucket read as 5/s, however few seconds of it they took (the page's own example
says 10/s, which is 50 starts over their five seconds); over a border of two sub-buckets they read as less.
What a border may hide, ``busiest_window`` does not: it is the rule that a Map's concurrency is chosen by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal as OneOf

from snakebatch.planner.rate import SPAWN_RATE, WINDOW

MINUTE = 60.0
NEAR, OVER = 0.7, 1.0
"""Parts of the ceiling from which a bar is orange, and red."""

_SUB_BUCKETS = round(MINUTE / WINDOW)

Level = OneOf["low", "near", "over"]


@dataclass(frozen=True)
class MinutePeak:
    """One minute: its ``start`` (epoch seconds), the starts in it, and those in its fullest ten seconds."""

    start: float
    invocations: int
    fullest: int

    @property
    def rate(self) -> float:
        """Invocations a second, as the page shows them."""
        return self.fullest / WINDOW

    def level(self, ceiling: float = SPAWN_RATE) -> Level:
        """Whether the minute came near the ceiling, or over it."""
        return level(self.rate, ceiling)


def level(rate: float, ceiling: float = SPAWN_RATE) -> Level:
    """``near`` from 70 % of the ceiling, ``over`` from all of it."""
    if rate >= OVER * ceiling:
        return "over"
    return "near" if rate >= NEAR * ceiling else "low"


def minute_peaks(starts: Iterable[float], until: float, minutes: int) -> list[MinutePeak]:
    """The last ``minutes`` minutes, oldest first; the last of them is the one that ``until`` falls in.

    Minutes and sub-buckets begin at whole multiples of their length since the epoch, as CloudWatch's do.
    """
    counts = Counter(int(start // WINDOW) for start in starts)
    last = int(until // MINUTE)
    peaks = []
    for minute in range(last - minutes + 1, last + 1):
        within = [counts[minute * _SUB_BUCKETS + part] for part in range(_SUB_BUCKETS)]
        peaks.append(MinutePeak(minute * MINUTE, sum(within), max(within)))
    return peaks


def busiest_window(starts: Iterable[float], window: float = WINDOW) -> int:
    """The most starts in any ``window`` seconds (the first moment counts, the last does not)."""
    ordered = sorted(starts)
    most = first = 0
    for place, start in enumerate(ordered):
        while start - ordered[first] >= window:
            first += 1
        most = max(most, place - first + 1)
    return most
