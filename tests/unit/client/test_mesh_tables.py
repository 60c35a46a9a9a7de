"""Whatever Snake trains on reaches a mesh as the same population, or is refused before it leaves."""

from __future__ import annotations

import gzip
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snakebatch.client.remote.tables import Table, table_to_send
from snakebatch.engine.csv_table import read_csv
from snakebatch.engine.intake import Intake, digest
from snakebatch.errors import InputError
from snakebatch.snake_input import read_table
from tests.support.scale import scaled


def arrived(table: Table) -> Intake:
    """What staging reads of a table."""
    content = table.part(0, table.size)
    assert len(content) == table.size
    if table.name.endswith(".gz"):
        content = gzip.decompress(content)
    table.close()
    return read_csv(
        lambda: io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=""), table.target
    )


def check(data: Any, target: int | str = 0, header: Any = None, y: Any = None) -> None:
    """The population that arrives is the one that Snake reads, counts and all."""
    expected = read_table(data, target, header, y)
    found = arrived(table_to_send(data, target, header, y))
    assert digest(found.population) == digest(expected.population)
    counted = ("rows_read", "duplicates", "contradictions", "warnings")
    assert [getattr(found, name) for name in counted] == [getattr(expected, name) for name in counted]
    assert found.kept.tolist() == expected.kept.tolist()


NAN = float("nan")
COLUMNS: dict[str, list[Any]] = {
    "ints": [1, 2, 3, -4],
    "floats": [0.1, 1e-300, 1e22, -0.0],
    "numbers with gaps": [1, None, 2.5, NAN],
    "nothing": [None, None, NAN, None],
    "booleans": [True, False, True, True],
    "booleans and numbers": [True, 0, 1.5, 2],
    "booleans with gaps": [True, None, False, NAN],
    "texts": ["a", "", "b c", " d "],
    "texts and numbers": ["a", 1, 2.0, None],
    "numbers as texts": ["1", "2.50", "1e3", ""],
    "dates as texts": ["2024-01-02", "2024-02-03", "", "2024-01-02"],
    "dates": [date(2024, 1, 2), datetime(2024, 2, 3, 4, 5), None, date(2024, 1, 2)],
    "odd quotes": ['say "yes"', "a,b", "it's; |\t", '"'],
    "line ends": ["a\nb", "c\r\nd", "\re", "\n"],
    "separators": ["a\u2028b", "\x85", "\x1c\x1d", "\ufeffx"],
    "not ASCII": ["é☃", "名前", "😀", "ß"],
    "missing words": ["NA", "1", "null", "2"],
    "missing words among texts": ["NA", "x", "null", "None"],
    "NumPy's": [np.float32(0.1), np.float64(2.5), np.int8(3), np.nan],
    "half floats": [np.float16(0.1), np.float16(2), np.float16(3), np.float16(4)],
    "wide": [2**53 + 1, 10**300, 3, 4],
    "decimals": [Decimal("1.10"), Decimal(2), Decimal("1E+3"), None],
    "lists": [[1], [2, 3], [], [1]],
    "objects": [{"a": 1}, {"b": 2}, {}, {"a": 1}],
    "pandas' missing": [pd.NA, 1, pd.NaT, 2],
    "long digits": ["1" * 40, "0" * 50 + "1", "12", "7"],
    "plus and minus": ["+", "-", "+", "-"],
    "formulas": ["=1+1", "@x", "#", "'"],
}
TARGETS = [
    "ints",
    "booleans",
    "texts",
    "numbers as texts",
    "plus and minus",
    "missing words among texts",
    "line ends",
    "odd quotes",
    "decimals",
    "texts and numbers",
    "not ASCII",
    "floats",
]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_every_kind(name: str) -> None:
    cells = COLUMNS[name]
    rows = [{"y": "ab"[n % 2], name: cell, "z": n % 3} for n, cell in enumerate(cells)]
    check(rows, "y")
    check([list(row.values()) for row in rows], 0, header=["y", name, "z"])
    check(pd.DataFrame(rows), "y")
    check(cells and [[cell] for cell in cells], y=["a", "b", "a", "b"], header=[name])


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_of_every_kind(name: str) -> None:
    cells = [cell for cell in COLUMNS[name] if cell not in (None, "")]
    rows = [{"x": n, "y": cell} for n, cell in enumerate(cells)]
    check(rows, "y")
    check(rows, 1)
    check(pd.DataFrame(rows), "y")
    check([[n] for n in range(len(cells))], "named", y=cells)


