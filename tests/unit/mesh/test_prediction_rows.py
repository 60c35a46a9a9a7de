"""Rows of a batch: what is refused, by row and column, and what is asked as it came."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from snakebatch.errors import InputError
from snakebatch.mesh.prediction_dividing import (
    CHEAP,
    CHUNK_BYTES,
    COSTLY,
    FEW_BYTES,
    FEW_CHUNKS,
    SHARES,
    ChunkRows,
    chunk_rows,
    few_chunks,
    many_chunks,
)
from snakebatch.mesh.prediction_rows import (
    LONGEST_ROW,
    RowChecker,
    lines_of,
    rows_of,
    rows_of_csv,
    rows_of_json_file,
)

CHECKER = RowChecker(["y", "x", "word"], ["T", "N", "T"])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"x": "many"}, "row 3, column 'x': 'many' is not a number; give one, or leave the cell empty"),
        ({"x": math.inf}, "row 3, column 'x': not a finite number"),
        ({"x": "-inf"}, "row 3, column 'x': not a finite number"),
        ({"x": "1e999"}, "row 3, column 'x': not a finite number"),
        ({"x": 10**400}, "row 3, column 'x': not a finite number"),
        ({"x": [1]}, "row 3, column 'x': a list is no cell"),
        ({"word": {"a": 1}}, "row 3, column 'word': an object is no cell"),
        ({"word": math.inf}, "row 3, column 'word': not a finite number"),
        ([1, 2], "row 3 is a list; give an object"),
        ("text", "row 3 is a text"),
        (None, "row 3 is null"),
        ({"y": 1, "other": 2}, "row 3 has none of the columns that the model asks for ('x', 'word')"),
        ({}, "row 3 has none of the columns"),
    ],
)
def test_a_bad_row_is_refused_by_row_and_column(row: Any, says: str) -> None:
    with pytest.raises(InputError) as refused:
        CHECKER.check(row, 3)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "row",
    [
        {"x": 1, "word": "a", "other": [1], "y": {}},
        {"x": "1.5e3", "word": 5},
        {"x": None, "word": None},
        {"x": "", "word": ""},
        {"x": "NA", "word": "inf"},
        {"x": True, "word": False},
        {"x": math.nan},
        {"word": "x"},
    ],
)
def test_a_row_that_snake_can_be_asked_about_is_taken(row: dict[str, Any]) -> None:
    CHECKER.check(row, 1)


def test_rows_inline_come_as_objects_or_as_lines() -> None:
    rows = [{"x": 10**17 + 1}, {"word": "a\nb é"}]
    text = "\n".join(line for _, line in rows_of(rows))
    assert [row for row, _ in rows_of(rows)] == [row for row, _ in rows_of(f"{text}\n\n")] == rows
    with pytest.raises(InputError, match="row 2 is not JSON"):
        list(rows_of('{"x":1}\n{'))
    with pytest.raises(InputError, match="row 1 is not JSON"):
        list(rows_of("[" * 100_000))


def test_a_file_without_line_ends_is_not_read_whole() -> None:
    with pytest.raises(InputError, match="line 2 has"):
        list(rows_of_json_file(io.StringIO('{"x":1}\n' + " " * (LONGEST_ROW + 5))))


def test_a_table_must_have_every_column() -> None:
    assert [row for row, _ in rows_of_csv(io.StringIO("word;x;z\na;1;2\n"), CHECKER)] == [
        {"word": "a", "x": "1", "z": "2"}
    ]
    for text, says in (("x,z\n1,2\n", "no column 'word'"), ("x,x,word\n1,2,3\n", "two columns are named")):
        with pytest.raises(InputError, match=says):
            list(rows_of_csv(io.StringIO(text), CHECKER))


def test_rows_of_python_become_lines() -> None:
    frame = pd.DataFrame({"x": [1.5, math.nan], "word": ["a", None]})
    assert list(map(json.loads, lines_of(frame))) == [{"x": 1.5, "word": "a"}, {"x": None, "word": None}]
    assert lines_of([{"x": np.float64(0.1), "n": np.int64(7), "word": pd.NA}]) == [
        '{"x":0.1,"n":7,"word":null}'
    ]
    for rows, says in (
        ([{"x": 1.0}, {"x": -math.inf}], "row 2, column 'x': not a finite number"),
        ([[1, 2]], "row 1 is a list; give a dict"),
        ({"x": 1}, "an object; give a list of dicts"),
        (7, "a number; give a list of dicts"),
    ):
        with pytest.raises(InputError, match=says):
            lines_of(rows)


# ---------------------------------------- chunks


@pytest.mark.parametrize("size", [CHEAP, COSTLY], ids=["cheap", "costly"])
@pytest.mark.parametrize("rows", [1, 99, 100, 1_000, 1_001, 40_000, 99_999, 100_000])
def test_a_small_batch_has_at_most_40_chunks_of_one_size(size: ChunkRows, rows: int) -> None:
    lines = [str(n) for n in range(rows)]
    chunks = few_chunks(lines, size)
    assert [line for chunk in chunks for line in chunk] == lines
    assert len(chunks) <= FEW_CHUNKS
    assert all(len(chunk) == len(chunks[0]) for chunk in chunks[:-1])
    assert len(chunks) == 1 or len(chunks[0]) >= size.least


def test_a_batch_that_is_not_small_is_refused_with_where_to_go() -> None:
    with pytest.raises(InputError, match="at most 100,000 rows"):
        few_chunks(("{}" for _ in range(100_001)), COSTLY)
    with pytest.raises(InputError, match="workflow for files"):
        few_chunks(("x" * 1_000_000 for _ in range(FEW_BYTES)), CHEAP)


def test_a_file_has_chunks_of_so_many_rows_or_so_many_characters() -> None:
    assert [len(chunk) for chunk in many_chunks(map(str, range(60_000)), CHEAP)] == [
        25_000,
        25_000,
        10_000,
    ]
    long = "x" * (CHUNK_BYTES // 3 - 2)
    assert [len(chunk) for chunk in many_chunks([long] * 7, CHEAP)] == [3, 3, 1]
    assert [len(chunk) for chunk in many_chunks([long * 4] * 2, CHEAP)] == [1, 1]
    assert list(many_chunks([], CHEAP)) == []


def test_many_classes_make_chunks_small_where_each_has_a_probability() -> None:
    assert chunk_rows("prediction", 100_000) == chunk_rows("regression", 100_000) == CHEAP
    assert chunk_rows("probability", 3) == CHEAP
    assert chunk_rows("audit", 100_000) == chunk_rows("augmented", 3) == COSTLY
    assert chunk_rows("probability", 10_000) == ChunkRows(100, 100)
    assert chunk_rows("augmented", 10 * SHARES) == ChunkRows(1, 1)
