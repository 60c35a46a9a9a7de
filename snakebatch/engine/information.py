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

from snakebatch.engine.arrays import Ints
from snakebatch.engine.measured_rows import MeasuredRows
from snakebatch.engine.population import NumberColumn

MOST_BINS = 20
ROWS_A_CELL = 15
"""Fewer bins where rows are few: a 20 x 20 table of 350 rows would be all bias."""

_UNIT = 1 << 20
_FLOOR = round(1e-4 * _UNIT)
_LARGEST_SUM = 1 << 31
_CHUNK_CELLS = 1 << 17
_DENSE = 16
"""Cells a row of a table that is counted whole; a sparser one only where rows meet."""


def column_weights(measured: MeasuredRows) -> Ints:
    """(g, features): positive integers, their sum in a group under 2**31 (so that a draw below it is exact).

    They are those of the group's rows, so that a slice in which one column has been used up looks at the
    others.
    """
    bins = [min(MOST_BINS, max(2, math.isqrt(n // ROWS_A_CELL))) for n in measured.n.tolist()]
    bin_of = np.zeros((len(measured), measured.width), dtype=np.int64)
    for number, (n, count) in enumerate(zip(measured.n.tolist(), bins, strict=True)):
        bin_of[number, :n] = _bin_of_position(n, count)
    labels = _target_bins(measured, bin_of, np.array(bins))
    features = measured.population.features
    numbers = [index for index, column in enumerate(features) if isinstance(column, NumberColumn)]
    weights = np.empty((len(measured), len(features)), dtype=np.int64)
    joint = _Joint(measured, labels)
    if numbers:
        weights[:, numbers] = joint.of_binned(numbers, bin_of)
    for index in set(range(len(features))) - set(numbers):
        weights[:, index] = joint.of_codes(index)
    while (large := weights.sum(axis=1) >= _LARGEST_SUM).any():
        weights[large] = np.maximum(weights[large] >> 1, 1)
    return weights


@lru_cache(maxsize=4096)
def _bin_of_position(n: int, bins: int) -> Ints:
    """The quantile bin of a value whose last sorted position is p: how many cuts stand at p or before."""
    cuts = (np.arange(1, bins) * n) // bins
    return np.cumsum(np.bincount(cuts, minlength=n))


def _target_bins(measured: MeasuredRows, bin_of: Ints, bins: Ints) -> Ints:
    """(g, width): the classes of a group, numbered from 0; quantile bins of them where the target is a number
    of many values."""
    population, n = measured.population, measured.n
    many = len(population.classes)
    group = np.repeat(np.arange(len(n)), n)
    codes = group * many + population.codes[np.concatenate(measured.groups)]
    distinct, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    classes = np.bincount(distinct // many, minlength=len(n))
    label = inverse - (np.cumsum(classes) - classes)[group]
    if population.datatypes[0] in "NI":
        last = (np.cumsum(counts) - 1)[inverse] - (np.cumsum(n) - n)[group]
        label = np.where((classes > bins)[group], bin_of[group, last], label)
    labels = np.zeros(measured.real.shape, dtype=np.int64)
    labels[measured.real] = label
    return labels


class _Joint:
    """Mutual information of features with the ``labels`` (g, width), less its bias, in units of 2**-20 nats.

    All by integer sums over the sorted positions of a feature: what stands there, and the label of its row.
    """

    def __init__(self, measured: MeasuredRows, labels: Ints) -> None:
        self._measured = measured
        self._labels = labels
        self._wide = int(labels.max()) + 1
        self._group = np.arange(len(measured))[:, None]
        targets = (self._group * self._wide + labels)[measured.real]
        of_target = np.bincount(targets, minlength=len(measured) * self._wide).reshape(len(measured), -1)
        self._terms = _n_log_n(1 << int(measured.n.max()).bit_length())
        self._of_target = self._terms[of_target].sum(axis=1)
        self._free = np.count_nonzero(of_target, axis=1) - 1

    def of_binned(self, features: list[int], bin_of: Ints) -> Ints:
        """(g, features): number columns, by the bin of each position."""
        measured, wide = self._measured, self._wide
        tall = int(bin_of.max()) + 1
        cells = len(measured) * tall * wide
        if cells > _DENSE * measured.real.size:
            return np.stack([self.of_codes(index, bin_of) for index in features], axis=1)
        # Padding is counted in a cell of its own, behind the others.
        label = np.where(measured.real, self._group * (tall * wide) + self._labels, cells).astype(np.int32)
        row = (bin_of * wide).astype(np.int32)
        found = []
        step = max(1, _CHUNK_CELLS // measured.real.size)
        for part in (features[first : first + step] for first in range(0, len(features), step)):
            pair = label[self._group, measured.base_order[part]]
            pair += row[self._group, measured.base_past[part] - 1]
            pair += np.arange(0, len(part) * (cells + 1), cells + 1, dtype=np.int32)[:, None, None]
            counts = np.bincount(pair.ravel(), minlength=len(part) * (cells + 1)).reshape(len(part), -1)
            joint = counts[:, :-1].reshape(len(part), len(measured), tall, wide)
            together = self._terms[joint].sum(axis=(2, 3))
            found.append(self._information(joint.sum(axis=3), together).T)
        return np.concatenate(found, axis=1)

    def of_codes(self, feature: int, bin_of: Ints | None = None) -> Ints:
        """(g,): a column of any values, or of any bins; only the cells where something meets are counted."""
        measured, wide = self._measured, self._wide
        past = measured.base_past[feature] - 1
        value = past if bin_of is None else bin_of[self._group, past]
        tall = int(value.max()) + 1
        row = (self._group * tall + value)[measured.real]
        label = self._labels[self._group, measured.base_order[feature]][measured.real]
        cells, met = np.unique(row * wide + label, return_counts=True)
        together = np.zeros(len(measured), dtype=np.int64)
        np.add.at(together, cells // (tall * wide), self._terms[met])
        of_feature = np.bincount(row, minlength=len(measured) * tall).reshape(len(measured), tall)
        return self._information(of_feature, together)

    def _information(self, of_feature: Ints, together: Ints) -> Ints:
        """From the counts of a feature's values (..., g, values) and the sum over the cells (..., g)."""
        n = self._measured.n
        total = together - self._terms[of_feature].sum(axis=-1) - self._of_target + self._terms[n]
        freedom = (np.count_nonzero(of_feature, axis=-1) - 1) * self._free
        found: Ints = np.maximum(total - freedom * _UNIT // 2, 0) // n + _FLOOR
        return found


@lru_cache(maxsize=32)
def _n_log_n(past: int) -> NDArray[np.int64]:
    """n ln n in units of 2**-20 for n below ``past``."""
    return np.array([0] + [round(n * math.log(n) * _UNIT) for n in range(1, past)], dtype=np.int64)
