"""What ``Snake`` is given: a model or a table, with or without its target apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from snakebatch.engine.intake import Intake, read_columns
from snakebatch.engine.model import Model
from snakebatch.engine.tables import Cells, features_of, is_table, table_of, target_of
from snakebatch.errors import InputError, shown


def is_model(data: Any) -> bool:
    """Whether it is the path, the text or the content of a model.json, or a Model."""
    if isinstance(data, Mapping | Model):
        return True
    if isinstance(data, str) and data.lstrip()[:1] == "{":
        return True
    return isinstance(data, str | Path) and str(data).lower().endswith(".json")


def read_table(data: Any, target: int | str, header: Sequence[str] | None, y: Any = None) -> Intake:
    """The population of a CSV path, a DataFrame, an array or rows; ``y`` are targets that come apart.

    Raises InputError on what can't be trained on.
    """
    if y is None and isinstance(data, str | Path):
        from snakebatch.engine.csv_table import read_csv

        try:
            return read_csv(partial(_open_text, Path(data)), target)
        except InputError as error:
            raise error if str(data) in str(error) else InputError(f"{data}: {error}") from error
    return read_columns(*named_columns(data, target, header, y))


def named_columns(
    data: Any, target: int | str, header: Sequence[str] | None, y: Any = None
) -> tuple[list[str], list[Cells], int | str]:
    """Names, columns and target of data that is at hand: rows, an array or a DataFrame.

    Targets that come apart, as ``y``, are the first column. Raises InputError on what is no table.
    """
    if y is not None:
        return _with_target(data, target, header, y)
    names, columns = table_of(data, header) if is_table(data) else features_of(_rows(data), header)
    return names, columns, target


def _with_target(
    data: Any, target: int | str, header: Sequence[str] | None, y: Any
) -> tuple[list[str], list[Cells], int | str]:
    if isinstance(data, str | Path):
        raise InputError(
            "y goes with rows, an array or a DataFrame; for a file, name its target by target_index"
        )
    names, columns = table_of(data, header) if is_table(data) else features_of(_rows(data), header)
    name, targets = target_of(y, target if isinstance(target, str) else None)
    if len(names) == len(columns) + 1:  # the header names the target too
        name, names = names[0], names[1:]
    rows = len(columns[0]) if columns else 0
    if len(targets) != rows:
        raise InputError(f"y has {len(targets)} values for {rows} rows; give one target for each row")
    return [name, *names], [targets, *columns], 0


def validation_targets(rows: Sequence[Mapping[str, Any]], name: str, y: Any = None) -> list[Any]:
    """The targets of validation rows: ``y``, or what the rows hold; InputError where one has none."""
    if y is not None:
        return list(target_of(y)[1])
    for number, row in enumerate(rows, 1):
        if name not in row:
            raise InputError(
                f"validation row {number} has no {shown(name)}; give its target there, or all of them as y"
            )
    return [row[name] for row in rows]


def _rows(data: Any) -> Sequence[Any]:
    if getattr(data, "ndim", 2) > 2:
        raise InputError(f"the array has {data.ndim} dimensions; give one row for each example")
    if hasattr(data, "tolist"):
        data = data.tolist()
    if not hasattr(data, "__iter__") or isinstance(data, str | bytes):
        kind = type(data).__name__
        raise InputError(f"the data are a {kind}; give rows, an array, a DataFrame or a CSV path")
    rows = data if isinstance(data, Sequence) else list(data)
    if len(rows) and not isinstance(rows[0], Mapping | list | tuple):
        kind = type(rows[0]).__name__
        raise InputError(f"row 1 is a {kind}; give dicts, sequences, a DataFrame or a CSV path")
    return rows


def _open_text(path: Path) -> AbstractContextManager[TextIO]:
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{path} can't be read: {reason}; give the path of a CSV file") from error
