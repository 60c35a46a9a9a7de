"""Explanations as data: true of the row, and what the audit prints."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.datasets import load_iris

from snakebatch import Snake
from snakebatch.client.sklearn import SnakeClassifier, SnakeRegressor
from snakebatch.engine.explanation import Explanation, explain

SIGNS = {"<": np.less, ">=": np.greater_equal}


def is_true(line: str, row: dict[str, float]) -> bool:
    """Whether a line like ``"x0" < 5.0`` or ``"x0" not in (1.0, 2.0]`` holds on the row."""
    if line.endswith("]"):
        name, low, high = line.rsplit(" ", 2)
        name, sign = name.split(" ", 1)
        inside = float(low[1:-1]) < row[json.loads(name)] <= float(high[:-1])
        return inside == {"in": True, "not in": False}[sign]
    name, sign, value = line.rsplit(" ", 2)
    return bool(SIGNS[sign](row[json.loads(name)], float(value)))


@pytest.fixture(scope="module")
def iris() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.fixture(scope="module")
def classifier(iris: tuple[np.ndarray, np.ndarray]) -> SnakeClassifier:
    # With this profile every literal compares a column itself, so that a line can be checked by reading it.
    return SnakeClassifier(n_layers=3, bucket=20, oppose_profile="balanced", random_state=0).fit(*iris)


def plain_lines(found: Explanation) -> list[str]:
    lines = [line for layer in found.layers for line in (*layer.before, *layer.condition)]
    lines += [line for layer in found.layers for reason in layer.reasons for line in reason.because]
    return [line for line in lines if line.startswith('"x')]


def test_every_line_is_true_of_the_row(
    classifier: SnakeClassifier, iris: tuple[np.ndarray, np.ndarray]
) -> None:
    lines = 0
    for values, found in zip(iris[0], classifier.explain(iris[0]), strict=True):
        row = {f"x{index}": value for index, value in enumerate(values)}
        for line in plain_lines(found):
            lines += 1
            assert is_true(line, row), line
    assert lines > 500


def test_the_path_says_what_kept_the_row_out_of_each_bucket_before(
    classifier: SnakeClassifier, iris: tuple[np.ndarray, np.ndarray]
) -> None:
    parts = [layer for found in classifier.explain(iris[0]) for layer in found.layers]
    assert {layer.routing for layer in parts} == {"condition", "else"}
    assert max(layer.bucket for layer in parts) > 1
    for layer in parts:
        assert bool(layer.before) == (layer.bucket > 0)
        assert len(layer.before) <= layer.bucket


def test_votes_and_probabilities_are_those_of_the_estimator(
    classifier: SnakeClassifier, iris: tuple[np.ndarray, np.ndarray]
) -> None:
    X, y = iris
    for found, shares in zip(classifier.explain(X), classifier.predict_proba(X), strict=True):
        assert found.prediction == classifier.classes_[shares.argmax()]
        assert {one.target: one.probability for one in found.probabilities} == pytest.approx(
            {label: share for label, share in zip(classifier.classes_, shares, strict=True) if share}
        )
        alike = [one for layer in found.layers for reason in layer.reasons for one in reason.lookalikes]
        assert len(alike) == found.votes == sum(one.votes for one in found.probabilities)
        assert all(y[one.row] == one.target for one in alike)
        assert [layer.layer for layer in found.layers] == [0, 1, 2]


def test_rows_are_called_by_their_number_in_fit() -> None:
    X, y = np.array([[0.0], [0.0], [1.0], [7.0], [8.0]]), np.array(["a", "a", "a", "b", "b"])
    (found,) = SnakeClassifier(n_layers=1).fit(X, y).explain([[7.5]])
    assert {one.row for layer in found.layers for reason in layer.reasons for one in reason.lookalikes} == {
        3,
        4,
    }


def test_an_explanation_is_json(classifier: SnakeClassifier, iris: tuple[np.ndarray, np.ndarray]) -> None:
    (found,) = classifier.explain(iris[0][:1])
    content = json.loads(json.dumps(found.to_dict()))
    assert content["prediction"] == "setosa"
    assert content["regression"] is None
    assert content["layers"][0].keys() == {
        "layer",
        "bucket",
        "members",
        "routing",
        "before",
        "condition",
        "reasons",
    }
    X = np.arange(30.0).reshape(-1, 1)
    (found,) = SnakeRegressor(n_layers=1, bucket=10).fit(X, X[:, 0] ** 2).explain([[4.2]])
    content = json.loads(json.dumps(found.to_dict()))
    assert content["regression"].keys() == {"value", "source", "n"}
    assert content["prediction"] == content["regression"]["value"]


def test_without_votes_all_classes_are_equal_and_nothing_untrue_is_said() -> None:
    bucket = {"condition": [[1, 5.0, False, "N"]], "members": [0, 1], "origins": ["c", "c"]}
    bucket |= {"clauses": [[[1, 2.0, False, "N"]]], "lookalikes": {"0": [[0]], "1": []}}
    snake = Snake(
        {
            "version": "5.4.8",
            "stripped": False,
            "population": [{"y": "a", "x": 1.0}, {"y": "b", "x": 3.0}],
            "header": ["y", "x"],
            "target": "y",
            "targets": ["a", "b"],
            "datatypes": ["T", "N"],
            "config": {},
            "layers": [[bucket]],
            "log": "",
        }
    )
    found = explain(snake.model, {"x": 1.0})
    assert (found.votes, found.layers[0].routing, found.layers[0].condition) == (
        0,
        "condition",
        ('"x" < 5.0',),
    )
    assert [(one.target, one.probability) for one in found.probabilities] == [("a", 0.5), ("b", 0.5)]
    found = explain(snake.model, {"x": 9.0})
    assert (found.layers[0].routing, found.layers[0].condition) == ("last", ())
    assert found.layers[0].before == ('"x" >= 5.0',)
    assert found.layers[0].reasons[0].clauses == (('"x" >= 2.0',),)
