"""``snakebatch predict``: every row of a table gets the model's answer."""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from snakebatch.cli_model import Score, answers, is_regression, read_model, score
from snakebatch.cli_place import on_mesh
from snakebatch.engine.cells import MISSING_WORDS
from snakebatch.engine.csv_rows import open_rows
from snakebatch.engine.gaps import coverage, warning_of
from snakebatch.engine.model import Model
from snakebatch.engine.model_json import text_of
from snakebatch.engine.tables import check_names
from snakebatch.engine.targets import coerce_target
from snakebatch.errors import InputError
from snakebatch.files import check_out, find_table, open_table, whole_file

if TYPE_CHECKING:
    from snakebatch.client import MeshSnake

Answer = dict[str, Any]


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command; returns the exit code."""
    table = find_table(arguments.data)
    out = check_out(arguments.out, table, Path(arguments.model)) if arguments.out is not None else None
    if on_mesh(arguments):
        from snakebatch import cli_mesh

        with cli_mesh.model_of(arguments) as snake:
            return _tell(arguments, table, out, snake.model, partial(ask_mesh, snake))
    model = read_model(arguments.model)
    return _tell(arguments, table, out, model, partial(ask, model))


def _tell(
    arguments: argparse.Namespace,
    table: Path,
    out: Path | None,
    model: Model,
    answer: Callable[..., list[Answer]],
) -> int:
    """Ask about every row of the table, and write the answers."""
    if arguments.probability and is_regression(model):
        raise InputError(f"--probability: the target {model.header[0]!r} is a number, its answers have none")
    rows = read_queries(table, model)
    partly = warning_of(model)
    if partly is not None:
        print(f"warning: {partly}", file=sys.stderr)
    answered = answer(rows, probability=arguments.probability)
    outcome = check_answers(model, rows, answered)
    if out:
        with whole_file(out) as temporary, open_text(temporary) as file:
            write_answers(file, model, answered)
    if arguments.json:
        print(text_of(_report(arguments.model, model, answered, outcome, out)))
        return 0
    if out is None:
        write_answers(sys.stdout, model, answered)
    if outcome:
        print(outcome, file=sys.stderr)
    return 0


def open_text(path: Path) -> TextIO:
    """A file for answers: half a surrogate pair, which a model's label may hold, is escaped as on stdout."""
    return path.open("w", encoding="utf-8", errors="backslashreplace", newline="")


def read_queries(path: Path, model: Model) -> list[dict[str, str]]:
    """The rows of a table, for the model; InputError on a column missing or twice, or an infinite number."""
    try:
        with open_table(path) as text:
            header, chunks = open_rows(text)
            check_names(header)
            rows = [dict(zip(header, cells, strict=True)) for chunk in chunks for cells in chunk]
    except InputError as error:
        swapped = "; the model stands before the table" if path.suffix.lower() == ".json" else ""
        raise InputError(f"{path}: {error}{swapped}") from error
    if not rows:
        raise InputError(f"{path}: the table has a header and no rows; give at least one row")
    for name, datatype in zip(model.header[1:], model.datatypes[1:], strict=True):
        if name not in rows[0]:
            raise InputError(f"{path}: there is no column {name!r}, which the model asks for")
        if datatype == "N":
            _refuse_infinite(path, name, [row[name] for row in rows])
    return rows


def _refuse_infinite(path: Path, name: str, cells: list[str]) -> None:
    for number, cell in enumerate(cells, 1):
        with contextlib.suppress(ValueError):
            if math.isinf(float(cell)):
                raise InputError(f"{path}: row {number}, column {name!r}: {cell} is not a finite number")


def ask(model: Model, rows: list[dict[str, str]], *, probability: bool) -> list[Answer]:
    """One answer a row: ``prediction``, and ``probability`` by class if wanted."""
    given = [{"prediction": answer} for answer in answers(model, rows)]
    if probability:
        names = [_name(label) for label in model.classes]
        for answer, shares in zip(given, model.probabilities(rows).tolist(), strict=True):
            answer["probability"] = dict(zip(names, shares, strict=True))
    return given


def ask_mesh(snake: MeshSnake, rows: list[dict[str, str]], *, probability: bool) -> list[Answer]:
    """The same of a model of a mesh, which answers many rows there."""
    asked = snake.get_regression if is_regression(snake.model) else snake.get_prediction
    given = [{"prediction": answer} for answer in asked(rows)]
    if probability:
        for answer, shares in zip(given, snake.get_probability(rows), strict=True):
            answer["probability"] = {_name(label): share for label, share in shares.items()}
    return given


def check_answers(model: Model, rows: list[dict[str, str]], answered: list[Answer]) -> Score | None:
    """How right the answers are, if the table holds the target; None if it does not.

    A label that the model can't even read is one that it never answers; InputError where a number is wanted.
    """
    target, datatype = model.header[0], model.datatypes[0]
    missing = {""} if datatype == "T" else {"", *MISSING_WORDS}
    if target not in rows[0] or datatype == "J" or any(row[target] in missing for row in rows):
        return None
    wanted: list[Any] = []
    for number, row in enumerate(rows, 1):
        try:
            wanted.append(coerce_target(row[target], datatype, target, number))
        except InputError:
            if is_regression(model):
                raise
            wanted.append(row[target])
    return score(model, [answer["prediction"] for answer in answered], wanted)


def write_answers(file: TextIO, model: Model, answered: list[Answer]) -> None:
    """CSV: a line a row, ``prediction`` named after the target, then a column a class."""
    writer = csv.writer(file, lineterminator="\n")
    labels = list(answered[0].get("probability", ()))
    writer.writerow([model.header[0], *(f"p({label})" for label in labels)])
    for answer in answered:
        writer.writerow([_name(answer["prediction"]), *answer.get("probability", {}).values()])


def _name(label: Any) -> str:
    return label if isinstance(label, str) else json.dumps(label, ensure_ascii=False)


def _report(
    name: str, model: Model, answered: list[Answer], outcome: Score | None, out: Path | None
) -> dict[str, Any]:
    report: dict[str, Any] = {"model": name, "target": model.header[0], "rows": len(answered)}
    if model.is_partial:
        report["coverage"] = round(coverage(model), 6)
    if outcome:
        report[outcome.metric] = outcome.value
    return report | ({"predictions": str(out)} if out else {"predictions": answered})
