"""Labels of any kind as targets of the engine, and back.

The engine finds a target's datatype from its texts, so that the labels ``"01"`` and ``"1"`` are one number to
it. An array of labels already has a type: it is kept here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Labels:
    """The labels of a training.

    classes    the distinct labels, sorted (``classes_`` of a classifier)
    names      parallel: the label as model.json has it
    codes      for each row the index of its label in ``classes``
    datatype   of the target: B, I, N or T
    """

    classes: NDArray[Any]
    names: tuple[Any, ...]
    codes: NDArray[np.intp]
    datatype: str

    def values(self) -> list[Any]:
        """The target of every row, as model.json has it."""
        names = self.names
        return [names[code] for code in self.codes.tolist()]

    def places(self, classes: Sequence[Any]) -> NDArray[np.intp]:
        """Where the classes of a model stand among ``classes`` (one may have been folded away whole)."""
        place_of = {name: place for place, name in enumerate(self.names)}
        return np.array([place_of[name] for name in classes], dtype=np.intp)


def labels_of(y: NDArray[Any]) -> Labels:
    """Sort labels that come as an array of one dimension.

    Booleans become 1 and 0, whole numbers stay (negative ones are N, as the format has it), texts stay texts
    even where they look like numbers.
    """
    classes, codes = np.unique(y, return_inverse=True)
    values = classes.tolist()
    datatype = "T"
    names: list[Any] = [str(value) for value in values]
    if classes.dtype.kind == "b":
        datatype, names = "B", [int(value) for value in values]
    elif classes.dtype.kind in "iu":
        datatype, names = ("B" if values == [0, 1] else "I"), values
    if classes.dtype.kind == "f" or (datatype == "I" and values[0] < 0):
        numbers = [float(value) for value in values]
        # Whole numbers beyond 2**53 may share a float; then they stay what they are.
        if len(set(numbers)) == len(values):
            datatype, names = "N", numbers
    return Labels(classes, tuple(names), codes.astype(np.intp), datatype)
