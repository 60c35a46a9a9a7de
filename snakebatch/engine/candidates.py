"""Candidate literals as arrays: what oppose draws, clauses choose from and loosening slides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from snakebatch.engine.arrays import Flags, Floats, Ints, Positions

THRESHOLD, EQUAL, ZERO, RANGE, SPELLED = range(5)
"""The forms of a literal: one end of the sorted rows, one value, zero (NZR), an inner stretch, a spelled
text."""


@dataclass
class Candidates:
    """``c`` literals. Each is true on the rows at sorted positions low <= p < high of its measure; or, where
    ``outside``, on all but those.

    Spelled literals are in ``texts``: number of the candidate -> (tag, text); their measure is the column's.
    """

    form: Ints
    measure: Ints
    low: Positions
    high: Positions
    outside: Flags
    texts: dict[int, tuple[str, str]]

    def __len__(self) -> int:
        return len(self.form)

    @classmethod
    def none(cls) -> Candidates:
        """No candidates."""
        empty = np.empty(0, dtype=np.int64)
        return cls(empty, empty, empty, empty, np.empty(0, dtype=np.bool_), {})

    def take(self, chosen: Ints) -> Candidates:
        """The candidates of these numbers, renumbered."""
        arrays = {field.name: getattr(self, field.name)[chosen] for field in fields(self)[:-1]}
        places = enumerate(chosen.tolist()) if self.texts else ()
        return Candidates(**arrays, texts={place: self.texts[c] for place, c in places if c in self.texts})


def join(parts: Sequence[Candidates]) -> Candidates:
    """All candidates of these, one after the other."""
    arrays = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Candidates)[:-1]
    }
    texts: dict[int, tuple[str, str]] = {}
    start = 0
    for part in parts:
        texts.update((start + place, text) for place, text in part.texts.items())
        start += len(part)
    return Candidates(**arrays, texts=texts)


def midpoints(one: Floats, other: Floats) -> Floats:
    """Between two values, above the lower one: without overflow, and the upper where it rounds to the
    lower."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    middle = low / 2 + high / 2
    return np.where((middle > low) & (middle <= high), middle, high)
