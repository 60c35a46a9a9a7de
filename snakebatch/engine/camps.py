"""Camps: the members of one class in one bucket, once for every time that they are to be covered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snakebatch.engine.arrays import Flags, Ints
from snakebatch.engine.bits import Bits
from snakebatch.engine.measured_rows import MeasuredRows

COVERS = 3
"""Measured on digits: accuracy .957 with one cover, .966 with 2, .968 with 3, and no more with 5 or 8. A
regression of which each row is its own class gains .0003 of R² for three times the work, so it is covered
once."""


@dataclass(frozen=True)
class Camps:
    """The camps of some groups of measured rows, by group, class and cover.

    kin      (camps,) the class of the bucket that each camp is of
    cover    (camps,) 0, 1... : which of the covers of that class
    group    (kins,) the group of each class
    rows     (kins, words) its rows, as bits
    kin_of   (g, width) the class of each row, -1 where the group has none
    """

    kin: Ints
    cover: Ints
    group: Ints
    rows: Bits
    kin_of: Ints

    @classmethod
    def of(cls, measured: MeasuredRows) -> Camps:
        """Every class has ``COVERS`` camps where classes have at least two members on average, else one."""
        many = len(measured.population.classes)
        group, row = np.nonzero(measured.real)
        codes = measured.population.codes[measured.rows[measured.real]].astype(np.int64)
        distinct, kin = np.unique(group * many + codes, return_inverse=True)
        group_of = distinct // many
        rows = np.zeros(len(distinct) * measured.words, dtype=np.uint64)
        bit = np.uint64(1) << (row & 63).astype(np.uint64)
        np.bitwise_or.at(rows, kin * measured.words + (row >> 6), bit)
        kin_of = np.full(measured.real.shape, -1)
        kin_of[measured.real] = kin
        classes = np.bincount(group_of, minlength=len(measured))
        covers = np.where(2 * classes <= measured.n, COVERS, 1)[group_of]
        start = np.repeat(np.cumsum(covers) - covers, covers)
        kin = np.repeat(np.arange(len(distinct)), covers)
        return cls(kin, np.arange(len(kin)) - start, group_of, rows.reshape(-1, measured.words), kin_of)

    @property
    def is_covered_often(self) -> Flags:
        """(camps,): whether the class of each camp has several."""
        often: Flags = np.bincount(self.kin)[self.kin] > 1
        return often

    @property
    def group_of(self) -> Ints:
        """(camps,): the group of each camp."""
        return self.group[self.kin]

    def members(self) -> tuple[Ints, Ints]:
        """Camp and local row of every member of every camp: by camp, then by row."""
        group, row = np.nonzero(self.kin_of >= 0)
        kin = self.kin_of[group, row]
        row = row[np.argsort(kin, kind="stable")]
        size = np.bincount(kin, minlength=len(self.group))
        first = np.cumsum(size) - size
        of_camp = size[self.kin]
        camp = np.repeat(np.arange(len(self.kin)), of_camp)
        start = np.cumsum(of_camp) - of_camp
        return camp, row[np.arange(len(camp)) + np.repeat(first[self.kin] - start, of_camp)]
