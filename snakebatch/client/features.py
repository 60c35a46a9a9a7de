"""Features as estimators are given them, as the engine takes them: column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.cells import is_missing
from snakebatch.engine.intake import Intake, finish, read_feature
from snakebatch.engine.population import Column
from snakebatch.engine.queries import Columns, Row
from snakebatch.engine.tables import Cells, cells_of, check_names, columns_of, row_dicts


@dataclass(frozen=True)
class Features:
    """Named columns of one length, without a target."""

    names: list[str]
    columns: list[Cells]

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def questions(self, names: Sequence[str]) -> Columns:
        """The columns as the questions of a model whose features have these ``names``."""
        return dict(zip(names, self.columns, strict=True))

    def rows(self, names: Sequence[str]) -> Sequence[Row]:
        """The same, row by row."""
        return row_dicts(names, self.columns)

    def intake(self, target: str | None, datatype: str, values: Sequence[Any], warnings: list[str]) -> Intake:
        """A population of these features; a ``target`` whose name is taken gets another.

        ``values`` are the targets, already of ``datatype``; ``warnings`` gets what is odd about the features.
        Raises InputError on two columns of one name and on a number that is not finite.
        """
        check_names(self.names)
        columns: list[Column] = [
            read_feature(cells, name, warnings) for name, cells in zip(self.names, self.columns, strict=True)
        ]
        header = (_free_name(target or "target", self.names), *self.names)
        return finish(header, datatype, values, columns, list(warnings))


def of_frame(frame: Any) -> Features:
    """The features of a DataFrame; raises InputError if two columns have one name."""
    names, columns = columns_of(frame)
    return Features(names, [_numbered(cells) for cells in columns])


def of_matrix(matrix: NDArray[Any]) -> Features:
    """The features of an array (rows, features), called x0, x1 and so on."""
    if matrix.dtype.kind == "b":
        matrix = matrix.astype(np.float64)
    names = [f"x{index}" for index in range(matrix.shape[1])]
    return Features(names, [_numbered(cells_of(column)) for column in matrix.T])


def _numbered(cells: Cells) -> Cells:
    """Booleans as 1.0 and 0.0, so that a model trained on ``True`` understands ``1``, and the other way
    round.
    """
    if isinstance(cells, np.ndarray):
        return cells
    kinds = set(map(type, cells))
    if bool in kinds and all(type(cell) is bool or is_missing(cell) for cell in cells):
        return [float(cell) if type(cell) is bool else None for cell in cells]
    return cells


def _free_name(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_"
    return name
