"""Tables from elsewhere, by duck typing: DataFrames and Series of any library, arrays, lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.errors import InputError, shown

Cells = Sequence[Any] | NDArray[Any]
"""A column: Python values, or a typed array of numbers, which never becomes Python values cell by cell."""


def is_frame(data: Any) -> bool:
    """Whether it is a DataFrame: something with ``columns`` whose columns come by name."""
    return hasattr(data, "columns") and hasattr(data, "__getitem__")


def is_table(data: Any) -> bool:
    """Whether it is read by columns: a DataFrame, or an array that is 2-D or structured."""
    return is_frame(data) or (isinstance(data, np.ndarray) and (data.ndim == 2 or bool(data.dtype.names)))


def table_of(data: Any, header: Sequence[str] | None = None) -> tuple[list[str], list[Cells]]:
    """The names and the columns of a table; ``header`` names the columns of a plain array.

    Raises InputError where names and columns don't match in number, but for one name more (the target's).
    """
    if is_frame(data):
        names, columns = columns_of(data)
    elif data.dtype.names:
        names, columns = list(data.dtype.names), [cells_of(data[name]) for name in data.dtype.names]
    else:
        names, columns = _numbered(data.shape[1]), [cells_of(column) for column in data.T]
    return _named(names, columns, header)


def features_of(rows: Sequence[Any], header: Sequence[str] | None = None) -> tuple[list[str], list[Cells]]:
    """Names and columns of rows as dicts or sequences; a dict without a name leaves that cell empty."""
    if not len(rows):
        raise InputError("there are no rows; give at least one")
    kind = Mapping if isinstance(rows[0], Mapping) else Sequence
    for number, row in enumerate(rows, 1):
        if not isinstance(row, kind) or isinstance(row, str | bytes):
            raise InputError(
                f"row {number} is a {type(row).__name__}, row 1 a {type(rows[0]).__name__}; "
                "give all rows as dicts, or all as sequences"
            )
    if isinstance(rows[0], Mapping):
        names = list(dict.fromkeys(name for row in rows for name in row))
        return [str(name) for name in names], [[row.get(name) for row in rows] for name in names]
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise InputError(
                f"row {number} has {len(row)} values, row 1 has {len(rows[0])}; "
                "give every row the same number"
            )
    columns: list[Cells] = [list(column) for column in zip(*rows, strict=True)]
    return _named(_numbered(len(columns)), columns, header)


def target_of(y: Any, name: str | None = None) -> tuple[str, Cells]:
    """Name and values of a target that comes apart: ``name``, else the Series' own, else ``target``."""
    own = getattr(y, "name", None)
    if is_frame(y) and len(list(y.columns)) == 1:
        own = next(iter(y.columns))
        y = y[own]
    if isinstance(y, np.ndarray) and y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if isinstance(y, str | bytes | Mapping) or not hasattr(y, "__iter__") or getattr(y, "ndim", 1) != 1:
        raise InputError(f"y is a {type(y).__name__}; give the targets as a list, a 1-D array or a Series")
    return name or (str(own) if own is not None else "target"), _values(y)


def columns_of(frame: Any) -> tuple[list[str], list[Cells]]:
    """The names and the columns of a DataFrame; columns of plain numbers as arrays, others as lists.

    Raises InputError if two columns have one name.
    """
    names = [str(name) for name in frame.columns]
    check_names(names)
    return names, [_values(frame[name]) for name in frame.columns]


def check_names(names: Sequence[str]) -> None:
    """Raise InputError if two columns have one name."""
    seen: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if (first := seen.setdefault(name, number)) != number:
            raise InputError(
                f"two columns are named {shown(name)}, {first} and {number}; "
                "give every column a name of its own"
            )


def cells_of(array: NDArray[Any]) -> Cells:
    """The cells of an array of one dimension: itself if it holds plain numbers, else a list of its values."""
    if array.dtype.kind in _NUMBER_KINDS:
        return array
    # Dates in nanoseconds would become numbers.
    return list((array.astype(str) if array.dtype.kind in "mM" else array).tolist())


def row_dicts(names: Sequence[str], columns: Sequence[Cells]) -> list[Mapping[str, Any]]:
    """Columns of one length as a dict a row."""
    lists = [cells.tolist() if isinstance(cells, np.ndarray) else cells for cells in columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]


def _numbered(width: int) -> list[str]:
    return [f"column_{index}" for index in range(width)]


def _named(
    names: list[str], columns: list[Cells], header: Sequence[str] | None
) -> tuple[list[str], list[Cells]]:
    if header is None:
        return names, columns
    if len(header) - len(columns) not in (0, 1):
        raise InputError(
            f"there are {len(columns)} columns and {len(header)} names; give one name for each column"
        )
    return [str(name) for name in header], columns


def queries_of(data: Any, header: Sequence[str]) -> tuple[list[Mapping[str, Any]], bool]:
    """Queries as dicts, and whether they came as a single row.

    A row is a mapping, a Series, or a sequence of as many values as there are features (or columns, the
    target first). Raises InputError on anything else.
    """
    if isinstance(data, Mapping):
        return [data], True
    if is_frame(data) or (isinstance(data, np.ndarray) and data.ndim == 1 and data.dtype.names):
        return row_dicts(*table_of(data)), False
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


def query_columns_of(data: Any, header: Sequence[str]) -> dict[str, Cells] | None:
    """The columns of a DataFrame or of an array of rows by name, None of anything else.

    An array has a column for each feature (or for each column, the target first); raises InputError if not.
    """
    if is_frame(data) or (isinstance(data, np.ndarray) and data.ndim == 1 and data.dtype.names):
        return dict(zip(*table_of(data), strict=True))
    if not (isinstance(data, np.ndarray) and data.ndim == 2 and data.dtype.kind in _NUMBER_KINDS):
        return None
    if data.shape[1] not in (len(header) - 1, len(header)):
        wanted = f"give one for each of the {len(header) - 1} features"
        raise InputError(f"the rows of the array have {data.shape[1]} values; {wanted}")
    return dict(zip(header[len(header) - data.shape[1] :], data.T, strict=True))


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


def _values(column: Any) -> Cells:
    """A column of a frame, a Series or a list: an array where its cells are plain numbers, else a list."""
    if isinstance(column, np.ndarray):
        return cells_of(column)
    dtype = getattr(column, "dtype", None)
    numeric = getattr(dtype, "is_numeric", None)  # as polars says it; NumPy and pandas have a kind
    if getattr(dtype, "kind", "") in _NUMBER_KINDS or (callable(numeric) and numeric()):
        array = np.asarray(column.to_numpy())
        if array.dtype.kind in _NUMBER_KINDS:
            return array
    for name in ("to_list", "tolist"):
        if hasattr(column, name):
            return list(getattr(column, name)())
    return list(column)


_NUMBER_KINDS = frozenset("iuf")
"""NumPy's kinds of plain numbers; a Boolean is none, since it reads True and not 1."""
