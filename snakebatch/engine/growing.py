"""An array that rows are added to, without copying it each time."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

_T = TypeVar("_T", bound=np.generic)


class Growing(Generic[_T]):
    """Rows of one shape; ``rows`` are those added so far. A view of them stays right as more are added."""

    def __init__(self, first: NDArray[_T]) -> None:
        self.rows = first
        self._room = first

    def add(self, count: int, reserve: int = 0) -> NDArray[_T]:
        """Room for ``count`` more rows, to be filled in; ``reserve`` is how many there may be in all."""
        used = len(self.rows)
        if used + count > len(self._room):
            room = np.empty(
                (max(used + count, 2 * used, reserve), *self.rows.shape[1:]), dtype=self.rows.dtype
            )
            room[:used] = self.rows
            self._room = room
        self.rows = self._room[: used + count]
        return self.rows[used:]
