"""The contradiction shows what the paper says of it, on the paper's table and on others."""

from __future__ import annotations

import numpy as np
import pytest

from snakebatch.bench import synthetic
from snakebatch.engine.intake import read_rows
from snakebatch.mesh.contradiction import (
    PAPER,
    SURE,
    Contradiction,
    contradiction,
    paper_population,
    three_gaussians,
)


@pytest.fixture(scope="module")
def shown() -> Contradiction:
    return contradiction(paper_population())


def test_the_table_is_that_of_the_bench() -> None:
    assert three_gaussians() == synthetic.three_gaussians()


def test_one_leaf_a_slice_is_sure_of_every_row(shown: Contradiction) -> None:
    """The paper: 100 %, 1.000, 1.000, 1000 / 1000."""
    right = shown.right
    assert (right.fit, right.mean, right.least, right.sure) == (1.0, 1.0, 1.0, shown.rows) == (1, 1, 1, 1000)
    assert right.conditions == right.buckets
    assert right.dead == 0


def test_chunks_under_one_condition_doubt_what_they_know(shown: Contradiction) -> None:
    """The paper: 100 %, 0.9978, 0.5963, 989 / 1000, in 166 leaves; the figures are of another draw."""
    chunked = shown.chunked
    assert chunked.fit == 1.0
    assert 0.99 < chunked.mean < 1.0
    assert chunked.least < 0.9
    assert chunked.sure < shown.rows
    assert chunked.buckets == 166
    assert chunked.conditions < shown.right.conditions
    assert chunked.members == shown.right.members == shown.rows * PAPER.n_layers


def test_dead_weight_is_every_member_behind_the_first_of_its_condition(shown: Contradiction) -> None:
    for group in shown.chunked.first_layer:
        assert group.dead == sum(sum(bucket.values()) for bucket in group.members[1:])
    assert sum(group.rows for group in shown.chunked.first_layer) == shown.rows
    assert shown.chunked.dead > shown.chunked.members / 2


def test_the_row_that_shows_it_has_one_class_of_lookalikes_and_phantom_mass_beside(
    shown: Contradiction,
) -> None:
    assert shown.right_says.probabilities == {shown.target: 1.0}
    assert set(shown.right_says.votes) == {shown.target}
    phantom = {name: part for name, part in shown.chunked_says.probabilities.items() if name != shown.target}
    assert sum(phantom.values()) == pytest.approx(1 - shown.chunked.least)
    votes = shown.chunked_says.votes
    total = sum(votes.values())
    assert shown.chunked_says.probabilities == pytest.approx({name: n / total for name, n in votes.items()})


def test_another_table_says_the_same_and_twice_the_same() -> None:
    draw = np.random.default_rng(5)
    rows = [
        {"kind": "in" if x * x + y * y < 1.2 else "out", "x": round(x, 4), "y": round(y, 4)}
        for x, y in draw.normal(size=(400, 2)).tolist()
    ]
    population = read_rows(rows, "kind").population
    once = contradiction(population)
    assert once == contradiction(population)
    assert once.chunked.least < once.right.least == 1.0
    assert once.right.sure == len(population) > once.chunked.sure
    assert SURE == 0.99
