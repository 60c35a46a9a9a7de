"""The licensed engine at the leaf, with a stand-in for the package: every rule of the adapter."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from snakebatch import Snake
from snakebatch.engine.intake import read_rows
from snakebatch.engine.leaf_engines import engine_version, leaf_builder
from snakebatch.engine.licensed import build_licensed_leaf
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Population
from snakebatch.engine.settings import Settings
from snakebatch.errors import EngineError, EngineMismatchError, InputError
from snakebatch.version import ENGINE
from tests.support.guarantees import check_bucket, check_layer, check_partition
from tests.support.plugins import LICENSED, REMOTE_CLIENT, installed

VERSION = f"{ENGINE}+algorithmeai-5.4.8"
SETTINGS = Settings(bucket=12, noise=0, oppose_profile="balanced", engine=VERSION)


@pytest.fixture
def package() -> Iterator[Any]:
    with installed(LICENSED) as module:
        module.CALLS.clear()
        yield module


def mixed(size: int = 120, seed: int = 5) -> Population:
    """Three classes over a number and a text, no literal of which tells them apart."""
    draw = random.Random(seed)
    rows = [
        {"y": draw.choice("abc"), "x": draw.randrange(200) / 10, "t": f"w{draw.randrange(9)}"}
        for _ in range(size)
    ]
    return read_rows(rows, "y").population


def leaf(population: Population, **more: Any) -> Any:
    rows = more.pop("rows", population.all_rows)
    return build_licensed_leaf(population, rows, more.pop("seed", 3), 0, more.pop("path", ()), SETTINGS)


# --- finding it


def test_without_a_package_the_reason_is_one_line() -> None:
    for folder, found in ((None, "none can be imported"), (REMOTE_CLIENT, "1.0.0, without Snake")):
        with installed(folder), pytest.raises(InputError) as refused:
            Snake([{"y": 1, "x": 2}], engine="licensed")
        line = str(refused.value)
        assert "\n" not in line
        assert found in line
        assert "another product" in line
        assert "licensed algorithmeai (5.4.x, with Snake)" in line


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(InputError, match="engine is 'best'; give one of snakebatch, licensed"):
        Snake([{"y": 1, "x": 2}], engine="best")


def test_the_version_names_both_engines(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine_version("licensed") == VERSION
    assert leaf_builder(VERSION) is build_licensed_leaf
    monkeypatch.setattr(package, "__version__", "5.4.9")
    with pytest.raises(EngineMismatchError, match=r"5\.4\.8, here is .*algorithmeai-5\.4\.9"):
        leaf_builder(VERSION)
    monkeypatch.delattr(package, "__version__")
    assert engine_version("licensed") == f"{ENGINE}+algorithmeai-unknown"


# --- asking it


def test_it_is_asked_for_one_layer_with_the_types_of_the_whole_population(package: Any) -> None:
    population = mixed()
    leaf(population)
    (call,) = package.CALLS
    assert {key: call[key] for key in ("target_index", "n_layers", "bucket", "noise", "workers")} == {
        "target_index": 0,
        "n_layers": 1,
        "bucket": 12,
        "noise": 0,
        "workers": 1,
    }
    assert (call["oppose_profile"], call["datatypes"]) == ("balanced", ["T", "N", "T"])


def test_its_draws_come_from_seed_layer_and_path_alone(package: Any) -> None:
    population = mixed()
    path = (Literal(1, 10.0, False, "N"),)
    rows = np.flatnonzero(population.features[0].values < 10.0)
    random.seed(1)
    state = random.getstate()
    first = leaf(population, rows=rows, path=path)
    assert random.getstate() == state
    random.seed(2)
    assert leaf(population, rows=rows, path=path) == first
    assert leaf(population, rows=rows, path=path, seed=4) != first


def test_what_it_cannot_separate_names_the_slice_and_leaves_stdin_open(package: Any) -> None:
    close = float(np.nextafter(1.0, 2.0))
    population = read_rows([{"y": "a", "x": 1.0}, {"y": "b", "x": close}], "y").population
    before = sys.stdin
    with pytest.raises(EngineError, match=r'layer 0, the slice where "x" < 5\.0 \(2 rows\)') as refused:
        leaf(population, path=(Literal(1, 5.0, False, "N"),))
    assert "gave up (exit 1)" in str(refused.value)
    assert sys.stdin is before
    assert not before.closed


def test_any_other_failure_of_it_names_the_slice_too(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(package, "Snake", broken)
    with pytest.raises(EngineError, match=r"layer 0, all rows \(116 rows\): ZeroDivisionError"):
        leaf(mixed())


def test_a_slice_of_one_class_is_not_asked_about(package: Any) -> None:
    population = read_rows([{"y": "a", "x": number} for number in range(5)], "y").population
    path = (Literal(1, 9.0, False, "N"),)
    (bucket,) = leaf(population, path=path)
    assert package.CALLS == []
    assert bucket.condition == path
    assert bucket.lookalikes == [[[]]] * 5
    assert leaf(population, rows=population.all_rows[:0]) == []


# --- putting its answer into our terms


def test_a_leaf_keeps_every_guarantee(package: Any) -> None:
    population = mixed()
    check_layer(population, leaf(population))


def test_the_path_stands_in_front_and_members_are_global(package: Any) -> None:
    population = mixed()
    literal = Literal(1, 10.0, False, "N")
    left = np.flatnonzero(population.features[0].values < 10.0)
    right = np.setdiff1d(population.all_rows, left)
    layer = [
        *leaf(population, rows=left, path=(literal,)),
        *leaf(population, rows=right, path=(literal.negated(),)),
    ]
    check_layer(population, layer)
    assert all(bucket.condition[0] in (literal, literal.negated()) for bucket in layer)
    assert {row for bucket in layer for row in bucket.members} == set(range(len(population)))


def test_buckets_of_one_class_get_their_votes(package: Any) -> None:
    rows = [{"y": "ab"[number >= 30], "x": float(number)} for number in range(60)]
    population = read_rows(rows, "y").population
    layer = leaf(population)
    pure = [bucket for bucket in layer if not bucket.clauses]
    assert pure
    check_layer(population, layer)


def test_a_row_that_it_drops_is_put_back_where_its_walk_ends(package: Any) -> None:
    """("1", "23") and ("12", "3") read alike when written together; here of two classes, and of one."""
    rows = [{"y": "c", "p": f"z{number}", "q": "9"} for number in range(40)]
    rows += [
        {"y": "a", "p": "1", "q": "23"},
        {"y": "b", "p": "12", "q": "3"},
        {"y": "a", "p": "77", "q": "8x"},
        {"y": "a", "p": "7", "q": "78x"},
    ]
    population = read_rows(rows, "y").population
    trained = package.Snake(
        [population.row(row) for row in range(len(rows))], bucket=12, n_layers=1, datatypes=["T", "T", "T"]
    )
    assert len(trained.population) == len(rows) - 2
    layer = leaf(population)
    check_layer(population, layer)
    assert sorted(row for bucket in layer for row in bucket.members) == list(range(len(rows)))


class Answering:
    """A Snake whose answer a test decides."""

    def __init__(self, change: Any) -> None:
        self._change = change

    def __call__(self, rows: list[dict[str, Any]], **more: Any) -> Any:
        with installed(LICENSED) as package:
            trained = package.Snake(rows, **more)
        self._change(trained)
        return trained


def _strange_row(trained: Any) -> None:
    trained.population[0] = {**trained.population[0], "x": -1.0}


def _strange_target(trained: Any) -> None:
    trained.targets[0] = "z"


def _misplaced(trained: Any) -> None:
    trained.layers[0][0]["members"][0] = trained.layers[0][-1]["members"][0]


def _no_layer(trained: Any) -> None:
    trained.layers = []


def _no_bucket(trained: Any) -> None:
    trained.layers[0][0]["clauses"] = None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_strange_row, "not those it got"),
        (_strange_target, "target 'z'"),
        (_misplaced, "route elsewhere"),
        (_no_layer, "a layer that is none"),
        (_no_bucket, "clauses"),
    ],
)
def test_an_answer_that_is_no_partition_is_refused(
    package: Any, monkeypatch: pytest.MonkeyPatch, change: Any, says: str
) -> None:
    monkeypatch.setattr(package, "Snake", Answering(change))
    with pytest.raises(EngineError, match=f"{says}.*|.*{says}") as refused:
        leaf(mixed())
    assert "layer 0, all rows" in str(refused.value)


def test_a_member_without_a_vote_gets_one(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def silence(trained: Any) -> None:
        bucket = trained.layers[0][-1]
        bucket["lookalikes"][0] = []

    monkeypatch.setattr(package, "Snake", Answering(silence))
    population = mixed()
    check_layer(population, leaf(population))


def test_rows_may_come_back_in_another_order(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def turn(trained: Any) -> None:
        last = len(trained.population) - 1
        trained.population.reverse()
        trained.targets.reverse()
        for bucket in trained.layers[0]:
            bucket["members"] = [last - member for member in bucket["members"]]

    population = mixed()
    straight = leaf(population)
    monkeypatch.setattr(package, "Snake", Answering(turn))
    assert leaf(population) == straight


# --- in process


@pytest.mark.parametrize("target", ["words", "numbers", "objects"])
def test_a_model_of_it_answers_its_own_rows(package: Any, target: str, tmp_path: Path) -> None:
    draw = random.Random(2)
    values: dict[str, Any] = {
        "words": lambda n: "ab"[n % 2],
        "numbers": lambda n: n / 4,
        "objects": lambda n: {"k": n % 3},
    }
    rows = [
        {"y": values[target](number), "x": draw.random(), "t": f"w{draw.randrange(5)}"}
        for number in range(60)
    ]
    snake = Snake(rows, "y", n_layers=2, bucket=10, noise=0, tau=30, engine="licensed")
    snake.to_json(tmp_path / "model.json")
    assert snake.get_prediction(rows) == [row["y"] for row in rows]
    assert snake.log.startswith(f"snakebatch engine {VERSION} seed ")
    assert Snake(tmp_path / "model.json").get_probability(rows) == snake.get_probability(rows)
    again = Snake(rows, "y", n_layers=2, bucket=10, noise=0, tau=30, engine="licensed")
    assert again.layers == snake.layers
    assert json.loads((tmp_path / "model.json").read_text())["version"] == "5.4.8"


def test_noise_is_its_own_in_process(package: Any) -> None:
    population = mixed()
    rows = [population.row(row) for row in range(len(population))]
    snake = Snake(rows, "y", n_layers=1, bucket=12, noise=0.25, engine="licensed")
    (layer,) = snake.model.layers
    assert any("n" in bucket.origins for bucket in layer)
    check_partition(population, layer, rows)
    for bucket in layer:
        check_bucket(population, bucket, rows)