@pytest.mark.parametrize(
    "values",
    [[0, 1, 1, 0], [0, 0, 0, 0], [1, 2, 3, 4], [-1, 0, 1, 2], [0.0, 1.0, 1.0, 0.0], [0.1, 1e20, 3.0, 4.0]],
)
@pytest.mark.parametrize("kind", ["int64", "uint8", "float32", "float64", "longdouble", "bool"])
def test_an_array_of_every_type(values: list[Any], kind: str) -> None:
    if kind in ("int64", "uint8") and (min(values) < 0 or values[0] == 0.1 or isinstance(values[0], float)):
        kind = "int64" if values[0] != 0.1 else "float64"
    array = np.array(values).astype(kind)
    other = np.array([[0.1, NAN], [-0.0, 2], [3, 4], [0.1, NAN]])
    check(other, y=array, header=["a", "b"])
    check(np.column_stack([array.astype(float), other]), 0)
    check(pd.DataFrame({"y": array, "a": other[:, 0]}), "y")
    structured = np.zeros(4, dtype=[("a", "f4"), ("y", kind), ("w", "U3"), ("t", "M8[D]")])
    structured["a"], structured["y"], structured["w"] = other[:, 0], array, ["x", "", "1", "x"]
    check(structured, "y")


def test_a_frame_of_pandas_own_types() -> None:
    frame = pd.DataFrame(
        {
            "y": pd.Categorical(["a", "b", "a", "c"]),
            "int": pd.array([1, None, 3, 4], dtype="Int64"),
            "text": pd.array(["x", None, "", "y"], dtype="string"),
            "time": pd.to_datetime(["2024-01-02", None, "2024-01-02 03:04", "2025-01-01"], format="mixed"),
            "flag": pd.array([True, None, False, True], dtype="boolean"),
            "level": pd.Categorical([3, 1, 3, 2]),
            "span": pd.to_timedelta(["1 day", "2 hours", "1 day", None]),
            "float": np.array([0.1, NAN, 1e-7, 3], dtype=np.float32),
        }
    )
    for target in frame.columns:
        if frame[target].isna().any():
            continue
        check(frame, target)


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
    st.sampled_from(
        ["1", "1.0", "01", "-", ".", "1e5", "NA", "nan", "inf ", '""', ",", "\r", "\n", " ", "\ufeff"]
    ),
)


@settings(max_examples=scaled(150, 400), deadline=None)
@given(st.lists(st.tuples(cells, cells, st.sampled_from(["a", "b", "c"])), min_size=1, max_size=8))
def test_cells_of_all_kinds_in_any_mixture(rows: list[tuple[Any, Any, str]]) -> None:
    check([{"y": y, "one": one, "two": two} for one, two, y in rows], "y")
    asked = [{"x": n, "y": y} for n, (y, _, _) in enumerate(rows)]
    refused = refusal(lambda: read_table(asked, "y", None))
    assert refusal(lambda: table_to_send(asked, "y").close()) == refused
    if refused is None:
        check(asked, "y")


