"""Candidate literals as arrays: what oppose draws, clauses choose from and loosening slides."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.measured_rows import Floats, Ints

Flags = NDArray[np.bool_]

THRESHOLD, EQUAL, ZERO, RANGE, SPELLED = range(5)
"""The forms of a literal: one end of the sorted rows, one value, zero (NZR), an inner stretch, a spelled
text."""


@dataclass
class Candidates:
    """``c`` literals. Each is true on the rows at sorted positions low <= p < high of its measure; or, where
    ``outside``, on all but those.

    ``value`` is the threshold or the value (for RANGE the upper edge, ``edge`` the lower). Spelled literals
    are in ``texts``: number of the candidate -> (column, tag, text).
    """

    form: Ints
    measure: Ints
    low: Ints
    high: Ints
    outside: Flags
    value: Floats
    edge: Floats
    negat: Flags
    texts: dict[int, tuple[int, str, str]]

    def __len__(self) -> int:
        return len(self.form)

    def take(self, chosen: Ints) -> Candidates:
        """The candidates of these numbers, renumbered."""
        arrays = {field.name: getattr(self, field.name)[chosen] for field in fields(self)[:-1]}
        places = enumerate(chosen.tolist()) if self.texts else ()
        return Candidates(**arrays, texts={place: self.texts[c] for place, c in places if c in self.texts})


def midpoints(one: Floats, other: Floats) -> Floats:
    """Between two values, above the lower one: without overflow, and the upper where it rounds to the
    lower."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    middle = low / 2 + high / 2
    return np.where((middle > low) & (middle <= high), middle, high)
