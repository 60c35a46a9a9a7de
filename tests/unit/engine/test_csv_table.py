"""A table read in one pass is the one that two passes of the csv module read, warnings and errors too."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from snakebatch.engine import csv_chunks
from snakebatch.engine.cells import FeatureSniffer, numbers
from snakebatch.engine.csv_rows import MAX_CELL, open_rows
from snakebatch.engine.csv_table import read_csv
from snakebatch.engine.intake import (
    Intake,
    check_header,
    digest,
    finish,
    order_header,
    text_column,
    unreadable_warning,
)
from snakebatch.engine.population import NumberColumn
from snakebatch.engine.targets import TargetSniffer, coerce_target
from snakebatch.errors import InputError
from tests.support.scale import scaled


class Table:
    """The bytes of a table, which counts how often it is opened."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.opened = 0

    @contextmanager
    def open(self) -> Iterator[TextIO]:
        self.opened += 1
        with io.TextIOWrapper(io.BytesIO(self.data), encoding="utf-8-sig", newline="") as text:
            yield text


def by_two_passes(table: Table, target: str) -> Intake:
    """All rows by the csv module, types by the sniffers of whole columns, then values in chunks."""
    with table.open() as text:
        header, parts = open_rows(text)
        place = check_header(header, target)
        chunks = [list(zip(*part, strict=True)) for part in parts]
    if not chunks:
        raise InputError("the table has a header and no rows; give at least one row")
    columns = [[cell for chunk in chunks for cell in chunk[index]] for index in range(len(header))]
    sniffer = TargetSniffer()
    sniffer.update(columns[place])
    values: list[Any] = []
    unreadable = [0] * len(header)
    kept: list[list[Any]] = [[] for _ in header]
    types = []
    for cells in columns:
        feature = FeatureSniffer()
        feature.update(cells)
        types.append(feature.datatype)
    for chunk in chunks:
        row = len(values) + 1
        values += [
            coerce_target(cell, sniffer.datatype, target, row + k) for k, cell in enumerate(chunk[place])
        ]
        for index, name in enumerate(header):
            if index != place and types[index] == "N":
                found, count = numbers(chunk[index], name, row)
                kept[index].append(found)
                unreadable[index] += count
    others = [index for index in range(len(header)) if index != place]
    warnings = [unreadable_warning(header[index], unreadable[index]) for index in others if unreadable[index]]
    features = [
        NumberColumn(np.concatenate(kept[index])) if types[index] == "N" else text_column(columns[index])
        for index in others
    ]
    return finish(order_header(header, place), sniffer.datatype, values, features, warnings)


def outcome(read: Callable[[], Intake]) -> Any:
    try:
        found = read()
    except InputError as error:
        return str(error)
    counts = (found.rows_read, found.duplicates, found.contradictions, found.warnings, found.kept.tolist())
    kinds = [type(value) for value in found.population.classes]
    return found.population.header, found.population.datatypes, kinds, counts, digest(found.population)


def same(data: bytes, size: int = 1 << 20, few: int = 1 << 16, target: str = "y") -> int:
    """How often the table was opened."""
    table = Table(data)
    expected = outcome(lambda: by_two_passes(Table(data), target))
    assert outcome(lambda: read_csv(table.open, target, size, few)) == expected
    return table.opened


NUMBERS = some.one_of(
    some.integers(-30, 30).map(str),
    some.floats(allow_nan=False, allow_infinity=False).map(repr),
    some.sampled_from(["-0", "+.5", "5.", "1e3", "-1e-320", "007", "1e5", "9007199254740993"]),
)
ODD = some.sampled_from(
    [
        "",
        "NA",
        "nan",
        "inf",
        "-Infinity",
        "1e999",
        "-",
        "e",
        "1_0",
        " 1",
        "1E5",
        "\u0661",
        "x",
        "True",
        "False",
    ]
)
NASTY = some.sampled_from(
    [
        '"a,b"',
        '"a\nb"',
        '"a\r\nb"',
        '""""',
        '"',
        'a"b',
        "\0",
        "\r",
        "\u2028",
        "\x85",
        "\x1c",
        "1,2",
        '"1"',
        "\t",
    ]
)
KINDS = [
    NUMBERS,
    NUMBERS,
    some.sampled_from("01"),
    some.sampled_from(["a", "b", "é"]),
    some.one_of(NUMBERS, ODD),
    ODD,
    some.one_of(NUMBERS, ODD, NASTY),
    some.just(""),
]


