"""The flat form of early model files: read as one layer of one bucket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snakebatch import Snake
from snakebatch.errors import ModelError

FLAT: dict[str, Any] = {
    "population": [{"y": "a", "x": 1.0}, {"y": "b", "x": 2.0}, {"y": "b", "x": 4.0}],
    "header": ["y", "x"],
    "target": "y",
    "targets": ["a", "b", "b"],
    "datatypes": ["T", "N"],
    "clauses": [[[1, 1.5, True, "N"]], [[1, 1.5, False, "N"]]],
    "lookalikes": {"0": [[0]], "1": [[1], [1]], "2": [[1]]},
}


def test_a_flat_model_answers_as_one_bucket(tmp_path: Path) -> None:
    (tmp_path / "flat.json").write_text(json.dumps(FLAT))
    snake = Snake(tmp_path / "flat.json")
    assert snake.get_prediction([{"x": 0.0}, {"x": 3.0}]) == ["a", "b"]
    assert snake.get_lookalikes_labeled({"x": 3.0}) == [
        [1, "b", [1], "c"],
        [1, "b", [1], "c"],
        [2, "b", [1], "c"],
    ]
    assert "ELSE" in snake.get_audit({"x": 3.0})
    assert [len(layer) for layer in snake.layers] == [1]
    assert snake.layers[0][0]["condition"] is None


def test_it_is_written_in_layers(tmp_path: Path) -> None:
    snake = Snake(FLAT)
    snake.to_json(tmp_path / "layered.json")
    content = json.loads((tmp_path / "layered.json").read_text())
    assert content["layers"] == snake.layers
    assert "clauses" not in content
    assert Snake(tmp_path / "layered.json").get_probability({"x": 3.0}) == snake.get_probability({"x": 3.0})


def test_targets_come_from_the_population_where_they_are_left_out() -> None:
    assert Snake({key: value for key, value in FLAT.items() if key != "targets"}).targets == ["a", "b", "b"]


def test_a_stripped_flat_model_predicts() -> None:
    snake = Snake({**FLAT, "population": []})
    assert snake.stripped
    assert snake.get_prediction({"x": 3.0}) == "b"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"clauses": {}}, "clauses"),
        ({"clauses": [[[0, 1.5, True, "N"]]]}, "clauses"),
        ({"lookalikes": {"3": [[0]]}}, "lookalikes"),
        ({"lookalikes": {"0": [[2]]}}, "lookalikes"),
        ({"targets": 3}, "targets"),
        ({"targets": None}, "targets"),
        ({"header": None}, "header"),
        ({"population": {}}, "population"),
    ],
)
def test_a_damaged_flat_model_is_refused_by_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ModelError, match=place):
        Snake({**FLAT, **change})


def test_clauses_beside_layers_are_no_flat_model() -> None:
    snake = Snake({**FLAT, "layers": Snake(FLAT).layers * 2})
    assert len(snake.layers) == 2
    with pytest.raises(ModelError, match="layers: is missing"):
        Snake({key: value for key, value in FLAT.items() if key != "lookalikes"})
