"""The estimators as users of scikit-learn meet them, where its own checks do not look."""

from __future__ import annotations

import copy
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from snakebatch import Snake
from snakebatch.client.sklearn import SnakeClassifier, SnakeRegressor


def mixed_frame(size: int = 120) -> tuple[pd.DataFrame, pd.Series]:
    """Numbers, texts and booleans, with cells missing; the place and the word tell the label."""
    draw = random.Random(1)
    labels = [("low", "mid", "high")[index % 3] for index in range(size)]
    frame = pd.DataFrame(
        {
            "place": [draw.gauss({"low": 0.0, "mid": 8.0, "high": 8.0}[label], 1) for label in labels],
            "word": [f"{'red' if label == 'mid' else 'blue'} {draw.randrange(9)}" for label in labels],
            "odd": [index % 2 == 1 for index in range(size)],
            "rank": pd.array([None if index == 5 else index % 7 for index in range(size)], dtype="Int64"),
        }
    )
    frame.loc[3, "place"] = None
    frame.loc[4, "word"] = None
    return frame, pd.Series(labels, name="label")


def waves(size: int = 150) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(3).uniform(-3, 3, (size, 2))
    return X, 2.5 * X[:, 0] + X[:, 1] ** 2


def small(**parameters: Any) -> SnakeClassifier:
    return SnakeClassifier(n_layers=2, bucket=30, **parameters)


# --- tables in


def test_a_frame_of_numbers_and_texts_is_the_same_to_snake() -> None:
    X, y = mixed_frame()
    estimator = small(random_state=7).fit(X, y)
    # Booleans are numbers to scikit-learn, and texts to Snake.
    table = X.assign(odd=X["odd"].astype(float)).assign(label=y)
    snake = Snake(table, "label", n_layers=2, bucket=30, seed=7)
    assert estimator.feature_names_in_.tolist() == ["place", "word", "odd", "rank"]
    assert estimator.n_features_in_ == 4
    assert estimator.snake_.header == ["label", "place", "word", "odd", "rank"]
    assert estimator.snake_.datatypes == ["T", "N", "T", "N", "N"]
    assert estimator.predict(X).tolist() == snake.get_batch_prediction(table) == y.tolist()
    assert "".join(estimator.snake_.model.pieces()) == "".join(snake.model.pieces())


def test_frame_and_array_of_the_same_cells_get_the_same_answers() -> None:
    X, y = mixed_frame()
    estimator = small().fit(X, y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        from_array = estimator.predict_proba(X.to_numpy(dtype=object))
    np.testing.assert_array_equal(from_array, estimator.predict_proba(X))


def test_columns_in_another_order_are_refused() -> None:
    X, y = mixed_frame()
    estimator = small().fit(X, y)
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.predict(X[["word", "place", "odd", "rank"]])


class Column:
    """What we use of a polars Series."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def to_list(self) -> list[Any]:
        return self.values

    def to_numpy(self) -> np.ndarray:
        return np.array(self.values)


class Frame:
    """What we use of a DataFrame that is not of pandas."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self.cells = columns
        self.columns = list(columns)
        self.shape = (len(self), len(columns))

    def __len__(self) -> int:
        return len(next(iter(self.cells.values())))

    def __getitem__(self, name: str) -> Column:
        return Column(self.cells[name])


def test_frames_of_other_libraries_come_in_by_their_shape() -> None:
    X, y = mixed_frame()
    columns = {name: X[name].astype(object).where(X[name].notna(), None).tolist() for name in X.columns}
    estimator = small(random_state=1).fit(Frame(columns), y.tolist())
    expected = small(random_state=1).fit(X, y.to_numpy())
    assert estimator.snake_.layers == expected.snake_.layers
    np.testing.assert_array_equal(estimator.predict_proba(Frame(columns)), expected.predict_proba(X))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": [1.0, np.inf], "b": [1, 2]}), "infinity"),
        (pd.DataFrame({"a": [1.0, 2.0], "b": ["1", "inf"]}), "row 2, column 'b': not a finite number"),
        (pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), "'a'"),
        (pd.DataFrame({"a": []}), "0 sample"),
        (pd.DataFrame(index=[0, 1]), "0 feature"),
    ],
)
def test_frames_that_cannot_be_learnt_from_are_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small().fit(frame, list(range(len(frame))))


