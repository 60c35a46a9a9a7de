"""What scikit-learn's users hand over, in Snake's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np

from snakebatch.errors import InputError


@contextmanager
def value_errors() -> Iterator[None]:
    """Input that is refused is a ValueError to the users of scikit-learn."""
    try:
        yield
    except InputError as error:
        raise ValueError(str(error)) from error


def series_name(y: Any) -> str | None:
    """The name of a Series."""
    name = getattr(y, "name", None)
    return name if isinstance(name, str) and name else None


def seed_of(random_state: Any) -> int | None:
    """The seed that a ``random_state`` stands for, None for None. Raises InputError if it is none."""
    if random_state is None:
        return None
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if not isinstance(random_state, Integral):
        raise InputError(
            f"random_state is {random_state!r}; give an integer, a RandomState of NumPy, or None"
        )
    if random_state < 0:
        raise InputError(f"random_state is {random_state}; give a non-negative integer, or None")
    return int(random_state)
