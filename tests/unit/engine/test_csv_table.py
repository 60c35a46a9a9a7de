"""A table read in one pass is the one that two passes of the csv module read, warnings and errors too."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as some

from snakebatch.engine.cells import FeatureSniffer, numbers
from snakebatch.engine.csv_rows import open_rows
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


@some.composite
def tables(draw: some.DrawFn) -> bytes:
    """Up to 30 rows; a column is of one kind, and rarely has a cell of another."""
    kinds = draw(
        some.lists(some.sampled_from(KINDS[:6] if draw(some.booleans()) else KINDS), min_size=2, max_size=4)
    )
    delimiter = draw(some.sampled_from(",;\t|"))
    end = draw(some.sampled_from(["\n", "\n", "\r\n", "\r", "\n\n"]))
    names = ["y", "a", "b", "c"][: len(kinds)]
    lines = [delimiter.join(names)]
    rows = draw(some.lists(some.tuples(*kinds), max_size=30))
    lines += [delimiter.join(row) for row in rows]
    for _ in range(draw(some.sampled_from([0, 0, 0, 1, 2]))):
        place = draw(some.integers(1, len(lines)))
        lines.insert(place, delimiter.join(draw(some.lists(some.one_of(*KINDS), min_size=1, max_size=4))))
    text = (
        draw(some.sampled_from(["", "\ufeff", "\n"])) + end.join(lines) + draw(some.sampled_from(["", end]))
    )
    data = text.encode()
    return data if draw(some.integers(0, 20)) else data[: len(data) // 2] + b"\xff" + data[len(data) // 2 :]


@settings(max_examples=600, deadline=None)
@given(data=tables(), size=some.sampled_from([1, 3, 10, 40, 1000]), few=some.sampled_from([1, 3, 100]))
@example(b"y,a\r1,2\r3,4", 3, 1)
@example(b"y,a\n1,2\n3,x\n1,2\n3,4\n", 1, 1)
def test_any_table_is_read_as_two_passes_read_it(data: bytes, size: int, few: int) -> None:
    same(data, size, few, target="y")
