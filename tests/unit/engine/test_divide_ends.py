"""Divide and leaf end on any population, within the bounds that docs/architecture.md states.

Work is bounded by counting row-evaluations, never by a clock; memory by NumPy's own traced allocations.
"""

from __future__ import annotations

import math
import random
import tracemalloc

import numpy as np
import pytest

from snakebatch.engine.chain import LARGEST
from snakebatch.engine.columns import truth
from snakebatch.engine.divide import Split, median_cuts, split
from snakebatch.engine.intake import read_columns
from snakebatch.engine.leaf import build_leaf
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Population
from snakebatch.engine.profiles import resolve_profile
from snakebatch.engine.settings import Settings
from tests.support.scale import scaled

TAU, BUCKET = 1000, 250
N_ODD = scaled(4_000, 12_000)


def _population(columns: dict[str, list[object]]) -> Population:
    return read_columns(list(columns), list(columns.values()), "y").population


def _labels(count: int) -> list[object]:
    draw = random.Random(1)
    return [draw.choice("ab") for _ in range(count)]


def _hexadecimal_ids() -> Population:
    draw, n = random.Random(2), scaled(30_000, 100_000)
    return _population({"y": _labels(n), "id": [f"{draw.getrandbits(64):016x}" for _ in range(n)]})


def _serial_ids() -> Population:
    return _population({"y": _labels(100_000), "id": [f"id-{k:06d}" for k in range(100_000)]})


def _ids_without_a_common_letter() -> Population:
    ids = [chr(0x4E00 + k) if k < N_ODD // 2 else chr(0x20000 + k) for k in range(N_ODD)]
    return _population({"y": _labels(N_ODD), "id": list(ids)})


def _heavy_tail() -> Population:
    values = np.random.default_rng(3).pareto(0.3, 100_000)
    return _population({"y": _labels(100_000), "x": values.tolist()})


def _three_values_and_a_number() -> Population:
    n = 20_000
    return _population(
        {"y": _labels(n), "x": [float(k % 3) for k in range(n)], "w": [float(k) for k in range(n)]}
    )


def _three_values_alone() -> Population:
    return _population({"y": _labels(20_000), "x": [float(k % 3) for k in range(20_000)]})


def _one_class() -> Population:
    return _population({"y": ["a"] * 100_000, "id": [str(k) for k in range(100_000)]})


def _sparse() -> Population:
    draw = np.random.default_rng(4)
    cells = np.zeros((4_500, 60))
    cells[np.arange(4_500), draw.integers(0, 60, 4_500)] = draw.normal(size=4_500)
    return _population({"y": _labels(4_500)} | {f"x{k}": column.tolist() for k, column in enumerate(cells.T)})


def _settings(population: Population) -> Settings:
    return Settings(1, BUCKET, 0.0, resolve_profile("auto", population), 5, 5, TAU)


def _tree(
    population: Population, settings: Settings
) -> tuple[list[tuple[tuple[Literal, ...], np.ndarray]], int]:
    """The slices that are not divided further, and the row-evaluations it took."""
    found, evaluations = [], 0
    waiting = [((), population.all_rows)]
    while waiting:
        path, rows = waiting.pop()
        outcome = split(population, rows, 5, 0, path, settings)
        evaluations += outcome.evaluations
        if isinstance(outcome, Split):
            assert min(len(outcome.left), len(outcome.right)) >= max(BUCKET, len(rows) / 20)
            waiting += [
                ((*path, outcome.literal.negated()), outcome.right),
                ((*path, outcome.literal), outcome.left),
            ]
        else:
            found.append((path, rows))
    return found, evaluations


def _cuts(population: Population, part: np.ndarray) -> list[Literal]:
    """The most even literal of each column and cheap measure, where it leaves enough rows on both sides."""
    held = [
        (literal, int(np.count_nonzero(truth(population, literal, part))))
        for literal in median_cuts(population, part)
    ]
    return [literal for literal, left in held if min(left, len(part) - left) >= BUCKET]


@pytest.mark.parametrize(
    "population",
    [_hexadecimal_ids, _serial_ids, _heavy_tail, _three_values_and_a_number, _three_values_alone],
)
def test_a_population_that_can_be_divided_is_divided_down_to_tau(population):
    rows = population()
    tracemalloc.start()
    slices, evaluations = _tree(rows, _settings(rows))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20, "beside the population; 11 MiB are what 100,000 unique ids take"
    for _, part in slices:
        assert len(part) <= TAU or not _cuts(rows, part), "no cheap literal leaves enough rows on both sides"
        assert len(part) <= 1.25 * TAU
    assert sum(len(part) for _, part in slices) == len(rows)
    depth = max(len(path) for path, _ in slices)
    assert depth <= math.log(max(len(rows) / TAU, 1), 20 / 19) + 1
    assert evaluations <= 40 * len(rows) * max(depth, 1)


@pytest.mark.parametrize("population", [_ids_without_a_common_letter, _sparse])
def test_a_slice_that_cannot_be_divided_has_a_bounded_leaf(population):
    rows = population()
    settings = _settings(rows)
    slices, _ = _tree(rows, settings)
    path, stuck = max(slices, key=lambda found: len(found[1]))
    assert len(stuck) > TAU, "this population is here because it can't be divided"
    tracemalloc.start()
    buckets = build_leaf(rows, stuck, 5, 0, path, settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sorted(member for bucket in buckets for member in bucket.members) == stuck.tolist()
    assert len(buckets) <= len(stuck)
    assert max(len(bucket.members) for bucket in buckets) <= max(LARGEST, 4 * BUCKET)
    assert sum(len(bucket.condition or ()) for bucket in buckets) <= 40 * len(stuck)
    assert peak < 400 << 20


def test_one_class_is_one_bucket_without_clauses():
    rows = _one_class()
    settings = _settings(rows)
    slices, evaluations = _tree(rows, settings)
    assert (len(slices), evaluations) == (1, 0)
    (bucket,) = build_leaf(rows, rows.all_rows, 5, 0, (), settings)
    assert bucket.clauses == []
    assert bucket.lookalikes == [[[]]] * 100_000