def rarely(often: int) -> some.SearchStrategy[bool]:
    return some.sampled_from([False] * often + [True])


@some.composite
def tables(draw: some.DrawFn) -> bytes:
    """Up to 30 rows; a column is of one kind, and rarely has a cell of another, or a line too many cells."""
    kinds = draw(
        some.lists(some.sampled_from(KINDS[:6] if draw(some.booleans()) else KINDS), min_size=2, max_size=4)
    )
    delimiter = draw(some.sampled_from(",;\t|"))
    end = draw(some.sampled_from(["\n", "\n", "\r\n", "\r", "\n\n"]))
    lines = [delimiter.join(["y", "a", "b", "c"][: len(kinds)])]
    lines += [delimiter.join(row) for row in draw(some.lists(some.tuples(*kinds), min_size=1, max_size=30))]
    for _ in range(draw(some.sampled_from([0, 0, 0, 1, 2]))):
        width = draw(some.integers(1, 4)) if draw(rarely(5)) else len(kinds)
        cells = draw(some.lists(some.one_of(*KINDS), min_size=width, max_size=width))
        lines.insert(draw(some.integers(1, len(lines))), delimiter.join(cells))
    text = (
        draw(some.sampled_from(["", "\ufeff", "\n"])) + end.join(lines) + draw(some.sampled_from(["", end]))
    )
    data = text.encode()
    return data[: len(data) // 2] + b"\xff" + data[len(data) // 2 :] if draw(rarely(30)) else data


@settings(max_examples=scaled(250, 600), deadline=None)
@given(
    data=tables(),
    size=some.sampled_from([1, 3, 10, 40, 1000]),
    few=some.sampled_from([1, 3, 100]),
    narrow=some.sampled_from([0, 100]),
)
@example(b"y,a\r1,2\r3,4", 3, 1, 0)
@example(b"y,a\n1,2\n3,x\n1,2\n3,4\n", 1, 1, 0)
@example(b"a,y\n1,2\n3\n4,5,6\n", 100, 1, 0)
def test_any_table_is_read_as_two_passes_read_it(data: bytes, size: int, few: int, narrow: int) -> None:
    with patch.object(csv_chunks, "NARROW", narrow):
        same(data, size, few)


def lines_of(columns: list[list[str]], end: str = "\n") -> bytes:
    return "".join(",".join(row) + end for row in zip(*columns, strict=True)).encode()


ROWS = 5000
MANY = [f"{row / 7!r}" for row in range(ROWS)]
LABELS = ["yes", "no", "maybe", "no"] * (ROWS // 4)
GAPS = ["1.5", "", "NA", "nan", "-"] * (ROWS // 5)
WHOLE = [str(row * row) for row in range(ROWS)]
SMALL = 4096
"""Characters of a chunk: the table has dozens."""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\r"])
@pytest.mark.parametrize("place", [0, 4, 11])
@pytest.mark.parametrize("target", [LABELS, MANY, WHOLE, ["0", "1"] * (ROWS // 2)])
def test_a_table_of_numbers_is_read_once(target: list[str], place: int, end: str) -> None:
    columns = [["x", *MANY] for _ in range(11)]
    for index, column in enumerate(columns):
        column[0] += str(index)
    columns.insert(place, ["y", *target])
    assert same(lines_of(columns, end), SMALL, 100) == 1


@pytest.mark.parametrize(
    "columns",
    [
        [["y", *LABELS], ["a", *MANY], ["b", *GAPS]],
        [["a", *LABELS], ["y", *MANY], ["b", *WHOLE]],
        [["a", *MANY[:-1], '"1"'], ["y", *LABELS]],
        [["a", '"1"', *MANY[1:]], ["y", *LABELS]],
        [['"a"', *MANY], ['"y"', *(f'"{label}"' for label in LABELS)]],
        [["a", *[""] * ROWS], ["y", *LABELS]],
        [["a", *["2024-01-05", "", "-"] * 1500], ["y", *LABELS[:4500]]],
        [["a", *["NA", "", "nan"] * 1500], ["y", *LABELS[:4500]]],
        [["a", *["NA", "-", ""] * 1000, *MANY[:1500]], ["y", *LABELS[:4500]]],
    ],
)
def test_texts_gaps_and_quotes_are_read_once(columns: list[list[str]]) -> None:
    assert same(lines_of(columns), SMALL, 100) == 1


@pytest.mark.parametrize(
    ("late", "target"),
    [
        ("x", "no"),
        ("1_0", "no"),
        ("inf", "no"),
        ("1e999", "no"),
        ('"a\n,b"', "no"),
        ("7", ""),
        ("7", "NA"),
        ("7", "1e999"),
        ("7", "x"),
        ("inf", "inf"),
    ],
)
def test_what_shows_late_is_read_again(late: str, target: str) -> None:
    first = LABELS if target == "no" else MANY
    columns = [["a", *MANY], ["y", *first], ["b", *MANY]]
    for column, cell in zip(columns, (late, target, late), strict=True):
        column[4000] = cell
    assert same(lines_of(columns), SMALL, 100) == 2


@pytest.mark.parametrize("last", ["9007199254740991", "9007199254740993", "1" + "0" * 30])
def test_large_whole_targets_are_exact(last: str) -> None:
    columns = [["a", *MANY], ["y", *WHOLE[:-1], last]]
    assert same(lines_of(columns), SMALL, 100) == (1 if last.endswith("1") else 2)


@pytest.mark.parametrize("bad", ["1,2,3", "1", '"1,2', "1,\0", '"1"x,2', "1,\udcff"])
@pytest.mark.parametrize("quoted", [[], [b'"2"', b"yes"]])
def test_bad_lines_are_named_as_the_csv_module_counts_them(bad: str, quoted: list[bytes]) -> None:
    lines = lines_of([["a", *MANY], ["y", *LABELS]]).splitlines(keepends=True)
    lines[3000:3000] = [b"\n", b"\n"]
    lines[4000] = bad.encode(errors="surrogateescape") + b"\n"
    if quoted:
        lines[2000] = b",".join(quoted) + b"\n"
    assert same(b"".join(lines), SMALL) == 2


def test_memory_is_the_columns_and_a_few_chunks() -> None:
    table = Table(lines_of([["y", *LABELS * 8], *([f"x{index}", *MANY * 8] for index in range(10))]))
    read_csv(table.open, "y", SMALL)  # so that what is loaded once does not count
    tracemalloc.start()
    try:
        found = read_csv(table.open, "y", 1 << 16)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    columns = 8 * 10 * found.rows_read
    assert peak < 2.5 * columns + (4 << 20)


def test_a_wide_table_is_read_by_dozens_of_rows() -> None:
    header = ",".join(["y", *(f"x{index}" for index in range(10_000))])
    rows = [f"{label}," + ",".join(MANY[row : row + 1] * 10_000) for row, label in enumerate(LABELS[:40])]
    table = Table("\n".join([header, *rows]).encode())
    found = read_csv(table.open, "y").population
    assert (len(found), len(found.features), table.opened) == (40, 10_000, 1)
    assert [column.value(39) for column in found.features[:3]] == [39 / 7] * 3
    assert len(next(open_rows(io.StringIO(table.data.decode()))[1])) == 40


def test_a_line_without_end_is_left_to_the_csv_module() -> None:
    data = b"y,a\n1,2\n" + b"3," * (MAX_CELL // 2 + 10)
    assert same(data) == 2
