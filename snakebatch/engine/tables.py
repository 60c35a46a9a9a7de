"""Tables from elsewhere, by duck typing: DataFrames and Series of any library, arrays, lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from snakebatch.errors import InputError


def is_frame(data: Any) -> bool:
    """Whether it is a DataFrame: something with ``columns`` whose columns come by name."""
    return hasattr(data, "columns") and hasattr(data, "__getitem__")


def columns_of(frame: Any) -> tuple[list[str], list[list[Any]]]:
    """The names and the columns of a DataFrame, as lists of Python values."""
    names = list(frame.columns)
    return [str(name) for name in names], [_values(frame[name]) for name in names]


def queries_of(data: Any, header: Sequence[str]) -> tuple[list[Mapping[str, Any]], bool]:
    """Queries as dicts, and whether they came as a single row.

    A row is a mapping, a Series, or a sequence of as many values as there are features (or columns, the
    target first). Raises InputError on anything else.
    """
    if isinstance(data, Mapping):
        return [data], True
    if is_frame(data):
        names, columns = columns_of(data)
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)], False
    if hasattr(data, "to_dict") and hasattr(data, "index"):
        return [{str(name): value for name, value in data.to_dict().items()}], True
    if hasattr(data, "tolist"):
        data = data.tolist()
    if isinstance(data, str | bytes) or not hasattr(data, "__iter__"):
        raise InputError(f"a query is a {type(data).__name__}; give a dict, a list of dicts or a DataFrame")
    rows = list(data)
    if not rows or isinstance(rows[0], Mapping | list | tuple) or hasattr(rows[0], "tolist"):
        return [_row(row, header, number) for number, row in enumerate(rows, 1)], False
    return [_row(rows, header, 1)], True


def _row(row: Any, header: Sequence[str], number: int) -> Mapping[str, Any]:
    if isinstance(row, Mapping):
        return row
    if hasattr(row, "tolist"):
        row = row.tolist()
    if isinstance(row, list | tuple):
        if len(row) == len(header) - 1:
            return dict(zip(header[1:], row, strict=True))
        if len(row) == len(header):
            return dict(zip(header, row, strict=True))
        wanted = f"give one for each of the {len(header) - 1} features"
        raise InputError(f"query {number} has {len(row)} values; {wanted}")
    raise InputError(f"query {number} is a {type(row).__name__}; give a dict, a list of dicts or a DataFrame")


def _values(column: Any) -> list[Any]:
    for name in ("to_list", "tolist"):
        if hasattr(column, name):
            return list(getattr(column, name)())
    return list(column)
