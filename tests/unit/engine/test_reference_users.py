"""What a user of the reference expects of ``Snake`` beside the rest: profiles, noise, objects, integers."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from snakebatch import Snake
from snakebatch.engine.profiles import weights
from snakebatch.engine.settings import PROFILES
from tests.support.guarantees import check_bucket, check_layer, check_partition

SMALL: dict[str, Any] = {"n_layers": 2, "bucket": 20}


def mixed(size: int = 90, seed: int = 4) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    return [
        {
            "y": draw.choice("ab"),
            "x": draw.gauss(0, 1),
            "t": f"{draw.choice('pqr')}-{draw.randrange(99):02x} z",
        }
        for _ in range(size)
    ]


@pytest.mark.parametrize("profile", [name for name in PROFILES if name != "auto"])
@pytest.mark.parametrize("noise", [0, 0.25])
def test_every_profile_trains_with_every_guarantee(profile: str, noise: float) -> None:
    rows = mixed()
    snake = Snake(rows, "y", oppose_profile=profile, noise=noise, **SMALL)
    population = snake.model._rows
    assert snake.config["oppose_profile"] == profile
    assert snake.get_prediction(rows) == [row["y"] for row in rows]
    tags = {
        literal.tag
        for layer in snake.model.layers
        for bucket in layer
        for c in bucket.clauses
        for literal in c
    }
    numbers, texts = weights(profile)
    assert tags <= set(numbers) | set(texts)
    for layer in snake.model.layers:
        if noise:
            check_partition(population, layer, snake.population)  # type: ignore[arg-type]  # it was trained here
            for bucket in layer:
                check_bucket(population, bucket, snake.population)  # type: ignore[arg-type]  # as above
        else:
            check_layer(population, layer)  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("columns", "profile"),
    [
        ({"x": lambda n: n * 0.5}, "scientific"),
        ({"x": lambda n: n * 0.5, "t": lambda n: f"w{n}"}, "balanced"),
        ({"t": lambda n: f"colour {n % 5}"}, "categorical"),
        ({"t": lambda n: f"the {n}th word of many"}, "linguistic"),
        ({"t": lambda n: f"AX-{n:05d}-{n * 7:04d}"}, "industrial"),
        ({"t": lambda n: f"{n * 2654435761 % 2**64:016x}{n:016x}"}, "cryptographic"),
        ({"t": lambda n: "abcdefghij"[n % 10] * (n // 10 + 1)}, "hef"),
    ],
)
def test_auto_looks_at_the_columns(columns: dict[str, Any], profile: str) -> None:
    rows = [{"y": "ab"[n % 2], **{name: make(n) for name, make in columns.items()}} for n in range(100)]
    assert Snake(rows, "y", n_layers=1, bucket=30).config["oppose_profile"] == profile


@pytest.mark.parametrize("noise", [0, 0.1, 0.25, 1])
def test_noise_is_a_share_of_the_core_from_outside(noise: float) -> None:
    snake = Snake(mixed(), "y", noise=noise, **SMALL)
    assert snake.config["noise"] == noise
    for layer in snake.model.layers:
        for bucket in layer:
            core = {row for row, origin in zip(bucket.members, bucket.origins, strict=True) if origin == "c"}
            extra = [row for row, origin in zip(bucket.members, bucket.origins, strict=True) if origin == "n"]
            assert len(extra) == min(int(noise * len(core)), 90 - len(core))
            assert not core & set(extra)


OBJECTS = [{"kind": "cat", "legs": 4}, {"legs": 2, "kind": "bird"}, ["fish"]]


def test_objects_are_targets(tmp_path: Path) -> None:
    rows = [{"y": OBJECTS[n % 3], "x": n % 3 + n / 100} for n in range(60)]
    snake = Snake(rows, "y", **SMALL)
    snake.to_json(tmp_path / "model.json")
    again = Snake(tmp_path / "model.json")
    assert snake.datatypes[0] == "J"
    for one in (snake, again):
        assert one.get_prediction(rows) == [row["y"] for row in rows]
        assert one.get_prediction({"x": 1.2}) == OBJECTS[1]
        shares = one.get_probability({"x": 1.2})
        assert sum(shares.values()) == pytest.approx(1.0)
        assert [json.loads(key) for key in shares] == one.classes
        assert one.get_lookalikes({"x": 1.2})[0][1] in OBJECTS
        assert "legs" in one.get_audit({"x": 1.2})
        assert one.get_augmented({"x": 1.2})["Prediction"] == OBJECTS[1]
        assert one.get_candle({"x": 1.2})["n"] == 0
    assert snake.prune(rows, keep=1).get_prediction(rows) == [row["y"] for row in rows]


def test_whole_numbers_predict_regress_and_draw_candles() -> None:
    rows = [{"y": n // 10, "x": float(n)} for n in range(60)]
    snake = Snake(rows, "y", **SMALL)
    assert snake.datatypes[0] == "I"
    assert snake.get_prediction({"x": 25.2}) == 2
    assert snake.get_regression({"x": 25.2}) == 2.0
    candle = snake.get_candle({"x": 25.2})
    assert (candle["low"], candle["high"]) == (2.0, 2.0)


@pytest.mark.parametrize("values", [(0, 1), (True, False), ("TRUE", "FALSE"), ("True", "False")])
def test_truth_values_are_0_and_1(values: tuple[Any, Any]) -> None:
    rows = [{"y": values[n % 2], "x": float(n % 2)} for n in range(20)]
    snake = Snake([{**row, "x": row["x"] + number / 100} for number, row in enumerate(rows)], "y", **SMALL)
    assert (snake.datatypes[0], snake.classes) == ("B", [0, 1])
    assert snake.get_prediction({"x": 1.1}) in (0, 1)
