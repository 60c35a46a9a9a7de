"""Trees: leaves share out the rows; the literals of a leaf are false on it and true on all other rows."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from snakebatch.engine.bits import count, unpack
from snakebatch.engine.camps import COVERS, Camps
from snakebatch.engine.drafts import Step
from snakebatch.engine.intake import read_rows
from snakebatch.engine.measured_rows import MeasuredRows
from snakebatch.engine.oppose import Opposer
from snakebatch.engine.population import Population
from snakebatch.engine.profiles import weights
from snakebatch.engine.trees import LEAST_SIDE, Trees

GROUPS = (90, 40, 130)


def _population(classes: int) -> Population:
    draw = np.random.default_rng(5)
    words = ["red", "green", "blue", "grey"]
    rows = [
        {
            "y": int(draw.integers(classes)),
            "a": float(draw.normal()),
            "b": float(draw.integers(4)),
            "c": words[int(draw.integers(4))],
            "d": f"id-{k}",
        }
        for k in range(sum(GROUPS))
    ]
    return read_rows(rows, "y").population


def _grown(population: Population) -> tuple[MeasuredRows, Camps, Trees]:
    ends = np.cumsum((0, *GROUPS))
    groups = [population.all_rows[first:past] for first, past in pairwise(ends)]
    keys = np.array([11, 12, 13], dtype=np.uint64)
    measured = MeasuredRows(population, groups, keys)
    camps = Camps.of(measured)
    return measured, camps, Trees(Opposer(measured, weights("balanced")), camps, np.arange(3), keys, 5)


@pytest.mark.parametrize("classes", [2, 5, 1000])
def test_the_leaves_of_a_tree_share_out_the_rows_of_its_group(classes: int) -> None:
    measured, _, trees = _grown(_population(classes))
    for tree, n in enumerate(GROUPS):
        leaves = np.unique(trees.leaf[tree, :n])
        held = unpack(trees.leaf_rows[leaves], measured.width)
        assert (held.sum(axis=0) == measured.real[tree]).all()
        for row in range(n):
            assert held[np.searchsorted(leaves, trees.leaf[tree, row]), row]


@pytest.mark.parametrize("classes", [2, 1000])
def test_the_literals_of_a_leaf_are_false_on_it_and_true_on_all_the_other_rows(classes: int) -> None:
    measured, _, trees = _grown(_population(classes))
    for tree in range(3):
        leaves = np.unique(trees.leaf[tree, : GROUPS[tree]])
        true_on = np.zeros_like(trees.leaf_rows[leaves])
        for step in trees.steps(leaves):
            true_on[step.clause] |= step.bits
        assert (true_on == measured.everything[tree] & ~trees.leaf_rows[leaves]).all()


def test_the_rows_of_a_step_are_those_of_its_literals() -> None:
    measured, _, trees = _grown(_population(3))
    opposer = Opposer(measured, weights("balanced"))
    steps: list[Step] = trees.steps(np.arange(len(trees.leaf_rows)))
    assert sum(len(step.clause) for step in steps) > 100
    for step in steps:
        assert (opposer.flipped(step.literal, opposer.inside(step.literal)) == step.bits).all()


@pytest.mark.parametrize("classes", [2, 1000])
def test_depth_is_logarithmic_and_most_leaves_are_of_one_class(classes: int) -> None:
    _, camps, trees = _grown(_population(classes))
    leaves = np.arange(len(trees.leaf_rows))
    assert len(trees.steps(leaves)) <= math.log(max(GROUPS)) / math.log(LEAST_SIDE / (LEAST_SIDE - 1)) + 1
    first = np.argmax(unpack(trees.leaf_rows, trees.leaf.shape[1]), axis=1)
    group = np.empty(len(leaves), dtype=np.int64)
    for number, n in enumerate(GROUPS):
        group[np.unique(trees.leaf[number, :n])] = number
    pure = count(trees.leaf_rows & ~camps.rows[camps.kin_of[group, first]]) == 0
    assert pure.mean() > 0.9


def test_camps_name_every_member_once_for_each_cover() -> None:
    for classes, covers in ((2, COVERS), (100_000, 1)):
        measured, camps, _ = _grown(_population(classes))
        camp, row = camps.members()
        assert (np.diff(camp) >= 0).all()
        assert len(camp) == covers * sum(GROUPS)
        assert (camps.kin_of[camps.group_of[camp], row] == camps.kin[camp]).all()
        assert len(set(zip(camps.cover[camp], camps.group_of[camp], row, strict=True))) == len(camp)
        assert (count(camps.rows) == np.bincount(camps.kin_of[measured.real])).all()
