"""The candle of a set of targets: five quantiles, two means and a spread."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

KEYS = ("high", "q3", "median", "q1", "low", "mean", "iqr_mean", "std")

LARGE = 1e150
"""Above this a square would overflow, so that the values are scaled first."""


def as_numbers(targets: Iterable[Any]) -> list[float]:
    """The targets as floats; empty if one of them is no finite number (there is no candle of labels)."""
    numbers = []
    for target in targets:
        try:
            number = float(target)
        except (TypeError, ValueError, OverflowError):
            return []
        if not math.isfinite(number):
            return []
        numbers.append(number)
    return numbers


def candle_of(numbers: Iterable[float]) -> dict[str, float | int | None]:
    """high, q3, median, q1, low, mean, iqr_mean, std (population) and n; all but n are None if there is no
    number.

    Quantiles interpolate linearly at (n-1)·p; ``iqr_mean`` is the mean of those within [q1, q3], and where
    that is none (two values) the mean.
    """
    ordered = sorted(numbers)
    size = len(ordered)
    if not size:
        return {**dict.fromkeys(KEYS), "n": 0}
    peak = max(-ordered[0], ordered[-1])
    scale = peak if peak > LARGE else 1.0
    values = ordered if scale == 1.0 else [number / scale for number in ordered]
    low, q1, median, q3, high = (_quantile(values, share) for share in (0.0, 0.25, 0.5, 0.75, 1.0))
    mean = _mean(values)
    within = [value for value in values if q1 <= value <= q3]
    found = {
        "high": high,
        "q3": q3,
        "median": median,
        "q1": q1,
        "low": low,
        "mean": mean,
        "iqr_mean": _mean(within) if within else mean,
        "std": math.sqrt(_mean([(value - mean) * (value - mean) for value in values])),
    }
    return {**{key: value * scale for key, value in found.items()}, "n": size}


def mean_of(numbers: Sequence[float]) -> float:
    """The mean, as a candle has it; raises ZeroDivisionError if there are none."""
    peak = max(map(abs, numbers), default=0.0)
    if peak > LARGE:
        return _mean([number / peak for number in numbers]) * peak
    return _mean(numbers)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)  # fsum: the same whatever order the lookalikes come in


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = (len(ordered) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
