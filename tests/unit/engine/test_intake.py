"""Rows and CSV tables become the same population; what cannot be trained on is named by row and column."""

from __future__ import annotations

import contextlib
import csv
import io
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakebatch.engine.csv_rows import CHUNK_ROWS, MAX_CELL
from snakebatch.engine.csv_table import read_csv
from snakebatch.engine.intake import default_seed, digest, read_rows
from snakebatch.errors import InputError


def _csv(text):
    return lambda: contextlib.closing(io.StringIO(text, newline=""))


def _read(text, target="y"):
    return read_csv(_csv(text), target)


def test_the_target_comes_first_and_types_are_found():
    found = _read("a,b,y\n1,x,u\n2.5,,v\n").population
    assert found.header == ("y", "a", "b")
    assert found.datatypes == ("T", "N", "T")
    assert [found.row(k) for k in range(2)] == [{"y": "u", "a": 1.0, "b": "x"}, {"y": "v", "a": 2.5, "b": ""}]


@pytest.mark.parametrize(
    ("values", "datatype", "targets"),
    [
        (["0", "1"], "B", [0, 1]),
        (["True", "False"], "B", [1, 0]),
        (["TRUE", "FALSE"], "B", [1, 0]),
        (["1", "1"], "I", [1, 1]),
        (["3", "12"], "I", [3, 12]),
        (["9007199254740993", "2"], "I", [9007199254740993, 2]),
        (["1.5", "-2e3"], "N", [1.5, -2000.0]),
        (["+", "-"], "T", ["+", "-"]),
        (["yes", "no"], "T", ["yes", "no"]),
        (["yes", "NA"], "T", ["yes", "NA"]),
        (["NA", "nan"], "T", ["NA", "nan"]),
        (["True", "False", "NA"], "T", ["True", "False", "NA"]),
    ],
)
def test_target_types(values, datatype, targets):
    found = _read("x,y\n" + "".join(f"{k},{value}\n" for k, value in enumerate(values))).population
    assert found.datatypes[0] == datatype
    assert found.targets == targets


@pytest.mark.parametrize(
    "text",
    ["\n\na,y\n1,u\n2,v\n", "  \r\na,y\r\n1,u\r\n2,v\r\n", '"a";y\n1;u\n2;v\n', "\na\ty\n\n1\tu\n2\tv\n"],
)
def test_blank_lines_and_other_delimiters_are_read(text):
    found = _read(text).population
    assert (found.header, found.targets, found.row(1)["a"]) == (("y", "a"), ["u", "v"], 2.0)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ('"a,b";y', ("y", "a,b")),
        ('"a;b",y', ("y", "a;b")),
        ('5";y', ("y", '5"')),
        ('5";6";y', ("y", '5"', '6"')),
        ("a;b,y", ("y", "a;b")),
    ],
)
def test_a_delimiter_inside_quotes_is_none(header, names):
    delimiter = "," if header.endswith(",y") else ";"
    row = delimiter.join("1" * (len(names) - 1)) + f"{delimiter}u"
    assert _read(f"{header}\n{row}\n").population.header == names


def test_lines_are_counted_from_the_start_of_the_file():
    with pytest.raises(InputError, match=r"row 2 \(line 5\): .*quotes"):
        _read('\n\na,y\n1,u\n"x"z,v\n')
    with pytest.raises(InputError, match="line 4 holds a NUL"):
        _read("\n\na,y\n1,\0\n")


def test_a_header_without_end_is_refused():
    with pytest.raises(InputError, match="line 1, the header"):
        _read("a" * MAX_CELL + ",y\n1,u\n")


def test_object_targets_are_kept():
    rows = [{"y": {"k": [1]}, "x": 1}, {"y": {"k": [2]}, "x": 2}, {"y": {"k": [1]}, "x": 3}]
    found = read_rows(rows, "y").population
    assert (found.datatypes[0], len(found.classes), found.targets) == ("J", 2, [row["y"] for row in rows])


def test_object_targets_are_as_the_saved_model_has_them():
    objects = [{1: np.int64(2), "a": (3,)}, {"when": date(2026, 1, 2)}]
    found = read_rows([{"y": target, "x": k} for k, target in enumerate(objects)], "y").population
    assert found.targets == [{"1": 2, "a": [3]}, {"when": "2026-01-02"}]
    assert len(digest(found)) == 32


_endless = []
_endless.append(_endless)


@pytest.mark.parametrize("odd", [{"k": {1, 2}}, {(1, 2): 3}, [float("nan")], _endless, [object()]])
def test_an_object_that_is_no_json_is_named(odd):
    with pytest.raises(InputError, match=r"row 2, column 'y'.*JSON"):
        read_rows([{"y": {}, "x": 1}, {"y": odd, "x": 2}], "y")


@pytest.mark.parametrize(
    ("cells", "datatype", "values"),
    [
        (["1", "", "3"], "N", [1.0, 0.0, 3.0]),
        (["1", "NA", "nan"], "N", [1.0, 0.0, 0.0]),
        (["1", "-", "3"], "N", [1.0, 0.0, 3.0]),
        (["NA", "x", "1"], "T", ["NA", "x", "1"]),
        (["2024-01-05", "2024-02-01", "2024-03-01"], "T", ["2024-01-05", "2024-02-01", "2024-03-01"]),
        (["1E5", "2", "3"], "T", ["1E5", "2", "3"]),
    ],
)
def test_feature_types(cells, datatype, values):
    found = _read("x,k,y\n" + "".join(f"{cell},{k},{k % 2}\n" for k, cell in enumerate(cells))).population
    assert found.datatypes[1] == datatype
    assert [found.row(k)["x"] for k in range(3)] == values


