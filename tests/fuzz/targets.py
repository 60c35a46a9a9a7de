"""What is fuzzed: each target takes any bytes, and raises where a promise is broken.

The promise of all: whatever comes in, only our own errors come out, each with a message on one line of a
readable length; and what is accepted is written again, and read again, as the same.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from snakebatch.engine.csv_table import read_csv
from snakebatch.engine.intake import Intake, digest
from snakebatch.engine.model import Model
from snakebatch.engine.population import Column, NumberColumn, Population
from snakebatch.errors import SnakeBatchError
from snakebatch.mesh.canonical import seal, unseal
from snakebatch.mesh.messages import GatherMessage, LeafMessage, Packet, Report, parse, read_queue_message
from snakebatch.mesh.model_file import from_bytes, to_bytes
from snakebatch.mesh.prediction_messages import read_predict_event, read_predict_input, read_shard_event
from snakebatch.mesh.prediction_rows import RowChecker, rows_of_csv, rows_of_json_file
from snakebatch.mesh.requests import BracketEvent, SettleEvent, StageEvent, WaveEvent, read_input

LONGEST_MESSAGE = 4000
Target = Callable[[bytes], None]


class BrokenPromiseError(Exception):
    """Something was accepted that does not come out as it went in, or a message is no line."""


def _readable(error: SnakeBatchError) -> None:
    text = str(error)
    if not text or len(text) > LONGEST_MESSAGE:
        raise BrokenPromiseError(f"a message of {len(text)} characters") from error


def _same(one: Any, other: Any, what: str) -> None:
    if one != other:
        raise BrokenPromiseError(f"{what}: {one!r} came back as {other!r}")


# Tables


def table(data: bytes) -> None:
    """A CSV whose target is its first column."""
    try:
        intake = _read(data)
    except SnakeBatchError as error:
        return _readable(error)
    if intake.duplicates:
        return None  # what was folded away may have decided a type
    one = intake.population
    other = _read(_written(one)).population
    _same(one.header, other.header, "a header")
    _same(_targets(one), _targets(other), "targets")
    for column, again in zip(one.features, other.features, strict=True):
        _same(_values(column), _values(again), "a column")
    # "00" and "1" are whole numbers, what is written of them a target of 0 and 1: from then on it stays.
    _same(digest(other), digest(_read(_written(other)).population), "a table")
    return None


def _read(data: bytes) -> Intake:
    return read_csv(lambda: io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=""), 0)


def _targets(population: Population) -> list[Any]:
    return [population.classes[code] for code in population.codes.tolist()]


def _values(column: Column) -> list[Any]:
    if isinstance(column, NumberColumn):
        return column.values.tolist()
    return [column.vocabulary[code] for code in column.codes.tolist()]


def _written(population: Population) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(population.header)
    writer.writerows(population.row(number).values() for number in range(len(population)))
    return text.getvalue().encode()


# Models


def model(data: bytes) -> None:
    """The text of a model.json."""
    try:
        read = Model.read("{" + data.decode(errors="replace").lstrip().removeprefix("{"))
        text = "".join(read.pieces(stripped=read.stripped))
        row = {
            name: 1.0 if kind == "N" else "a" for name, kind in zip(read.header, read.datatypes, strict=True)
        }
        answer = read.predictions([row])
    except SnakeBatchError as error:
        return _readable(error)
    again = Model.read(text)
    _same(text, "".join(again.pieces(stripped=again.stripped)), "a model")
    _same(answer, again.predictions([row]), "its answer")
    _same(answer, from_bytes(to_bytes(read)).predictions([row]), "its compact form's answer")
    return None


# Messages


def message(data: bytes) -> None:
    """A line that names a parser, and what it is given."""
    name, _, text = data.decode(errors="replace").partition("\n")
    parser = PARSERS.get(name)
    if parser is not None:
        try:
            parser(text)
        except SnakeBatchError as error:
            _readable(error)


def _queue(text: str) -> None:
    found = read_queue_message(text)
    sealed = found.sealed() if isinstance(found, LeafMessage) else found.model_dump_json()
    _same(found, read_queue_message(sealed), "a message")


def _event(read: Callable[[Any], Any]) -> Callable[[str], None]:
    def parser(text: str) -> None:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return  # Lambda hands over what it has parsed
        found = read(value)
        _same(found, read(found.body()), "an event")

    return parser


def _sealed(text: str) -> None:
    unseal("report", text.encode(), "the object")


def _content(text: str) -> None:
    try:
        value = json.loads(text)
        data = seal("report", value)
    except (ValueError, RecursionError):
        return  # what JSON lacks is never sealed
    _same(value, unseal("report", data, "the object"), "an object")


def _json_rows(text: str) -> None:
    checker = RowChecker(["y", "x", "t"], ["T", "N", "T"])
    for number, (row, _) in enumerate(rows_of_json_file(io.StringIO(text)), 1):
        checker.check(row, number)


def _csv_rows(text: str) -> None:
    checker = RowChecker(["y", "x", "t"], ["T", "N", "T"])
    for number, (row, line) in enumerate(rows_of_csv(io.StringIO(text, newline=""), checker), 1):
        checker.check(row, number)
        _same(row, json.loads(line), "a row")


PARSERS: dict[str, Callable[[str], None]] = {
    "queue": _queue,
    "input": _event(read_input),
    "stage": _event(lambda value: parse(StageEvent, value)),
    "wave": _event(lambda value: parse(WaveEvent, value)),
    "bracket": _event(lambda value: parse(BracketEvent, value)),
    "settle": _event(lambda value: parse(SettleEvent, value)),
    "shard": _event(read_shard_event),
    "predict": _event(read_predict_event),
    "predict-input": _event(read_predict_input),
    "packet": _event(lambda value: parse(Packet, value)),
    "report": _event(lambda value: parse(Report, value)),
    "gather": _event(lambda value: parse(GatherMessage, value)),
    "sealed": _sealed,
    "content": _content,
    "json-rows": _json_rows,
    "csv-rows": _csv_rows,
}

TARGETS: dict[str, Target] = {"table": table, "model": model, "message": message}
