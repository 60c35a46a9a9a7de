"""The population: total rows, stored by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]
"""Global row numbers, ascending."""


@dataclass(frozen=True)
class NumberColumn:
    """A feature of datatype N: one finite float64 a row."""

    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.values)

    def value(self, row: int) -> float:
        return float(self.values[row])


@dataclass(frozen=True)
class TextColumn:
    """A feature of datatype T: a code a row into a sorted vocabulary of distinct texts."""

    codes: NDArray[np.int32]
    vocabulary: Sequence[str]

    def __len__(self) -> int:
        return len(self.codes)

    def value(self, row: int) -> str:
        return self.vocabulary[int(self.codes[row])]


Column = NumberColumn | TextColumn


@dataclass(frozen=True)
class Population:
    """Rows with a target, by column; immutable.

    header      column names, the target first
    datatypes   parallel to header: target B I N T J, features N T
    features    one column for each of ``header[1:]``
    classes     the distinct targets in the order of snake-format (sorted, by JSON text where they can't be)
    codes       for each row the index of its target in ``classes``
    """

    header: tuple[str, ...]
    datatypes: tuple[str, ...]
    features: tuple[Column, ...]
    classes: tuple[Any, ...]
    codes: NDArray[np.int32]
    cache: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """Values derived from the columns, filled as they are asked for (a measure of a vocabulary, say)."""

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def all_rows(self) -> Rows:
        return np.arange(len(self), dtype=np.intp)

    def column(self, index: int) -> Column:
        """The feature at ``header[index]``; ``index`` is 1 or more."""
        return self.features[index - 1]

    def target(self, row: int) -> Any:
        return self.classes[int(self.codes[row])]

    @property
    def targets(self) -> list[Any]:
        """The target of every row, as model.json keeps it."""
        classes = self.classes
        return [classes[code] for code in self.codes.tolist()]

    def row(self, index: int) -> dict[str, Any]:
        """One row as a dict in header order, the target first."""
        values = [self.target(index), *(column.value(index) for column in self.features)]
        return dict(zip(self.header, values, strict=True))