@pytest.mark.parametrize("missing", [None, float("nan"), np.float64("nan"), ""])
def test_missing_values_of_rows_are_the_empty_cell(missing):
    rows = [{"y": "a", "n": 1.5, "t": "x"}, {"y": "b", "n": missing, "t": missing}, {"y": "a", "n": 2}]
    found = read_rows(rows, "y").population
    assert found.row(1) == {"y": "b", "n": 0.0, "t": ""}
    assert found.row(2) == {"y": "a", "n": 2.0, "t": ""}


def test_unreadable_cells_of_a_number_column_are_reported():
    found = _read("x,y\n1,a\n1e,b\n--,a\n")
    assert found.warnings == ("column 'x': 2 cells are not numbers and count as 0.0",)


def test_duplicates_keep_the_commonest_target_first_on_ties():
    text = "x,t,y\n1,a,u\n1.0,a,v\n1e0,a,v\n2,b,p\n2,b,q\n-0.0,c,m\n0,c,m\n"
    found = _read(text)
    assert (found.rows_read, found.duplicates, found.contradictions) == (7, 4, 2)
    assert found.population.targets == ["v", "p", "m"]
    assert found.population.classes == ("m", "p", "v")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "1", "1.0", "x"]),
            st.sampled_from(["1", "23", "12", "3"]),
            st.sampled_from("ab"),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_folding_agrees_with_a_dictionary(rows):
    groups: dict[tuple, list[str]] = {}
    found = read_rows([dict(zip("pqy", row, strict=True)) for row in rows], "y")
    number = all(cell != "x" for cell, _, _ in rows)
    for p, q, y in rows:
        groups.setdefault((float(p or 0) if number else p, float(q)), []).append(y)
    assert len(found.population) == len(groups)
    assert found.duplicates == len(rows) - len(groups)
    expected = sorted(
        max(targets, key=lambda y: (targets.count(y), -targets.index(y))) for targets in groups.values()
    )
    assert sorted(found.population.targets) == expected


@given(st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from("12"), st.sampled_from("abc")), min_size=1))
def test_the_row_kept_is_the_first_of_the_commonest_target(rows):
    found = read_rows([dict(zip("pqy", row, strict=True)) for row in rows], "y")
    groups: dict[tuple, list[int]] = {}
    for number, (p, q, _) in enumerate(rows):
        groups.setdefault((p, q), []).append(number)
    kept, contradictions = [], 0
    for numbers in groups.values():
        targets = [rows[number][2] for number in numbers]
        best = max(targets, key=targets.count)  # of equals, max takes the first
        kept.append(numbers[targets.index(best)])
        contradictions += len(numbers) - targets.count(best)
    assert found.kept.tolist() == sorted(kept)
    assert found.contradictions == contradictions


def test_rows_and_csv_give_the_same_content_and_seed():
    rows = [{"a": k / 7, "b": f"w {k % 5}", "y": "pq"[k % 2]} for k in range(CHUNK_ROWS + 10)]
    text = io.StringIO()
    writer = csv.DictWriter(text, ["a", "b", "y"])
    writer.writeheader()
    writer.writerows(rows)
    one, other = read_rows(rows, "y").population, _read(text.getvalue()).population
    assert digest(one) == digest(other)
    assert 0 <= default_seed(digest(one)) < 2**53


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("a,y\n", "no rows"),
        ("a,y\n1,2\n3\n", "row 2"),
        ("y\n1\n", "no feature column"),
        ("a,b\n1,2\n", "no column 'y'"),
        ("a,a,y\n1,2,3\n", "two columns are named 'a'"),
        ("a,y\n1,2\n1e999,3\n", "row 2, column 'a': not a finite number"),
        ("a,y\n1,2\ninf,3\n", "row 2, column 'a': not a finite number"),
        ("a,y\n1,1e999\n2,3.5\n", "row 1, column 'y': not a finite number"),
        ("a,y\n1,2\n4,\n", "row 2: the target column 'y' is empty"),
        ("a,y\n1,2.5\n4,NA\n", "row 2: the target column 'y' is empty"),
        ("a,y\n1,0\n2,1\n4,null\n", "row 3: the target column 'y' is empty"),
        ("a,y\n1,2.5\n4,-inf\n", "row 2, column 'y': not a finite number"),
        ("a,y\n1,2\n4,inf\n", "row 2, column 'y': not a finite number"),
        ('a,y\n"1,2\n3,4\n', "quotes"),
        ("a,y\n1\0,2\n", "NUL"),
        (f"a,y\n1,2\n2,{'9' * 5000}\n", r"row 2, column 'y': '9{60}\.\.\.' can't be read"),
        (f"{'h' * 5000},z\n1,2\n", r"the columns are 'h{60}\.\.\.', 'z'$"),
    ],
)
def test_bad_tables_are_refused_by_name(text, message):
    with pytest.raises(InputError, match=message):
        _read(text)


def test_bad_rows_are_refused_by_name():
    with pytest.raises(InputError, match="no rows"):
        read_rows([], "y")
    with pytest.raises(InputError, match="row 2 has 1 values"):
        read_rows([[1, 2], [3]], 0)
    with pytest.raises(InputError, match="row 2, column 'a'"):
        read_rows([{"y": 1, "a": 1.0}, {"y": 2, "a": float("inf")}], "y")
    with pytest.raises(InputError, match="no column number 7"):
        read_rows([[1, 2]], 7)


def test_a_semicolon_table_and_an_unnamed_index_column_are_read():
    found = _read(";a;y\n0;1,5;u\n1;2,5;v\n").population
    assert found.header == ("y", "column_1", "a")


def test_one_class_trains_with_a_warning():
    assert "one class only" in _read("a,y\n1,u\n2,u\n").warnings[0]
