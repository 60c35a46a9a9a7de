"""What is built side by side is what would be built alone, and wide inputs cost no more than they may."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from snakebatch.engine import clauses, drafts, even, measured_rows, prefix_tables
from snakebatch.engine.intake import read_rows
from snakebatch.engine.leaf import build_leaf, build_leaves
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Population
from snakebatch.engine.profiles import resolve_profile
from snakebatch.engine.settings import Settings
from snakebatch.engine.side_by_side import batches
from snakebatch.engine.trainer import train_layers, whole_slices
from tests.support.scale import scaled


def _mixed(n: int, classes: int, seed: int = 7) -> Population:
    """Two numbers with ties and zeros, one text of few words, one of many; classes that overlap."""
    draw = np.random.default_rng(seed)
    words = ["red", "green apple", "blue", "", "gr-12", "Ünïcode 7"]
    rows = [
        {
            "y": int(draw.integers(classes)),
            "a": float(draw.integers(-5, 6)),
            "b": float(draw.normal()),
            "c": words[int(draw.integers(len(words)))],
            "d": f"{words[int(draw.integers(len(words)))]}{int(draw.integers(n))}",
        }
        for _ in range(n)
    ]
    return read_rows(rows, "y").population


def _settings(population: Population, noise: float = 0.25, tau: int | None = 150) -> Settings:
    return Settings(2, 20, noise, resolve_profile("balanced", population), 5, 3, tau)


@pytest.mark.parametrize("classes", [2, 5, 400])
def test_leaves_are_the_same_alone_and_side_by_side(classes: int) -> None:
    population = _mixed(scaled(300, 600), classes)
    settings = _settings(population)
    slices = whole_slices(population, settings, range(2))
    assert len({one.layer for one in slices}) == 2
    assert len(slices) > 4
    together = build_leaves(population, slices, 3, settings)
    alone = [build_leaf(population, one.rows, 3, one.layer, one.path, settings) for one in slices]
    assert together == alone


BOUNDS: dict[str, list[tuple[Any, str, int]]] = {
    "one bucket a batch": [(clauses, "_GROUP_CELLS", 1), (even, "_CELLS", 1)],
    "one clause a batch": [(clauses, "_BATCH_BITS", 1), (drafts, "_CELLS", 1)],
    "a clause a class at first": [(clauses, "_FIRST_BATCH", 1)],
    "all clauses at once": [(clauses, "_FIRST_BATCH", 10**6)],
    "tables at once": [(prefix_tables, "_DIRECT", 0)],
    "no tables": [(prefix_tables, "_DIRECT", 10**9), (measured_rows, "_CHUNK_CELLS", 1)],
    "no room for tables": [(prefix_tables, "_TABLE_BYTES", 0)],
}


@pytest.mark.parametrize("bounds", BOUNDS.values(), ids=BOUNDS)
def test_bounds_of_batches_and_tables_change_nothing(
    bounds: list[tuple[Any, str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    population = _mixed(scaled(200, 400), 3)
    settings = _settings(population)
    expected = train_layers(population, settings)
    for module, name, value in bounds:
        assert hasattr(module, name)
        monkeypatch.setattr(module, name, value)
    assert train_layers(population, settings) == expected


def _counted(function: Callable[..., Any], calls: Counter[str], name: str) -> Callable[..., Any]:
    def count(*arguments: Any) -> Any:
        calls[name] += 1
        return function(*arguments)

    return count


def test_texts_of_a_thousand_characters_are_measured_once_for_each_measure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw = np.random.default_rng(1)
    letters, n = np.array(list("abcdefghij klmnop")), scaled(400, 1000)
    rows = [{"y": k % 2, "t": "".join(draw.choice(letters, 1000))} for k in range(n)]
    population = read_rows(rows, "y").population
    calls: Counter[str] = Counter()
    for name, score in list(measured_rows._SCORES.items()):
        monkeypatch.setitem(measured_rows._SCORES, name, _counted(score, calls, "scores"))
    for name, holds in list(measured_rows._SPELLED.items()):
        monkeypatch.setitem(measured_rows._SPELLED, name, _counted(holds, calls, "spelled"))
    settings = Settings(1, 250, 0.0, "balanced", 5, 3, None)
    tracemalloc.start()
    buckets = train_layers(population, settings)[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    built = sum(len(bucket.clauses) for bucket in buckets)
    references = 6 * measured_rows.REFERENCES
    samples = 1 + sum(len(bucket.condition or ()) for bucket in buckets)
    assert calls["scores"] <= references * (n * samples + n), "a text, reference and group each once"
    assert calls["spelled"] <= 2 * n * built, "of the candidates of a clause, few are new to their bucket"
    assert peak < 300 << 20


def test_a_thousand_classes_are_covered_in_bounded_work(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(2)
    rows = [{"y": f"c{k % 1000}", "a": float(draw.normal()), "b": float(draw.normal())} for k in range(3000)]
    population = read_rows(rows, "y").population
    started: list[int] = []
    build = clauses._Cover._build

    def count(self: Any, camp: Any, row: Any, leaves: Any) -> None:
        started.append(len(row))
        build(self, camp, row, leaves)

    monkeypatch.setattr(clauses._Cover, "_build", count)
    tracemalloc.start()
    layers = train_layers(population, Settings(1, 250, 0.0, "balanced", 5, 3, 1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(started) <= clauses.COVERS * len(population), (
        "a clause is begun at most once a member and cover"
    )
    assert len(started) <= 100, "and they advance together"
    assert peak < 300 << 20
    literals = [literal for bucket in layers[0] for clause in bucket.clauses for literal in clause]
    assert all(isinstance(literal, Literal) for literal in literals)


def test_batches_hold_few_cells_however_the_sizes_are_mixed() -> None:
    sizes = [2] * 1000 + [1000, 3] + [900] * 5 + [50_000]
    found = list(batches(sizes, 10, 20_000))
    assert sorted(number for batch in found for number in batch) == list(range(len(sizes)))
    for batch in found:
        assert len(batch) == 1 or len(batch) * max(sizes[number] for number in batch) * 10 <= 20_000
    assert len(found) < 20
    assert list(batches([], 10, 20_000)) == []


def test_many_small_questions_beside_a_large_one_take_little_memory() -> None:
    draw = np.random.default_rng(3)
    rows = [{"y": k % 2, "a": float(draw.normal()), "b": float(draw.normal())} for k in range(4000)]
    population = read_rows(rows, "y").population
    small = [even.Ask(np.arange(2 * k, 2 * k + 2), k, True, 1, 1) for k in range(2000)]
    large = even.Ask(np.arange(1000), 7, True, 1, 1)
    tracemalloc.start()
    found = even.even_literals(population, Settings(), [*small, large])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20
    assert found[-1] == even.even_literals(population, Settings(), [large])[0]


@pytest.mark.parametrize("cycle", [2, 24, 80])
def test_a_sample_of_rows_in_a_cycle_has_all_of_the_cycle(cycle: int) -> None:
    rows = np.arange(80 * even.SAMPLE * 2)  # 80 divides the stride
    for key in range(5):
        sample = even.sample_of(rows, key)
        assert even.SAMPLE <= len(sample) <= 2 * even.SAMPLE
        assert (np.diff(sample) > 0).all()
        assert len(np.unique(sample % cycle)) >= min(cycle, 60)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 511, 512, 513, 1023, 1024, 70_001])
def test_a_sample_is_of_all_parts_of_the_rows(size: int) -> None:
    rows = np.arange(size) * 3
    sample = even.sample_of(rows, 9)
    assert min(size, even.SAMPLE) <= len(sample) <= 2 * even.SAMPLE
    assert np.isin(sample, rows).all()
    assert (np.diff(sample) > 0).all()
    assert np.diff(sample, prepend=0, append=rows[-1]).max() <= 3 * 2 * max(1, size // even.SAMPLE)


def test_layers_of_two_classes_in_turn_begin_with_different_literals() -> None:
    draw = np.random.default_rng(4)
    rows = [{"y": k % 2, "a": float(draw.normal()), "b": float(draw.normal())} for k in range(4096)]
    population = read_rows(rows, "y").population
    slices = whole_slices(population, Settings(8, 250, 0.0, "scientific", 5, 3, 3000), range(8))
    assert len({one.path[0] for one in slices}) > 8