def test_cells_that_cannot_be_read_are_warned_about() -> None:
    frame = pd.DataFrame({"a": ["1", "2", "1-2", "4"]})
    with pytest.warns(UserWarning, match="column 'a': 1 cells are not numbers"):
        estimator = small().fit(frame, [0, 1, 0, 1])
    assert len(estimator.snake_.warnings) == 1


def test_a_missing_number_counts_as_zero() -> None:
    X = np.array([[np.nan], [0.0], [5.0], [6.0]])
    estimator = small().fit(X, ["none", "none", "some", "some"])
    assert estimator.predict([[np.nan], [0.0], [5.5]]).tolist() == ["none", "none", "some"]


# --- labels


@pytest.mark.parametrize(
    ("labels", "datatype"),
    [
        ([False, True], "B"),
        ([0, 1], "B"),
        ([1, 2], "I"),
        ([-1, 1], "N"),
        ([2**60, -(2**60), 2**60 + 1], "I"),
        ([1.0, 2.0], "N"),
        (["1", "01", "1.0"], "T"),
        (["", "NA", "+", "-"], "T"),
        (["True", "False"], "T"),
    ],
)
def test_labels_come_back_as_they_went_in(labels: list[Any], datatype: str, tmp_path: Path) -> None:
    X = np.arange(24.0).reshape(-1, 1)
    y = np.repeat(labels, 24 // len(labels))
    estimator = SnakeClassifier(n_layers=1, bucket=4).fit(X, y)
    assert estimator.predict(X).tolist() == y.tolist()
    assert estimator.classes_.tolist() == sorted(labels)
    assert estimator.snake_.datatypes[0] == datatype
    assert [one.prediction for one in estimator.explain(X)] == y.tolist()
    estimator.snake_.to_json(tmp_path / "model.json")
    again = Snake(tmp_path / "model.json")
    assert again.get_batch_prediction(X) == estimator.snake_.get_batch_prediction(X)


def test_a_class_that_folds_away_keeps_its_place_and_has_no_share() -> None:
    X = [[0.0], [0.0], [0.0], [1.0], [2.0], [3.0]]
    estimator = small().fit(X, ["b", "a", "b", "c", "c", "c"])
    assert estimator.classes_.tolist() == ["a", "b", "c"]
    assert estimator.predict_proba([[0.0]]).tolist() == [[0.0, 1.0, 0.0]]
    assert estimator.training_rows_.tolist() == [0, 3, 4, 5]


def test_the_target_gets_another_name_where_a_feature_has_it() -> None:
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0, 4.0], "y_": [0, 0, 1, 1]})
    estimator = small().fit(frame, pd.Series([0, 0, 1, 1], name="y"))
    assert estimator.snake_.header == ["y__", "y", "y_"]


# --- parameters


def seed_of(estimator: SnakeClassifier, rows: int = 150) -> int:
    X, y = load_iris(return_X_y=True)
    return int(estimator.fit(X[:rows], y[:rows]).snake_.log.split("seed ")[1].split()[0])


def test_random_state_is_the_seed() -> None:
    assert seed_of(small(random_state=5)) == 5
    assert seed_of(small(random_state=np.int64(5))) == 5
    first, second = (seed_of(small(random_state=np.random.RandomState(2))) for _ in range(2))
    assert first == second
    shared = np.random.RandomState(2)
    first, second = (seed_of(small(random_state=shared)) for _ in range(2))
    assert first != second


def test_without_random_state_the_content_decides() -> None:
    assert seed_of(small()) == seed_of(small())
    assert seed_of(small()) != seed_of(small(), rows=149)


