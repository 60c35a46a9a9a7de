"""Arrays and DataFrames go in column by column, and mean what the same cells mean as lists."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

from snakebatch import Snake, snake_input
from snakebatch.engine import intake
from snakebatch.engine.model import Model
from snakebatch.errors import InputError


def matrix(rows: int = 120) -> np.ndarray:
    draws = np.random.default_rng(5).normal(0, 3, (rows, 4)).round(3)
    draws[:, 0] = draws[:, 1] > draws[:, 2]
    draws[4, 3] = np.nan
    draws[5, 3] = -0.0
    return draws


def text(snake: Snake) -> str:
    return "".join(snake.model.pieces())


def trained(data: Any, **parameters: Any) -> Snake:
    return Snake(data, n_layers=2, bucket=20, seed=1, **parameters)


@pytest.mark.parametrize(
    "data",
    [
        matrix(),
        np.asfortranarray(matrix()),
        matrix()[::-2],
        matrix().astype(np.float32),
        matrix().astype(">f8"),
        np.nan_to_num(matrix()).astype(np.int16),
        np.array([[0, 2**63, 1], [1, 2**64 - 1, 2]], dtype=np.uint64),
        matrix().astype(object),
        matrix() > 0,
    ],
    ids=["c", "fortran", "strided", "float32", "big-endian", "int16", "uint64", "object", "bool"],
)
def test_an_array_trains_as_its_rows_do(data: np.ndarray) -> None:
    assert text(trained(data)) == text(trained(data.tolist()))


def test_a_frame_trains_as_its_rows_do() -> None:
    frame = pd.DataFrame(matrix(), columns=["y", "a", "b", "c"])
    frame["word"] = ["left" if a > 0 else "right" for a in frame["a"]]
    frame["count"] = np.arange(len(frame), dtype=np.int32)
    frame["kind"] = pd.Categorical(np.arange(len(frame)) % 3)
    columns = [frame[name].tolist() for name in frame.columns]
    rows = [dict(zip(frame.columns, values, strict=True)) for values in zip(*columns, strict=True)]
    assert text(trained(frame, target_index="y")) == text(trained(rows, target_index="y"))


def test_columns_of_an_array_are_not_looked_at_cell_by_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(intake, "as_text", lambda cell: asked.append(cell) or str(cell))
    monkeypatch.setattr(snake_input, "features_of", lambda *_: pytest.fail("read row by row"))
    trained(matrix())
    assert asked == []


def test_a_header_names_the_columns_of_an_array() -> None:
    snake = trained(matrix(), header=["won", "a", "b", "c"], target_index="won")
    assert snake.header == ["won", "a", "b", "c"]
    assert trained(matrix()).header == [f"column_{index}" for index in range(4)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.array([[0.0, 1.0], [1.0, np.inf]]), "row 2, column 'column_1': not a finite number"),
        (np.array([[np.nan, 1.0], [1.0, 2.0]]), "row 1: the target column 'column_0' is empty"),
        (np.empty((0, 3)), "there are no rows"),
        (np.ones((3, 1)), "no feature column"),
        (np.ones(3), "row 1 is a float"),
        (pd.DataFrame({"y": [], "x": []}), "there are no rows"),
        (pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), "two columns are named 'a'"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(data: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Snake(data)


def test_a_model_is_taken_as_it_is() -> None:
    snake = trained(matrix())
    assert isinstance(snake.model, Model)
    assert Snake(snake.model).get_batch_prediction(matrix()) == snake.get_batch_prediction(matrix())


def test_a_snake_that_was_asked_can_be_pickled() -> None:
    snake = trained(matrix())
    expected = snake.get_probability(matrix())
    again = pickle.loads(pickle.dumps(snake))
    assert again.get_probability(matrix()) == expected
    assert text(again) == text(snake)
