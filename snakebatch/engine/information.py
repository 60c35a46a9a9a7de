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

from snakebatch.engine.population import NumberColumn, Population, Rows

MOST_BINS = 20
ROWS_A_CELL = 15
"""Fewer bins where rows are few: a 20 x 20 table of 350 rows would be all bias."""

SAMPLE = 4096
"""Rows that are looked at, evenly spaced, where there are more."""

_UNIT = 1 << 20
_FLOOR = round(1e-4 * _UNIT)
_LARGEST_SUM = 1 << 31


def column_weights(population: Population, rows: Rows) -> NDArray[np.int64]:
    """One positive integer a feature, their sum under 2**31 (so that a draw below it is exact).

    They are those of these rows, so that a slice in which one column has been used up looks at the others.
    """
    sample = rows[:: -(-len(rows) // SAMPLE)]
    bins = min(MOST_BINS, max(2, math.isqrt(len(sample) // ROWS_A_CELL)))
    target = _target_bins(population, sample, bins)
    weights = np.array(
        [
            _information(_feature_bins(population, index, sample, bins), target)
            for index in range(len(population.features))
        ],
        dtype=np.int64,
    )
    while int(weights.sum()) >= _LARGEST_SUM:
        weights = np.maximum(weights >> 1, 1)
    return weights


def _target_bins(population: Population, rows: Rows, bins: int) -> NDArray[np.intp]:
    codes = population.codes[rows]
    dense = _dense(codes)
    if population.datatypes[0] in "NI" and int(dense.max()) >= bins:
        return _dense(_quantile_bins(codes, bins))
    return dense


def _feature_bins(population: Population, index: int, rows: Rows, bins: int) -> NDArray[np.intp]:
    column = population.features[index]
    if isinstance(column, NumberColumn):
        return _dense(_quantile_bins(column.values[rows], bins))
    return _dense(column.codes[rows])


def _quantile_bins(values: NDArray[np.float64] | NDArray[np.int32], bins: int) -> NDArray[np.intp]:
    ordered = np.sort(values)
    cuts = ordered[(np.arange(1, bins) * len(ordered)) // bins]
    return np.searchsorted(cuts, values, side="right")


def _dense(values: NDArray[np.intp] | NDArray[np.int32]) -> NDArray[np.intp]:
    return np.unique(values, return_inverse=True)[1]


def _information(feature: NDArray[np.intp], target: NDArray[np.intp]) -> int:
    n_rows = len(feature)
    n_feature, n_target = int(feature.max()) + 1, int(target.max()) + 1
    _, joint = np.unique(feature * n_target + target, return_counts=True)
    n_log_n = _n_log_n()
    total = (
        int(n_log_n[joint].sum())
        - int(n_log_n[np.bincount(feature)].sum())
        - int(n_log_n[np.bincount(target)].sum())
        + int(n_log_n[n_rows])
    )
    bias = (n_feature - 1) * (n_target - 1) * _UNIT // 2
    return max(total - bias, 0) // n_rows + _FLOOR


@lru_cache(maxsize=1)
def _n_log_n() -> NDArray[np.int64]:
    """n ln n in units of 2**-20 for n up to the sample size."""
    return np.array([0, *(round(n * math.log(n) * _UNIT) for n in range(1, SAMPLE + 1))], dtype=np.int64)
