"""The tables that ``Snake`` takes: arrays, frames and targets apart give the model of the same dicts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from snakebatch import Snake
from snakebatch.engine.intake import read_columns
from snakebatch.engine.population import NumberColumn
from snakebatch.engine.tables import columns_of
from snakebatch.engine.targets import classify, read_target
from snakebatch.errors import InputError

DRAW = np.random.default_rng(1)
X = DRAW.normal(size=(150, 3))
Y = np.where(X[:, 0] + X[:, 1] > 0, 1, 0)
NAMES = ["a", "b", "c"]
SMALL: dict[str, Any] = {"n_layers": 1, "bucket": 30}

ROWS = [
    {"y": label, **dict(zip(NAMES, cells, strict=True))}
    for label, cells in zip(Y.tolist(), X.tolist(), strict=True)
]


def text(snake: Snake) -> str:
    return "".join(snake.model.pieces())


@pytest.fixture(scope="module")
def expected() -> str:
    return text(Snake(ROWS, "y", **SMALL))


def structured() -> NDArray[Any]:
    kinds = np.dtype([("y", "i4"), *[(name, "f8") for name in NAMES]])
    return np.array([(label, *cells) for label, cells in zip(Y, X, strict=True)], dtype=kinds)


@pytest.mark.parametrize(
    ("data", "more"),
    [
        (X, {"y": Y, "header": NAMES, "target_index": "y"}),
        (X, {"y": Y, "header": ["y", *NAMES]}),
        (X, {"y": Y.astype(np.uint8)[:, None], "header": ["y", *NAMES]}),
        (X.astype(object), {"y": Y.tolist(), "header": ["y", *NAMES]}),
        (X.tolist(), {"y": tuple(Y.tolist()), "header": ["y", *NAMES]}),
        (np.asfortranarray(X), {"y": Y, "header": ["y", *NAMES]}),
        ([{name: row[name] for name in NAMES} for row in ROWS], {"y": Y, "target_index": "y"}),
        (np.column_stack([Y.astype(object), X.astype(object)]), {"header": ["y", *NAMES]}),
        (structured(), {"target_index": "y"}),
        (structured()[NAMES], {"y": Y, "target_index": "y"}),
    ],
)
def test_arrays_train_the_model_of_the_same_rows(data: Any, more: dict[str, Any], expected: str) -> None:
    assert text(Snake(data, **more, **SMALL)) == expected


def test_names_are_made_up_where_there_are_none() -> None:
    assert Snake(X, y=Y, **SMALL).header == ["target", "column_0", "column_1", "column_2"]
    assert Snake(X, n_layers=1, bucket=80).header == ["column_0", "column_1", "column_2"]


def test_a_matrix_of_numbers_never_becomes_python_values() -> None:
    class Numbers(np.ndarray[Any, Any]):
        """Numbers that refuse to be taken cell by cell."""

        def tolist(self) -> Any:
            raise AssertionError("cell by cell")

        __iter__ = None

    columns = [Y, *(column.view(Numbers) for column in X.T)]
    found = read_columns(["y", *NAMES], columns, 0).population
    assert all(isinstance(column, NumberColumn) for column in found.features)
    assert [column.value(7) for column in found.features] == X[7].tolist()  # type: ignore[union-attr]


NUMBERS = st.one_of(st.integers(-3, 3), st.integers(0, 1), st.integers(0, 2**40))


@given(st.lists(NUMBERS, min_size=1, max_size=8), st.sampled_from(["i8", "f8", "f4"]))
def test_a_target_of_numbers_is_what_its_texts_are(values: list[int], kind: str) -> None:
    array = np.array(values, dtype=kind)
    datatype, found = read_target(array, "y")
    by_text, coerced = read_target(array.tolist(), "y")
    assert (datatype, list(found)) == (by_text, list(coerced))
    one, other = classify(found, datatype), classify(coerced, by_text)
    assert one[0] == other[0]
    assert list(map(type, one[0])) == list(map(type, other[0]))
    assert one[1].tolist() == other[1].tolist()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_number_in_an_array_is_named_by_its_row(bad: float) -> None:
    numbers = X.copy()
    numbers[4, 1] = bad
    if math.isinf(bad):
        with pytest.raises(InputError, match="row 5, column 'column_1'"):
            Snake(numbers, y=Y, **SMALL)
    else:
        assert Snake(numbers, y=Y, **SMALL).population[4]["column_1"] == 0.0
    with pytest.raises(InputError, match="row 5"):
        Snake(X, y=numbers[:, 1], **SMALL)


@pytest.mark.parametrize(
    ("data", "more", "says"),
    [
        (X, {"y": Y[:-1]}, "y has 149 values for 150 rows"),
        (X, {"y": X}, "give the targets as a list, a 1-D array or a Series"),
        (X, {"y": 3}, "y is a int"),
        (X, {"y": "abc"}, "y is a str"),
        (X, {"y": Y, "header": ["a"]}, "3 columns and 1 names"),
        (X, {"header": ["a", "b", "c", "d"]}, "3 columns and 4 names"),
        ("data.csv", {"y": Y}, "name its target by target_index"),
        (X, {"y": Y, "header": ["target", "b", "c"]}, "two columns are named 'target'"),
        (X[:0], {"y": Y[:0]}, "there are no rows"),
        (X[:0], {}, "there are no rows"),
        (X[:, :0], {"y": Y}, "y has 150 values for 0 rows"),
        (np.zeros((2, 2, 2)), {}, "the array has 3 dimensions"),
        (X[:, 0], {}, "row 1 is a float"),
        (7, {}, "the data are a int"),
    ],
)
def test_what_does_not_fit_together_is_refused(data: Any, more: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Snake(data, **more)


def test_numpy_numbers_are_parameters_too(expected: str) -> None:
    numbers: dict[str, Any] = {"n_layers": np.int64(1), "bucket": np.int32(30), "lookahead": np.uint8(5)}
    assert text(Snake(ROWS, "y", **numbers, noise=np.float32(0.25))) == expected  # type: ignore[arg-type]
    for noise in (np.bool_(True), np.float64("nan"), "0.25"):
        with pytest.raises(InputError, match="give a share from 0 to 1"):
            Snake(ROWS, "y", noise=noise)  # type: ignore[arg-type]


def test_a_structured_array_is_asked_by_its_names(expected: str) -> None:
    snake = Snake(structured(), "y", **SMALL)
    turned = structured()[["c", "a", "b"]]
    assert snake.get_prediction(turned) == Y.tolist()


def test_dates_of_an_array_stay_texts() -> None:
    days = np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[ns]")
    table = np.array([(1, days[0]), (2, days[1])], dtype=[("y", "i4"), ("day", "M8[ns]")])
    snake = Snake(table, "y", **SMALL)
    assert snake.datatypes == ["I", "T"]
    assert snake.population[1]["day"].startswith("2026-01-02")
    assert snake.get_prediction(table) == [1, 2]


# --- DataFrames


class PolarsType:
    """What we use of a polars dtype."""

    def __init__(self, numeric: bool) -> None:
        self._numeric = numeric

    def is_numeric(self) -> bool:
        return self._numeric


class PolarsSeries:
    """What we use of a polars Series."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values
        self.dtype = PolarsType(all(isinstance(value, int | float) for value in values))

    def to_numpy(self) -> NDArray[Any]:
        return np.array(self.values)

    def to_list(self) -> list[Any]:
        return self.values


