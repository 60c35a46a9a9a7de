"""What a layer guarantees, checked packet by packet before its model exists.

Each row is a core member of exactly one bucket; no two buckets carry the same condition; only the last may be
ELSE. The second is what v9's chunked design broke: several leaves under one condition, of which a walk finds
only the first, so that the members of the others never vote.

A shard reads what is to be checked out of the very texts that it writes, and reports it (``Cover``); the
texts themselves need not pass through whoever checks.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.errors import InvariantError
from snakebatch.mesh.canonical import canonical, content_hash
from snakebatch.mesh.messages import Cover, LeafIndex

CORE = "c"
_FIRST = ('{"condition":', ',"members":', ',"origins":')
_DECODER = json.JSONDecoder()

Numbers = NDArray[np.int64]


def cover_of(buckets: Iterable[str]) -> Cover:
    """What the texts of a packet's buckets say of conditions and core members."""
    members: list[int] = []
    sizes, conditions = [], []
    for text in buckets:
        condition, numbers, origins = _read(text)
        core = [number for number, origin in zip(numbers, origins, strict=True) if origin == CORE]
        members += core
        sizes.append(len(core))
        conditions.append("" if condition is None else content_hash(canonical(condition)))
    packed = np.array(members, dtype="<i4").tobytes()
    return Cover(members=base64.b64encode(packed).decode("ascii"), sizes=sizes, conditions=conditions)


class LayerCheck:
    """Takes a layer's packets in chain order; memory is a byte a row and a hash a bucket."""

    def __init__(self, layer: int, rows: int) -> None:
        self.layer = layer
        self.rows = rows
        self.buckets = 0
        self._covered = np.zeros(rows, dtype=np.bool_)
        self._conditions: set[str] = set()
        self._ended = False

    def add(self, cover: Cover, leaves: Sequence[LeafIndex]) -> None:
        """Check a packet's buckets against those before them; ``leaves`` are what the packet says it holds.

        Raises InvariantError naming layer, bucket and what is broken.
        """
        members = _members(cover)
        if len(members) != sum(cover.sizes) or len(cover.sizes) != len(cover.conditions):
            raise self._broken(self.buckets, "and those after it are not what their cover says")
        self._check_leaves(cover, leaves)
        for number, condition in enumerate(cover.conditions, self.buckets):
            self._check_condition(number, condition)
        if not (all(cover.sizes) and self._covers(members)):
            for number, core in enumerate(np.split(members, np.cumsum(cover.sizes)[:-1]), self.buckets):
                self._check_members(number, core)
                self._covered[core] = True
        self.buckets += len(cover.sizes)

    def finish(self) -> None:
        """Raise InvariantError unless every row was in a bucket."""
        if self._covered.all():
            return
        missing = np.flatnonzero(~self._covered)
        raise InvariantError(
            f"layer {self.layer}: {len(missing)} of {self.rows} rows are in no bucket, e.g. {missing[0]}"
        )

    def _covers(self, members: Numbers) -> bool:
        """Cover these rows; False, and nothing done, where a row is unknown, or was covered before."""
        if (
            not len(members)
            or members.min() < 0
            or members.max() >= self.rows
            or self._covered[members].any()
        ):
            return False
        before = np.count_nonzero(self._covered)
        self._covered[members] = True
        if np.count_nonzero(self._covered) - before == len(members):
            return True
        self._covered[members] = False  # a row stands there twice
        return False

    def _check_leaves(self, cover: Cover, leaves: Sequence[LeafIndex]) -> None:
        start = 0
        for leaf in leaves:
            core = sum(cover.sizes[start : start + leaf.buckets])
            start += leaf.buckets
            if core != leaf.rows:
                raise InvariantError(
                    f"leaf {leaf.layer}/{leaf.node}: {core} core members for {leaf.rows} rows"
                )
        if start != len(cover.sizes):
            raise self._broken(self.buckets + start, "and those after it belong to no leaf")

    def _check_condition(self, number: int, condition: str) -> None:
        if self._ended:
            raise self._broken(number, "stands after ELSE, where no row can reach it")
        if not condition:
            self._ended = True
            return
        if condition in self._conditions:
            raise self._broken(number, "has the condition of an earlier bucket, so no row can reach it")
        self._conditions.add(condition)

    def _check_members(self, number: int, core: Numbers) -> None:
        if not len(core):
            raise self._broken(number, "has no core member")
        if core.min() < 0 or core.max() >= self.rows:
            raise self._broken(number, f"names a row outside 0..{self.rows - 1}")
        if len(np.unique(core)) != len(core) or self._covered[core].any():
            twice = core[self._covered[core]]
            raise self._broken(
                number,
                f"holds a row that is in a bucket already (row {twice[0] if len(twice) else core[0]})",
            )

    def _broken(self, number: int, what: str) -> InvariantError:
        return InvariantError(f"layer {self.layer}: bucket {number} {what}")


def _members(cover: Cover) -> Numbers:
    try:
        packed = base64.b64decode(cover.members, validate=True)
        return np.frombuffer(packed, dtype="<i4").astype(np.int64)
    except (binascii.Error, ValueError) as error:
        raise InvariantError(f"a packet's cover can't be read ({error})") from error


def _read(text: str) -> tuple[list[Any] | None, list[int], list[str]]:
    """Condition, members and origins of a bucket's text.

    They stand first, as ``bucket_text`` writes them; the clauses and lookalikes after them are most of the
    text, and are not parsed to be passed on.
    """
    found: list[Any] = []
    end = 0
    for key in _FIRST:
        if not text.startswith(key, end):
            bucket = json.loads(text)
            return bucket["condition"], bucket["members"], bucket["origins"]
        value, end = _DECODER.raw_decode(text, end + len(key))
        found.append(value)
    condition, members, origins = found
    return condition, members, origins
