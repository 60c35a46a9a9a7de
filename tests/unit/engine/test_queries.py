"""Queries: rows, columns, DataFrames and arrays are asked alike, and each text once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from snakebatch import Snake
from snakebatch.engine import literals
from snakebatch.engine.bucket import Bucket
from snakebatch.engine.literal import Literal
from snakebatch.engine.queries import query_table, ready_fields
from snakebatch.errors import InputError
from tests.unit.engine.test_inference import DATATYPES, HEADER, QUERIES, model_of


@given(QUERIES)
def test_columns_are_asked_as_rows_are(queries: list[dict[str, Any]]) -> None:
    total = [{"x": 0.0, "t": ""} | row for row in queries]
    by_row = query_table(total, HEADER, DATATYPES)
    by_column = query_table({name: [row[name] for row in total] for name in ("t", "x")}, HEADER, DATATYPES)

    for one, other in zip(by_row.population.features, by_column.population.features, strict=True):
        assert [one.value(row) for row in range(len(total))] == [
            other.value(row) for row in range(len(total))
        ]
    assert by_row.odd == by_column.odd
    one_by_one = [ready_fields(row, HEADER, DATATYPES)[1] for row in total]
    values = [
        by_row.odd.get(1, {}).get(row, by_row.population.column(1).value(row)) for row in range(len(total))
    ]
    assert list(map(repr, values)) == list(map(repr, one_by_one))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_, object])
def test_arrays_are_columns(dtype: Any) -> None:
    model = model_of([[Bucket((Literal(1, 0.5, False, "N"),), [0], ["c"], [], [[[]]]), _else()]])
    columns = {"x": np.array([0, 1, 0]).astype(dtype), "unknown": [1, 2, 3]}

    assert model.predictions(columns) == [0, 1, 0]


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(InputError, match="differ in length"):
        query_table({"x": [1.0], "t": []}, HEADER, DATATYPES)


def _else() -> Bucket:
    return Bucket(None, [1], ["c"], [], [[[]]])


def test_a_part_of_a_table_has_its_own_odd_and_absent_cells() -> None:
    rows = [{"x": 1.0, "t": "a"}, {"x": "odd"}, {"t": "b"}, {"x": "odder", "t": "c"}]

    part = query_table(rows, HEADER, DATATYPES).part(1, 4)

    assert part.odd == {1: {0: "odd", 2: "odder"}}
    assert {column: lacking.tolist() for column, lacking in part.absent.items()} == {
        1: [False, True, False],
        2: [True, False, False],
    }


def test_a_text_is_measured_once_however_many_rows_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def distance(text: str, reference: str) -> float:
        asked.append(text)
        return float(abs(len(text) - len(reference)))

    monkeypatch.setitem(literals.measures.REFERENCE_MEASURES, "LEV", distance)
    monkeypatch.setitem(
        literals.KINDS, "LEV", literals._reference("LEV", literals.operator.gt, literals.operator.le)
    )
    near, far = Literal(2, ["ab", 1.0], True, "LEV"), Literal(2, ["ab", 1.0], False, "LEV")
    layer = [Bucket((near,), [0], ["c"], [(far,)], [[[0]]]), Bucket(None, [1], ["c"], [(near,)], [[[0]]])]

    answers = model_of([layer, layer]).predictions([{"t": text} for text in ("ab", "abcdef")] * 500)

    assert answers == [0, 1] * 500
    assert sorted(asked) == ["ab", "abcdef"]


def test_frames_and_arrays_are_answered_as_rows_are() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is accepted, not needed")
    rows = [{"y": n % 2, "a": float(n % 2 + n / 100), "b": float(n)} for n in range(40)]
    snake = Snake(rows, n_layers=2, bucket=5)
    queries = [{"a": row["a"], "b": row["b"]} for row in rows]
    matrix = np.array([list(row.values()) for row in queries])

    for table in (pandas.DataFrame(queries), matrix, np.array([list(row.values()) for row in rows])):
        assert snake.get_prediction(table) == snake.get_batch_prediction(table) == [row["y"] for row in rows]
        assert snake.get_probability(table) == snake.get_probability(queries)
    with pytest.raises(InputError, match="give one for each of the 2 features"):
        snake.get_prediction(np.zeros((3, 5)))