class PolarsFrame:
    """What we use of a polars DataFrame: columns are lists of names, and items are columns."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.columns = list(rows[0])
        self._rows = rows

    def __getitem__(self, name: str) -> PolarsSeries:
        return PolarsSeries([row[name] for row in self._rows])


def test_a_polars_frame_is_read_by_columns(expected: str) -> None:
    frame = PolarsFrame(ROWS)
    assert all(isinstance(column, np.ndarray) for column in columns_of(frame)[1])
    snake = Snake(frame, "y", **SMALL)
    assert text(snake) == expected
    assert snake.get_prediction(frame) == Y.tolist()
    mixed = PolarsFrame([{"n": 1.5, "t": "a"}, {"n": 2.5, "t": None}])
    assert [type(column) for column in columns_of(mixed)[1]] == [np.ndarray, list]


def test_pandas_frames_and_series(expected: str) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is accepted, not needed")
    frame = pandas.DataFrame(ROWS)
    models = [
        Snake(frame, "y", **SMALL),
        Snake(frame[NAMES], y=frame["y"], **SMALL),
        Snake(frame[NAMES], y=frame[["y"]], **SMALL),
        Snake(X, y=pandas.Series(Y, name="y"), header=NAMES, **SMALL),
    ]
    assert [text(snake) for snake in models] == [expected] * 4
    assert models[0].get_prediction(frame) == Y.tolist()
    assert models[0].get_prediction(frame.iloc[3]) == Y[3]


def test_what_pandas_columns_may_hold() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is accepted, not needed")
    frame = pandas.DataFrame(
        {
            "y": pandas.Categorical(["u", "v", "u", "v"]),
            "whole": pandas.array([1, None, 3, 4], dtype="Int64"),
            "flag": [True, False, True, True],
            "day": pandas.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]),
            "gap": [1.5, math.nan, 2.5, 3.5],
            "text": ["p", None, "q", "r"],
        }
    )
    snake = Snake(frame, "y", **SMALL)
    assert snake.datatypes == ["T", "N", "T", "T", "N", "T"]
    second = snake.population[1]
    assert (second["whole"], second["flag"], second["gap"], second["text"]) == (0.0, "False", 0.0, "")
    assert snake.get_prediction(frame) == ["u", "v", "u", "v"]
    with pytest.raises(InputError, match="two columns are named 'y'"):
        Snake(pandas.concat([frame, frame["y"]], axis=1), "y")
