"""The 11 models that the reference trained, and the answers it gave: every one of them, by both ways."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from snakebatch import Snake

VECTORS = Path(__file__).parents[2] / "data" / "vectors"
NAMES = sorted(path.name.removesuffix(".model.json") for path in VECTORS.glob("*.model.json"))


@pytest.fixture(scope="module", params=NAMES)
def case(request: pytest.FixtureRequest) -> tuple[Snake, list[dict[str, Any]]]:
    expected = json.loads((VECTORS / f"{request.param}.expected.json").read_text(encoding="utf-8"))
    return Snake(str(VECTORS / f"{request.param}.model.json")), expected


def _close(found: Any, expected: Any) -> bool:
    if expected is None or found is None:
        return found is expected
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)


def _same_candle(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    return list(found) == list(expected) and all(_close(found[key], expected[key]) for key in expected)


def _pairs(model: Snake, probability: dict[Any, float]) -> list[list[Any]]:
    return [[value, share] for value, share in zip(model.classes, probability.values(), strict=True)]


def _same_pairs(found: list[list[Any]], expected: list[list[Any]]) -> bool:
    return len(found) == len(expected) and all(
        one[0] == other[0] and _close(one[1], other[1]) for one, other in zip(found, expected, strict=True)
    )


def test_there_are_11_models() -> None:
    assert len(NAMES) == 11


def test_single_rows_are_answered_as_the_reference_does(case: tuple[Snake, list[dict[str, Any]]]) -> None:
    model, expected = case
    for answer in expected:
        row = answer["x"]
        assert model.get_prediction(row) == answer["prediction"]
        assert _same_pairs(_pairs(model, model.get_probability(row)), answer["probability"])
        assert model.get_lookalikes_labeled(row) == answer["lookalikes_labeled"]
        assert model.get_lookalikes(row) == [entry[:3] for entry in answer["lookalikes_labeled"]]
        assert _same_candle(model.get_candle(row), answer["candle"])


def test_batches_are_answered_as_the_reference_does(case: tuple[Snake, list[dict[str, Any]]]) -> None:
    model, expected = case
    rows = [answer["x"] for answer in expected]

    assert model.get_prediction(rows) == [answer["prediction"] for answer in expected]
    assert model.get_batch_prediction(rows) == [answer["prediction"] for answer in expected]
    for found, answer in zip(model.get_probability(rows), expected, strict=True):
        assert _same_pairs(_pairs(model, found), answer["probability"])
    assert model.get_lookalikes_labeled(rows) == [answer["lookalikes_labeled"] for answer in expected]
    for found, answer in zip(model.get_candle(rows), expected, strict=True):
        assert _same_candle(found, answer["candle"])


def test_a_rewritten_model_is_the_same_model(
    case: tuple[Snake, list[dict[str, Any]]], tmp_path: Path
) -> None:
    model, expected = case
    model.to_json(tmp_path / "model.json")

    again = Snake(str(tmp_path / "model.json"))

    assert again.layers == model.layers
    assert (again.population, again.targets) == (model.population, model.targets)
    assert (again.header, again.datatypes) == (model.header, model.datatypes)
    assert (again.config, again.log) == (model.config, model.log)
    for answer in expected:
        assert again.get_lookalikes_labeled(answer["x"]) == answer["lookalikes_labeled"]


def test_a_rewritten_model_has_the_keys_of_the_format_in_order(
    case: tuple[Snake, list[dict[str, Any]]], tmp_path: Path
) -> None:
    model, _ = case
    model.to_json(tmp_path / "model.json")

    content = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))

    keys = "version stripped population header target targets datatypes config layers log"
    assert " ".join(content) == keys
    assert " ".join(content["layers"][0][0]) == "condition members origins clauses lookalikes"
    assert content["version"] == "5.4.8"


def test_every_row_of_the_reference_population_is_routed_alike_one_by_one_and_together(
    case: tuple[Snake, list[dict[str, Any]]],
) -> None:
    model, _ = case
    rows = model.population

    assert model.get_prediction(rows) == [model.get_prediction(row) for row in rows]
    assert model.get_probability(rows) == [model.get_probability(row) for row in rows]
    assert model.get_candle(rows) == [model.get_candle(row) for row in rows]


def test_regression_answers_the_iqr_mean() -> None:
    model = Snake(str(VECTORS / "regression.model.json"))
    expected = json.loads((VECTORS / "regression.expected.json").read_text(encoding="utf-8"))
    rows = [answer["x"] for answer in expected]

    explained = model.get_regression(rows, explain=True)

    for answer, found in zip(expected, explained, strict=True):
        if answer["candle"]["n"]:
            assert _close(found["value"], answer["candle"]["iqr_mean"])
            assert (found["source"], found["n"]) == ("lookalikes", answer["candle"]["n"])
        else:
            assert found["source"] == "bucket mean"
            assert math.isfinite(found["value"])
    assert [found["value"] for found in explained] == [model.get_regression(row) for row in rows]
