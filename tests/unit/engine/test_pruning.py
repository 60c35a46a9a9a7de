"""Pruning layers on validation rows."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from snakebatch import Snake
from snakebatch.engine.pruning import best_layers
from snakebatch.errors import InputError, StrippedModelError


def rows(size: int, seed: int) -> list[dict[str, Any]]:
    """A class that a number tells but for noise, beside a column of noise."""
    draw = random.Random(seed)
    found = []
    for _ in range(size):
        x = draw.gauss(0, 1)
        found.append({"y": "in" if x + draw.gauss(0, 0.5) > 0 else "out", "x": x, "z": draw.gauss(0, 1)})
    return found


VALIDATION = rows(200, 2)


@pytest.fixture(scope="module")
def snake() -> Snake:
    return Snake(rows(300, 1), "y", n_layers=6, bucket=40)


def accuracy(snake: Snake, asked: list[dict[str, Any]]) -> float:
    found = snake.get_prediction(asked)
    return sum(one == row["y"] for one, row in zip(found, asked, strict=True)) / len(asked)


def test_a_layer_is_scored_by_what_it_answers_alone(snake: Snake) -> None:
    scores = snake.get_layer_scores(VALIDATION)
    assert len(scores) == 6
    assert len(set(scores)) > 1
    for number, score in enumerate(scores):
        content = {"layers": [snake.layers[number]], "population": snake.population, "targets": snake.targets}
        alone = Snake({**content, "header": snake.header, "datatypes": snake.datatypes})
        assert accuracy(alone, VALIDATION) == score


def test_the_best_layers_stay_in_their_order(snake: Snake, tmp_path: Path) -> None:
    scores = snake.get_layer_scores(VALIDATION)
    kept = snake.prune(VALIDATION, keep=2)
    numbers = sorted(sorted(range(6), key=lambda number: -scores[number])[:2])
    assert kept.layers == [snake.layers[number] for number in numbers]
    assert len(snake.layers) == 6
    assert kept.config["n_layers"] == 2
    assert kept.log == f"{snake.log}; pruned to layers {numbers[0]} {numbers[1]} of 6 by 200 rows"

    kept.to_json(tmp_path / "pruned.json")
    assert Snake(tmp_path / "pruned.json").get_probability(VALIDATION) == kept.get_probability(VALIDATION)
    assert kept.get_lookalikes(VALIDATION[0])


def test_targets_may_come_apart(snake: Snake) -> None:
    features = [{"x": row["x"], "z": row["z"]} for row in VALIDATION]
    targets = [row["y"] for row in VALIDATION]
    assert snake.get_layer_scores(features, targets) == snake.get_layer_scores(VALIDATION)
    assert snake.prune(features, targets, keep=0.5).layers == snake.prune(VALIDATION).layers


def test_a_regression_is_scored_by_r2() -> None:
    draw = random.Random(3)
    pairs = [(draw.uniform(-3, 3), draw.uniform(-3, 3)) for _ in range(300)]
    table = [{"y": 2.5 * a + b * b, "a": a, "b": b} for a, b in pairs]
    snake = Snake(table[:200], n_layers=3, bucket=40)
    scores = snake.get_layer_scores(table[200:])
    assert all(0.2 < score < 1.0 for score in scores)
    assert len(set(scores)) == 3
    assert snake.get_layer_scores(table[:200]) == pytest.approx([1.0] * 3)
    assert len(snake.prune(table[200:], keep=1).layers) == 1


def test_a_stripped_model_can_be_pruned(snake: Snake, tmp_path: Path) -> None:
    snake.to_json(tmp_path / "s.json", stripped=True)
    kept = Snake(tmp_path / "s.json").prune(VALIDATION, keep=3)
    assert kept.layers == snake.prune(VALIDATION, keep=3).layers
    with pytest.raises(StrippedModelError):
        kept.get_audit(VALIDATION[0])


@pytest.mark.parametrize(
    ("scores", "keep", "kept"),
    [
        ([0.5, 0.9, 0.7], 2, [1, 2]),
        ([0.5, 0.9, 0.5], 2, [0, 1]),
        ([0.5, 0.9, 0.5, 0.1], 0.5, [0, 1]),
        ([0.5, 0.9, 0.5], 0.01, [1]),
        ([0.5, 0.9, 0.5], 1.0, [0, 1, 2]),
        ([0.5, 0.9, 0.5], 3, [0, 1, 2]),
    ],
)
def test_how_many_stay(scores: list[float], keep: float, kept: list[int]) -> None:
    assert best_layers(scores, keep) == kept


@pytest.mark.parametrize("keep", [0, 7, -1, 0.0, 1.5, True, "2"])
def test_a_keep_out_of_range_is_refused(snake: Snake, keep: Any) -> None:
    with pytest.raises(InputError, match="keep is"):
        snake.prune(VALIDATION, keep=keep)


def test_rows_without_targets_are_refused(snake: Snake) -> None:
    with pytest.raises(InputError, match="validation row 1 has no 'y'"):
        snake.prune([{"x": 1.0}])
    with pytest.raises(InputError, match="1 validation rows and 2 targets"):
        snake.prune([{"x": 1.0}], ["in", "out"])
    with pytest.raises(InputError, match="0 validation rows"):
        snake.prune([])
