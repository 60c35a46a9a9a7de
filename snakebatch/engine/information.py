"""How much each column tells about the target: the weights by which oppose draws columns.

Mutual information of the column (up to 20 quantile bins, or the texts) with the target (as many bins if it
is a number of many values), less the bias of the estimate, (kx-1)(ky-1)/2n (Miller, Madow 1955), plus 1e-4.
Without the bias and the binning every noise column looks as telling as a true one when each row is its own
class.

All sums are over integers (n log n in units of 2**-20), so the weights are the same on every machine.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.measured_rows import MeasuredRows
from snakebatch.engine.population import NumberColumn, Population, Rows

MOST_BINS = 20
ROWS_A_CELL = 15
"""Fewer bins where rows are few: a 20 x 20 table of 350 rows would be all bias."""

_UNIT = 1 << 20
_FLOOR = round(1e-4 * _UNIT)
_LARGEST_SUM = 1 << 31


def column_weights(measured: MeasuredRows) -> NDArray[np.int64]:
    """One positive integer a feature, their sum under 2**31 (so that a draw below it is exact).

    They are those of these rows, so that a slice in which one column has been used up looks at the others.
    """
    population, n = measured.population, measured.n
    bins = min(MOST_BINS, max(2, math.isqrt(n // ROWS_A_CELL)))
    target = _target_bins(population, measured.rows, bins)
    bin_of = _bin_of_position(n, bins)
    features = [
        bin_of[measured.base_past[index] - 1]
        if isinstance(column, NumberColumn)
        else measured.base_codes[index]
        for index, column in enumerate(population.features)
    ]
    weights = np.array([_information(feature, target) for feature in features], dtype=np.int64)
    while int(weights.sum()) >= _LARGEST_SUM:
        weights = np.maximum(weights >> 1, 1)
    return weights


def _bin_of_position(n: int, bins: int) -> NDArray[np.int64]:
    """The quantile bin of a value whose last sorted position is p: how many cuts stand at p or before."""
    cuts = (np.arange(1, bins) * n) // bins
    return np.cumsum(np.bincount(cuts, minlength=n))


def _target_bins(population: Population, rows: Rows, bins: int) -> NDArray[np.int64]:
    """The classes, numbered from 0; quantile bins of them where the target is a number of many values."""
    distinct, codes = np.unique(population.codes[rows], return_inverse=True)
    if population.datatypes[0] not in "NI" or len(distinct) <= bins:
        return codes.astype(np.int64)
    past = np.cumsum(np.bincount(codes))[codes]
    return _bin_of_position(len(rows), bins)[past - 1]


def _information(feature: NDArray[np.int64], target: NDArray[np.int64]) -> int:
    """Mutual information less its bias, in units of 2**-20 nats, by integer sums."""
    n = len(feature)
    of_feature, of_target = np.bincount(feature), np.bincount(target)
    joint = _cells(feature, target, len(of_feature), len(of_target))
    terms = _n_log_n(1 << n.bit_length())
    total = (
        int(terms[joint].sum()) - int(terms[of_feature].sum()) - int(terms[of_target].sum()) + int(terms[n])
    )
    cells = (int(np.count_nonzero(of_feature)) - 1) * (int(np.count_nonzero(of_target)) - 1)
    return max(total - cells * _UNIT // 2, 0) // n + _FLOOR


def _cells(
    feature: NDArray[np.int64], target: NDArray[np.int64], height: int, width: int
) -> NDArray[np.int64]:
    """How often each value of the feature meets each of the target; only those that do meet if few do."""
    pair = feature * width + target
    if height * width <= 16 * len(pair):
        return np.bincount(pair)
    counts: NDArray[np.int64] = np.unique(pair, return_counts=True)[1]
    return counts


@lru_cache(maxsize=32)
def _n_log_n(past: int) -> NDArray[np.int64]:
    """n ln n in units of 2**-20 for n below ``past``."""
    return np.array([0, *(round(n * math.log(n) * _UNIT) for n in range(1, past))], dtype=np.int64)
