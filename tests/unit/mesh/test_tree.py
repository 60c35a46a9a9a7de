"""Divide, and the rows of paths: the same tree however many levels one invocation does."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from snakebatch.engine.divide import rows_of
from snakebatch.engine.intake import read_rows
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.settings import Settings
from snakebatch.mesh.engines import SnakeEngine
from snakebatch.mesh.messages import Slice
from snakebatch.mesh.path_rows import PathRows
from snakebatch.mesh.tree import Divided, divide_packet, root_slice

SETTINGS = Settings(bucket=20, noise=0, oppose_profile="balanced", lookahead=5, seed=3, tau=60)


def population(rows: int = 500, classes: int = 3) -> Population:
    draw = random.Random(5)
    table: list[dict[str, Any]] = [
        {"y": draw.randrange(classes), "x": draw.gauss(0, 1), "t": f"w{draw.randint(0, 40)}"}
        for _ in range(rows)
    ]
    return read_rows(table, "y").population


def grow(people: Population, levels: int | None, budget: int) -> tuple[list[Slice], int]:
    """All final slices, wave after wave; and how many waves it took."""
    waiting, final, waves = [root_slice(0, len(people), 60)], [], 0
    while waiting:
        found: Divided = divide_packet(people, waiting, SETTINGS, SnakeEngine(), levels=levels, budget=budget)
        final += found.final
        waiting = found.open
        waves += 1
    return sorted(final, key=lambda piece: piece.place), waves


def test_levels_and_budget_change_the_waves_and_not_the_tree() -> None:
    people = population()
    one_level, many = grow(people, 1, 0)
    assert many > 3
    for levels, budget in ((2, 0), (None, 0), (None, 5_000), (None, 10**9)):
        tree, waves = grow(people, levels, budget)
        assert tree == one_level
        assert waves <= many
    assert grow(people, None, 10**9)[1] == 1


def test_final_slices_partition_the_rows() -> None:
    people = population()
    final, _ = grow(people, None, 10**9)
    rows = [rows_of(people, piece.literals) for piece in final]
    assert sorted(np.concatenate(rows).tolist()) == list(range(len(people)))
    assert [len(each) for each in rows] == [piece.n for piece in final]
    assert all(piece.n <= 60 for piece in final)
    assert len({piece.node for piece in final}) == len(final)


def test_one_class_stops_with_its_reason() -> None:
    people = population(classes=1)
    found = divide_packet(
        people, [root_slice(0, len(people), 60)], SETTINGS, SnakeEngine(), levels=None, budget=10**9
    )
    assert found.open == []
    assert [piece.n for piece in found.final] == [500]
    assert found.final[0].final
    assert found.stops == {"one class": 1}


def test_a_root_that_fits_one_leaf_is_final() -> None:
    assert root_slice(2, 60, 60) == Slice(layer=2, node="", path=[], n=60, final=True)
    assert not root_slice(2, 61, 60).final


class Counting:
    """``truth`` that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, people: Population, literal: Literal, rows: Rows) -> NDArray[np.bool_]:
        self.calls += 1
        return SnakeEngine().truth(people, literal, rows)


@pytest.mark.parametrize("shuffled", [False, True])
def test_shared_beginnings_are_evaluated_once(shuffled: bool) -> None:
    people = population()
    final, _ = grow(people, None, 10**9)
    if shuffled:
        random.Random(1).shuffle(final)
    counting = Counting()
    reader = PathRows(people, counting)
    for piece in final:
        assert np.array_equal(reader.rows(piece.literals), rows_of(people, piece.literals))
    if not shuffled:
        # A tree of n leaves has n - 1 inner nodes: each is one literal, whose two sides share a mask.
        assert counting.calls == len(final) - 1
