"""``iqr_mean`` of the candles of many rows at once, to the last bit what ``candle_of`` gives for each.

Quantiles take the same float operations as there. The sum within them is ``math.fsum``'s, the exact sum
rounded once, so it is built from exact parts: every target is cut into parts of few bits, of which NumPy adds
up millions without rounding, and only the handful of partial sums of a row is left to ``fsum``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.candle import LARGE, candle_of
from snakebatch.engine.rules import Ints
from snakebatch.engine.votes import VotePairs

_PART_BITS = 26
_MOST_VOTES = 1 << (52 - _PART_BITS)
"""So many parts add up to less than 2**53 units of the last place: exactly."""

_TINIEST = -1074
"""Exponent of the smallest float."""


class IqrMeans:
    """The targets of a regression, ready to be averaged; ``numbers`` are the classes as finite floats."""

    def __init__(self, numbers: NDArray[np.float64]) -> None:
        order = np.argsort(numbers, kind="stable")
        self._numbers = numbers
        self._ascending = bool((order == np.arange(len(numbers))).all())
        self._rank = np.empty(len(order), dtype=np.int64)
        self._rank[order] = np.arange(len(order))
        # Candles of such numbers are scaled, row by row.
        self._large = bool(np.abs(numbers).max(initial=0.0) > LARGE)
        self._parts: NDArray[np.float64] = np.zeros((0, len(numbers))) if self._large else _parts_of(numbers)

    def of(self, votes: VotePairs) -> tuple[list[float], list[int]]:
        """The ``iqr_mean`` and the number of votes of every row; NaN and 0 where there are no votes."""
        ends = np.concatenate([[0], np.cumsum(votes.times)])
        n = ends[votes.starts[1:]] - ends[votes.starts[:-1]]
        if self._large or int(ends[-1]) >= _MOST_VOTES:
            return self._one_by_one(votes), n.tolist()
        if not self._ascending:
            votes = self._by_value(votes)
            ends = np.concatenate([[0], np.cumsum(votes.times)])
        means = np.full(len(n), np.nan)
        voted = np.flatnonzero(n)
        means[voted] = self._means(votes, ends, voted)
        return means.tolist(), n.tolist()

    def _means(self, votes: VotePairs, ends: Ints, voted: Ints) -> NDArray[np.float64]:
        """Of the rows ``voted``; ``ends`` counts the votes before each pair."""
        first, last = votes.starts[:-1][voted], votes.starts[1:][voted]
        values = self._numbers[votes.code]
        size = ends[last] - ends[first]
        low, high = (_quantile(values, ends, ends[first], size, share) for share in (0.25, 0.75))
        row = np.repeat(np.arange(len(voted)), last - first)
        within = (values >= low[row]) & (values <= high[row])  # pairs of rows without votes there are none
        # Two votes may have none within: then it is the mean of all.
        counted = np.where(within, votes.times, 0)
        count = np.add.reduceat(counted, first)
        none = count == 0
        if none.any():
            counted = np.where(none[row], votes.times, counted)
            count = np.where(none, size, count)
        sums = np.add.reduceat(self._parts[:, votes.code] * counted, first, axis=1)
        totals = list(map(math.fsum, sums.T.tolist()))
        means: NDArray[np.float64] = np.array(totals) / count
        return means

    def _by_value(self, votes: VotePairs) -> VotePairs:
        row = np.repeat(np.arange(len(votes.starts) - 1), np.diff(votes.starts))
        order = np.lexsort((self._rank[votes.code], row))
        return VotePairs(votes.starts, votes.code[order], votes.times[order])

    def _one_by_one(self, votes: VotePairs) -> list[float]:
        means = []
        for start, stop in zip(votes.starts[:-1].tolist(), votes.starts[1:].tolist(), strict=True):
            part = slice(start, stop)
            voted = np.repeat(self._numbers[votes.code[part]], votes.times[part]).tolist()
            mean = candle_of(voted)["iqr_mean"]
            means.append(math.nan if mean is None else float(mean))
        return means


def _quantile(
    values: NDArray[np.float64], ends: Ints, start: Ints, size: Ints, share: float
) -> NDArray[np.float64]:
    """As ``candle`` interpolates it, of every run of ``size`` votes from vote ``start`` on."""
    place = (size - 1) * share
    below = np.floor(place)
    lower_vote = start + below.astype(np.int64)
    upper_vote = np.minimum(lower_vote + 1, start + size - 1)
    lower, upper = (values[_pair_of(ends, vote)] for vote in (lower_vote, upper_vote))
    found: NDArray[np.float64] = lower + (upper - lower) * (place - below)
    return found


def _pair_of(ends: Ints, vote: Ints) -> Ints:
    """The pair that a vote belongs to."""
    if int(ends[-1]) == len(ends) - 1:
        return vote  # a vote a pair
    return np.searchsorted(ends, vote, side="right") - 1


def _parts_of(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(parts, numbers): exact summands of the numbers, each part a small multiple of one power of two."""
    parts = []
    rest = numbers.copy()
    while (peak := float(np.abs(rest).max(initial=0.0))) > 0.0:
        unit = math.ldexp(1.0, max(math.frexp(peak)[1] - _PART_BITS, _TINIEST))
        parts.append(np.rint(rest / unit) * unit)
        rest = rest - parts[-1]
    return np.array(parts) if parts else np.zeros((1, len(numbers)))
