"""The votes of many rows: a row and class table where classes are few, else the pairs that got a vote."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.rules import Ints


class VotePairs(NamedTuple):
    """The classes with votes: row r has those at ``starts[r]:starts[r + 1]``, codes ascending."""

    starts: Ints
    code: Ints
    times: Ints


class Votes(Protocol):
    """Votes by row and class."""

    def table(self) -> NDArray[np.int64]:
        """(rows, classes)."""

    def pairs(self) -> VotePairs:
        """The classes that got votes, by row."""

    def best(self) -> Ints:
        """For each row the class with the most votes, the first of these; 0 where there are none."""


class VoteTable:
    """Votes as an array (rows, classes) of whole numbers."""

    def __init__(self, votes: NDArray[np.float64]) -> None:
        self._votes = votes

    def table(self) -> NDArray[np.int64]:
        return self._votes.astype(np.int64)

    def pairs(self) -> VotePairs:
        row, code = np.nonzero(self._votes)
        starts = np.searchsorted(row, np.arange(len(self._votes) + 1))
        return VotePairs(starts, code, self._votes[row, code].astype(np.int64))

    def best(self) -> Ints:
        found: Ints = self._votes.argmax(axis=1)
        return found


class VoteList:
    """Votes as (row, class, how many), in any order; a pair may occur again."""

    def __init__(self, found: list[tuple[Ints, Ints, Ints]], n_rows: int, n_classes: int) -> None:
        self._found = found
        self._n_rows = n_rows
        self._n_classes = n_classes

    def table(self) -> NDArray[np.int64]:
        starts, code, count = self.pairs()
        votes = np.zeros((self._n_rows, self._n_classes), dtype=np.int64)
        votes[np.repeat(np.arange(self._n_rows), np.diff(starts)), code] = count
        return votes

    def pairs(self) -> VotePairs:
        key, count = self._sorted()
        first = np.diff(key, prepend=-1) != 0
        place = np.flatnonzero(first)
        if len(place) < len(key):
            key = key[place]
            count = np.add.reduceat(count, place)
        starts = np.searchsorted(key, np.arange(self._n_rows + 1) * self._n_classes)
        row = np.repeat(np.arange(self._n_rows), np.diff(starts))
        return VotePairs(starts, key - row * self._n_classes, count)

    def best(self) -> Ints:
        starts, code, count = self.pairs()
        best = np.zeros(self._n_rows, dtype=np.int64)
        lengths = np.diff(starts)
        voted = np.flatnonzero(lengths)
        if len(voted):
            most = np.repeat(np.maximum.reduceat(count, starts[voted]), lengths[voted])
            row = np.repeat(voted, lengths[voted])
            top = np.flatnonzero(count == most)[::-1]
            best[row[top]] = code[top]  # from the last to the first, which stays
        return best

    def _sorted(self) -> tuple[Ints, Ints]:
        """row * classes + class, ascending, and the counts."""
        if not self._found:
            none = np.zeros(0, dtype=np.int64)
            return none, none
        row, code, count = (np.concatenate(parts) for parts in zip(*self._found, strict=True))
        key = row * self._n_classes + code
        if (count == 1).all():
            key.sort()
            return key, count
        order = np.argsort(key, kind="stable")
        return key[order], count[order]