def refusal(do: Any) -> str | None:
    """How it is refused, if it is."""
    try:
        do()
    except InputError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"y": "a", "x": float("inf")}], "row 1, column 'x': not a finite number"),
        ([{"y": "a", "x": 1}, {"y": "b", "x": 10**400}], "row 2, column 'x': not a finite number"),
        ([{"y": "a", "x": "1"}, {"y": "b", "x": "inf"}], "row 2, column 'x': not a finite number"),
        ([{"y": {"a": 1}, "x": 1}], "row 1, column 'y': the target is an object, which no table can carry"),
        ([{"y": [1], "x": 1}], "row 1, column 'y': the target is a list"),
        ([{"y": "a", "x": "b"}, {"y": "b", "x": "\0"}], "row 2, column 'x': there is a NUL in the text"),
        ([{"y": "a\ud800", "x": 1}], r"row 1, column 'y': there is half a character \(a lone surrogate\)"),
        ([{"y": 1.5, "x": 1}, {"y": None, "x": 2}], "row 2: the target column 'y' is empty"),
        ([{"y": "a", " x": 1}], "column ' x': there are blanks around the name"),
        ([{"y": "a", "": 1}], "column '': there is no name"),
        ([{"y": "a", "x\0": 1}], "there is a NUL"),
        ([{"y": "a"}], "there is no feature column"),
        ([], "there are no rows"),
        ("nothing.csv", "nothing.csv can't be read: No such file"),
        (".", "is a folder; give a CSV file"),
        ("s3://bucket", "names no object"),
        (3, "the data are a int"),
    ],
)
def test_what_can_t_be_carried_is_refused_by_row_and_column(rows: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        table_to_send(rows, "y")


def test_an_array_of_infinities_is_refused_as_in_process() -> None:
    """As texts alone they would pass for labels."""
    with pytest.raises(InputError, match="row 1, column 'x': not a finite number"):
        table_to_send(np.full((3, 1), np.inf), "y", ["x"], y=["a", "b", "a"])


def test_a_text_longer_than_a_cell_of_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snakebatch.client.remote.columns.MAX_CELL", 100)
    with pytest.raises(InputError, match="row 2, column 'x': the text has 99 characters"):
        table_to_send([{"y": "a", "x": "b"}, {"y": "a", "x": "b" * 99}], "y")


@pytest.mark.parametrize(
    "names", [["y", "a,b"], ["y", 'say "x"'], ["y;z", "a\tb"], ["y", "a\nb"], ["1", "2"]]
)
def test_column_names_of_all_kinds(names: list[str]) -> None:
    check([["a", 1], ["b", 2]], names[0], header=names)


FILES = {
    "quotes": 'y,"x, of it",w\na,1,"say ""yes"""\nb,2,"two\nlines"\n',
    "semicolons": "y;x\na;1,5\nb;2,5\n",
    "blanks": "\n\n y , x \r\na,1\r\nb, 2\r\n\r\n",
    "byte order mark": "\ufeffy,x\na,1\nb,2\n",
    "no last line end": "y,x\na,NA\nb,2",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_goes_byte_for_byte(tmp_path: Path, name: str) -> None:
    path = tmp_path / "any name.csv"
    path.write_bytes(FILES[name].encode())
    table = table_to_send(str(path), "y")
    assert table.part(0, table.size) == path.read_bytes()
    check(path, "y")
    check(path, 0)


def test_a_packed_file_goes_packed(tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(FILES["quotes"].encode()))
    table = table_to_send(path, 0)
    assert (table.name, table.target) == ("data.csv.gz", "y")
    assert arrived(table).rows_read == 2
    path.write_bytes(b"no gzip")
    with pytest.raises(InputError, match=r"is named \.gz but can't be unpacked"):
        table_to_send(path, 0)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("y,x\na\n", r"bad.csv: row 1 \(line 2\) has 1 cells"),
        ("y,x\n", "bad.csv: the table has a header and no rows"),
        ("y,x\na,inf\nb,1\n", "bad.csv: row 1, column 'x': not a finite number"),
        ("a,x\na,1\n", "bad.csv: there is no column 'y'"),
        ("\xff".encode("latin-1"), "bad.csv: line 1 is not UTF-8 text"),
    ],
)
def test_a_bad_file_is_refused_before_it_is_sent(tmp_path: Path, content: Any, says: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=says):
        table_to_send(path, "y")


def test_a_table_that_does_not_fit_in_memory_lies_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snakebatch.client.remote.tables.SMALL_TABLE", 1_000)
    check([{"y": "ab"[n % 2], "x": n, "word": f"w{n}"} for n in range(40_000)], "y")


def test_what_lies_in_s3_is_named(tmp_path: Path) -> None:
    table = table_to_send("s3://bucket/some/data.csv", 3)
    assert (table.uri, table.target, table.file) == ("s3://bucket/some/data.csv", 3, None)
