"""Rows of JSON as a CSV: what the workflow reads is what Snake reads of the rows, to the last bit."""

from __future__ import annotations

import io
import json
import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from snakebatch.engine.csv_rows import MAX_CELL
from snakebatch.engine.csv_table import read_csv
from snakebatch.engine.intake import Intake, digest, read_rows
from snakebatch.errors import InputError
from snakebatch.mesh.rows_csv import csv_of
from snakebatch.snake import Snake
from tests.support.mesh import MeshBench

Rows = list[dict[str, Any]]


def read_back(rows: Rows, target: str | int) -> Intake:
    """What Stage reads."""
    data = b"".join(csv_of(rows, target))

    @contextmanager
    def opened() -> Iterator[TextIO]:
        with io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="") as text:
            yield text

    return read_csv(opened, target)


def same(rows: Rows, target: str | int) -> None:
    """What is read back is what Snake reads; what Snake refuses is refused here too, by whoever."""
    try:
        wanted = read_rows(rows, target)
    except InputError:
        with pytest.raises(InputError):
            read_back(rows, target)
        return
    found = read_back(rows, target)
    assert found.population.header == wanted.population.header
    assert found.population.datatypes == wanted.population.datatypes
    assert digest(found.population) == digest(wanted.population)
    assert (found.duplicates, found.contradictions) == (wanted.duplicates, wanted.contradictions)


COLUMNS: list[list[Any]] = [
    [1, 2, 3],
    [1.5, -0.0, 1e22],
    [1e-07, 5e-324, 1.7976931348623157e308],
    [2**53 + 1, 10**17, -(10**30)],
    [None, float("nan"), None],
    [float("nan"), 1, 2.5],
    [None, 1, "2"],
    [True, False, True],
    [True, 1, None],
    ["NA", "1", "null"],
    ["1e5", "+.5", "-"],
    ["1_000", "١", " 1"],
    ["a\nb", "a\r\nb", "a\rb"],
    ['"', '""', "'"],
    [",", ";", "a|b\tc"],
    ["", " ", "\t"],
    ["é", "☃", "\U0001f600"],
    ["\u2028", "\x85", "\x1f"],
    ["\ufeff", "=1+1", "#"],
    [[1, "a"], {"b": None}, []],
    ["inf", "nan", "x"],
]


@pytest.mark.parametrize("cells", COLUMNS, ids=repr)
def test_a_feature_is_read_as_snake_reads_it(cells: list[Any]) -> None:
    same([{"y": "abc"[n % 3], "x": cells[n]} for n in range(3)], "y")


TARGETS: list[list[Any]] = [
    ["a", "b", "a"],
    [1, 0, 1],
    [True, False, True],
    [1, 2, 30],
    [1.5, 2.0, -3.25],
    [1, 2.5, 3],
    ["x\n", "é", ""],
    [None, "a", "b"],
    [1, None, 2],
]


@pytest.mark.parametrize("cells", TARGETS, ids=repr)
def test_a_target_is_read_as_snake_reads_it(cells: list[Any]) -> None:
    same([{"x": n, "y": cell} for n, cell in enumerate(cells)], "y")


NAMES = ["a b", "a,b", 'a"b', "é", "1", ";", "a;b|c", "'", "#", 'x,"y', ',"', 'p"', '"', "a,", '""', 'a";"b']


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_names_with_marks_are_carried(name: str, other: str) -> None:
    if name != other:
        same([{name: n, other: "ab"[n % 2]} for n in range(4)], other)


def test_columns_come_in_the_order_of_their_first_row() -> None:
    same([{"b": 1, "y": 0}, {"a": 2, "y": 1, "c": "x"}, {"y": 0}], "y")
    same([{"b": 1, "y": 0}, {"b": 2, "y": 1}], -1)


_CELLS = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-(2**70), 2**70),
    some.floats(allow_infinity=False),
    some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    some.sampled_from(["NA", "nan", "1", "-", "e", '"', "\r\n", ",", "1e400", "inf"]),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    some.lists(
        some.dictionaries(some.sampled_from(["y", "x", "a,b", 'q"']), _CELLS, min_size=1),
        min_size=1,
        max_size=6,
    )
)
def test_any_rows_are_read_as_snake_reads_them(rows: Rows) -> None:
    same([{"y": None, "x": None, **row} for row in rows], "y")


REFUSED: list[tuple[Rows, str]] = [
    ([], "give at least one"),
    ([{"y": 1}], "no feature column"),
    ([{"a": 1, "b": 2}], "target: there is no column 'y'"),
    ([{"y": 1, "x": math.inf}], "row 1, column 'x': not a finite number"),
    ([{"y": 1, "x": 1}, {"y": 1, "x": "a\0"}], "row 2, column 'x': holds a NUL byte"),
    ([{"y": 1, "x": "\ud800"}], "surrogate"),
    ([{"y": {"a": 1}, "x": 1}], "in process"),
    ([{"y": 1, "x": "x" * MAX_CELL}], "characters"),
    ([{"y": 1, " x": 1}], "plain name"),
    ([{"y": 1, "": 1}], "plain name"),
    ([{"\ufeffx": 1, "y": 1}], "plain name"),
    ([{"y": 1, "x\0": 1}], "NUL"),
    ([{"y": 1, "\ud800": 1}], "surrogate"),
]


@pytest.mark.parametrize(("rows", "why"), REFUSED)
def test_what_a_csv_can_not_carry_is_refused_before_anything_is_written(rows: Rows, why: str) -> None:
    with pytest.raises(InputError, match=why):
        csv_of(rows, "y")


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a,\r\nb", "a;\nb"])
def test_a_name_with_a_line_end_is_carried(name: str) -> None:
    same([{name: n, "y": "ab"[n % 2]} for n in range(3)], "y")


@pytest.mark.parametrize("name", ["\nx", "x\n"])
def test_a_name_that_would_be_read_as_another_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"rows: .*name"):
        csv_of([{name: 1, "y": "a"}], "y")


def test_a_job_on_rows_has_the_bytes_of_snake(mesh: MeshBench, tmp_path: Path) -> None:
    """All kinds of cells at once, through the stages of a training."""
    draw = random.Random(7)
    texts = ["é\n", '"q"', "a,b", None, "", "NA", True]
    rows = [
        {
            "size": draw.choice([None, float("nan"), 1, 2.5, -0.0, 10**17 + n]),
            "y": draw.choice(["ja", "nein\r\n", "vielleicht"]),
            "word": draw.choice(texts),
            "n": n / 7,
        }
        for n in range(200)
    ]
    rows = json.loads(json.dumps(rows))
    dataset = mesh.upload(b"".join(csv_of(rows, "y")))
    _, trained = mesh.train(dataset, tau=50, bucket=20, n_layers=2)

    Snake(rows, target_index="y", noise=0, tau=50, bucket=20, n_layers=2).to_json(tmp_path / "m.json")
    assert trained == (tmp_path / "m.json").read_bytes()
