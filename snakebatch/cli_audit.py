"""``snakebatch audit``: why a model answers rows of a table as it does."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from snakebatch.cli_model import read_model
from snakebatch.cli_place import on_mesh
from snakebatch.cli_predict import read_queries
from snakebatch.engine.gaps import warning_of
from snakebatch.engine.model import Model
from snakebatch.engine.model_json import text_of
from snakebatch.errors import InputError
from snakebatch.files import check_out, find_table, whole_file
from snakebatch.snake import Snake

Asked = list[tuple[int, dict[str, str]]]
"""Rows with their numbers, which count from one and not the header."""


def run(arguments: argparse.Namespace, **more: Any) -> int:
    """Carry out the command; ``more`` goes to MeshSnake. Returns the exit code."""
    table = find_table(arguments.data)
    out = check_out(arguments.out, table, Path(arguments.model)) if arguments.out is not None else None
    if on_mesh(arguments):
        from snakebatch import cli_mesh

        with cli_mesh.model_of(arguments, **more) as snake:
            said = _said(arguments, table, snake.snake.model, snake)
    else:
        model = read_model(arguments.model)
        model.need_population("an audit")
        said = _said(arguments, table, model, Snake(model))
    if out is None:
        sys.stdout.write(said)
    else:
        with whole_file(out) as temporary:
            temporary.write_text(said, encoding="utf-8", errors="backslashreplace")
    return 0


def _said(arguments: argparse.Namespace, table: Path, model: Model, asked: Any) -> str:
    """What is told of the rows; ``asked`` answers, a Snake or a MeshSnake."""
    rows = chosen(read_queries(table, model), arguments.row or [1])
    partly = warning_of(model)
    if partly is not None:
        print(f"warning: {partly}", file=sys.stderr)
    target = model.header[0]
    if arguments.json:
        found = asked.get_augmented([row for _, row in rows])
        lines = [_report(number, row, target, one) for (number, row), one in zip(rows, found, strict=True)]
        return text_of({"model": arguments.model, "target": target, "rows": lines}) + "\n"
    texts = asked.get_audit([row for _, row in rows])
    heads = [f"Row {number} of {table.name}" + _truth(row, target) for number, row in rows]
    return "\n".join(f"{head}\n{text}" for head, text in zip(heads, texts, strict=True))


def chosen(rows: list[dict[str, str]], numbers: list[int]) -> Asked:
    """The rows of these numbers, in their order; InputError for a number that the table does not have."""
    for number in numbers:
        if number > len(rows):
            raise InputError(
                f"--row {number}: the last row is {len(rows):,}; rows count from 1, without the header"
            )
    return [(number, rows[number - 1]) for number in dict.fromkeys(numbers)]


def _truth(row: dict[str, str], target: str) -> str:
    return f": {target} is {row[target]}" if target in row else ""


def _report(number: int, row: dict[str, str], target: str, found: dict[str, Any]) -> dict[str, Any]:
    """One row's answer under names of its own: a column may be called as one of the answer's."""
    names = ("Prediction", "Probability", "Lookalikes", "Audit", "Regression")
    said = {name.lower(): found[name] for name in names if name in found}
    return {"row": number, **({"actual": row[target]} if target in row else {}), **said}
