"""Rows that go to a mesh to be answered, and its answers as ``Snake`` gives them.

A cell travels as the model takes it: a number of an N column as the float that it is read as, a cell of a T
column as its text. So a shard asks its literals of what ``Snake`` would ask them of, whatever library the
cell is of.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from snakebatch.engine.answers import MODES, POPULATION_MODES
from snakebatch.engine.model import class_key
from snakebatch.engine.model_json import text_of
from snakebatch.engine.queries import ready_field
from snakebatch.engine.tables import queries_of
from snakebatch.errors import InputError, ServiceError

CHUNK_BYTES = 2 << 20
"""Characters of the rows of one request, about."""

LONGEST_LINE = 8 << 20
"""Characters of a row that still travels: a service takes no request of any size."""

CHUNK_ROWS = 20_000
"""Most rows of one request."""

COSTLY_ROWS = 1_000
"""The same in a mode that tells every vote: an answer has some thousand characters."""

CHUNK_SHARES = 2_000_000
"""Most probabilities that one answer holds: a row has one for each class."""

_TOLD = ("Regression", "Lookalikes", "Probability", "Prediction", "Audit")
"""What an augmented row has beside its own fields."""


@dataclass(frozen=True)
class Question:
    """Rows to be answered in a mode, each with its line of JSON, or None where a mesh refuses it.

    Refused is what JSON has no number for (a text in a column of numbers, an infinite one), a row with no
    column of the model, and one too long for a request; ``Snake`` answers them all the same.
    """

    mode: str
    rows: Sequence[Mapping[str, Any]]
    lines: Sequence[str | None]
    classes: int
    single: bool = False

    @property
    def sent(self) -> list[int]:
        """The rows that go to the mesh."""
        return [number for number, line in enumerate(self.lines) if line is not None]

    @property
    def kept(self) -> list[int]:
        """The rows that are answered in process."""
        return [number for number, line in enumerate(self.lines) if line is None]

    def chunks(self) -> Iterator[list[int]]:
        """The rows that go to the mesh, request by request, in order."""
        most = COSTLY_ROWS if self.mode in POPULATION_MODES else CHUNK_ROWS
        if self.mode in ("probability", "augmented"):
            most = max(1, min(most, CHUNK_SHARES // max(1, self.classes)))
        chunk: list[int] = []
        size = 0
        for number in self.sent:
            length = len(self.lines[number] or "")
            if chunk and (len(chunk) == most or size + length > CHUNK_BYTES):
                yield chunk
                chunk, size = [], 0
            chunk.append(number)
            size += length
        if chunk:
            yield chunk


def count_rows(rows: Any, header: Sequence[str]) -> int:
    """How many rows are asked about; a row by itself, of whatever kind, is one."""
    if isinstance(rows, Mapping):
        return 1
    if hasattr(rows, "columns") or getattr(rows, "ndim", 1) == 2:
        return len(rows)
    first = next(iter(rows), None) if isinstance(rows, Sequence) and not isinstance(rows, str) else None
    if isinstance(first, Mapping):
        return len(rows)
    return len(queries_of(rows, header)[0])


def question(rows: Any, mode: str, header: Sequence[str], datatypes: Sequence[str], classes: int) -> Question:
    """The question about rows of any kind that ``Snake`` takes; raises InputError on what are no rows."""
    if mode not in MODES:
        raise InputError(f"mode is {mode!r}; give one of {', '.join(MODES)}")
    queries, single = queries_of(rows, header)
    types = dict(zip(header[1:], datatypes[1:], strict=True))
    return Question(mode, queries, [_line(row, types) for row in queries], classes, single)


def _line(row: Mapping[str, Any], types: Mapping[str, str]) -> str | None:
    fields: dict[str, Any] = {}
    for name, datatype in types.items():
        if name not in row:
            continue
        value = row[name]
        if type(value) is not (float if datatype == "N" else str) or value != value:
            value = ready_field(value, datatype)
        if datatype == "N" and not (type(value) is float and math.isfinite(value)):
            return None
        fields[name] = value
    line = text_of(fields)
    return line if fields and len(line) <= LONGEST_LINE else None


def answers_of(
    found: Sequence[Any], rows: Sequence[Mapping[str, Any]], mode: str, classes: Sequence[Any]
) -> list[Any]:
    """The answers of a mesh, which are JSON, as ``Snake`` gives them to these rows.

    Raises ServiceError where they are not one a row.
    """
    if len(found) != len(rows):
        raise ServiceError(f"{len(found)} answers came back for {len(rows)} rows: ask again")
    if mode == "probability":
        return [_probability(answer, classes) for answer in found]
    if mode == "augmented":
        return [_augmented(answer, row, classes) for answer, row in zip(found, rows, strict=True)]
    return list(found)


def _probability(answer: Mapping[str, float], classes: Sequence[Any]) -> dict[Any, float]:
    """Keyed by the classes again: the keys of JSON are texts."""
    if len(answer) != len(classes):
        raise ServiceError(f"{len(answer)} probabilities came back for {len(classes)} classes: ask again")
    return dict(zip(map(class_key, classes), answer.values(), strict=True))


def _augmented(answer: Mapping[str, Any], row: Mapping[str, Any], classes: Sequence[Any]) -> dict[str, Any]:
    """The caller's own row, not the one that travelled, and what is told of it."""
    told = {name: answer[name] for name in _TOLD if name in answer}
    return {**row, **told, "Probability": _probability(told["Probability"], classes)}


def rows_text(lines: Sequence[str]) -> str:
    """Lines of JSON as the array that a request has."""
    return f"[{','.join(lines)}]"


def rows_parsed(lines: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of some lines."""
    return [json.loads(line) for line in lines]