def test_the_model_does_not_depend_on_n_jobs() -> None:
    X, y = load_iris(return_X_y=True)
    one, two = (small(random_state=1, n_jobs=jobs).fit(X, y) for jobs in (1, 2))
    assert one.snake_.layers == two.snake_.layers


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_layers": 0}, "n_layers is 0; give an integer of at least 1"),
        ({"noise": 2.0}, "noise is 2.0; give a share"),
        ({"oppose_profile": "odd"}, "give one of auto"),
        ({"tau": 0}, "tau is 0"),
        ({"random_state": -1}, "random_state is -1; give a non-negative integer"),
        ({"random_state": "x"}, "random_state is .x.; give an integer"),
        ({"n_jobs": 0}, "n_jobs == 0"),
    ],
)
def test_parameters_out_of_range_are_value_errors(parameters: dict[str, Any], message: str) -> None:
    estimator = SnakeClassifier(**parameters)
    with pytest.raises(ValueError, match=message):
        estimator.fit([[0.0], [1.0]], [0, 1])


# --- among others


def test_a_pipeline_in_a_grid_search() -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    pipeline = make_pipeline(
        SimpleImputer().set_output(transform="pandas"), StandardScaler(), SnakeClassifier(random_state=0)
    )
    grid = {"snakeclassifier__bucket": np.array([20, 40]), "snakeclassifier__n_layers": np.arange(1, 3)}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.9
    assert cross_val_score(search.best_estimator_, X, y, cv=3).min() > 0.85
    assert clone(search.best_estimator_).get_params()["snakeclassifier"].bucket in (20, 40)


def test_an_estimator_that_was_asked_can_be_pickled_and_copied() -> None:
    X, y = waves()
    estimator = SnakeRegressor(n_layers=2, bucket=30).fit(X, y)
    expected = estimator.predict(X)
    for again in (pickle.loads(pickle.dumps(estimator)), copy.deepcopy(estimator)):
        np.testing.assert_array_equal(again.predict(X), expected)


def test_an_estimator_that_was_not_fitted_says_so() -> None:
    for ask in (small().predict, small().explain, SnakeRegressor().plot_candle):
        with pytest.raises(NotFittedError):
            ask([[0.0]])
    with pytest.raises(NotFittedError):
        small().plot_chain()


# --- regression


def test_a_regressor_answers_what_snake_answers() -> None:
    X, y = waves()
    estimator = SnakeRegressor(n_layers=3, bucket=30, random_state=4).fit(X, y)
    snake = Snake(np.column_stack([y, X]), n_layers=3, bucket=30, seed=4)
    held_out = waves(400)[0][150:]
    assert estimator.predict(held_out).tolist() == snake.get_regression(held_out)
    assert estimator.score(X, y) > 0.999


def test_a_regressor_without_lookalikes_answers_the_mean_of_the_buckets() -> None:
    # Numbers always find some: a bucket's trees share out all of space. Names that nobody has had do not.
    frame = pd.DataFrame({"name": [f"id-{k}" for k in range(60)], "x": np.arange(60) % 3 * 1.0})
    estimator = SnakeRegressor(n_layers=1, bucket=10, random_state=0, oppose_profile="categorical")
    estimator.fit(frame, np.arange(60.0))
    held_out = pd.DataFrame({"name": ["id-7", "id-8", "new", "newer"], "x": [1.0, 2.0, 1.0, 2.0]})
    found = estimator.explain(held_out)
    assert [one.regression.source for one in found] == ["lookalikes"] * 2 + ["bucket mean"] * 2
    answers = estimator.predict(held_out)
    assert np.isfinite(answers).all()
    assert [one.prediction for one in found] == answers.tolist()


def test_integer_targets_of_a_regressor_are_numbers() -> None:
    estimator = SnakeRegressor(n_layers=2, bucket=10).fit(np.arange(40.0).reshape(-1, 1), np.arange(40) // 2)
    assert estimator.snake_.datatypes[0] == "N"
    assert estimator.predict([[20.0]]).dtype == np.float64
