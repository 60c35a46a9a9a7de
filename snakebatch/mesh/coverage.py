"""What a layer guarantees, checked bucket by bucket before its model exists.

Each row is a core member of exactly one bucket; no two buckets carry the same condition; only the last may be
ELSE. The second is what v9's chunked design broke: several leaves under one condition, of which a walk finds
only the first, so that the members of the others never vote.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from snakebatch.errors import InvariantError
from snakebatch.mesh.canonical import canonical, content_hash

CORE = "c"
_FIRST = ('{"condition":', ',"members":', ',"origins":')
_DECODER = json.JSONDecoder()


class LayerCheck:
    """Takes a layer's buckets in chain order; memory is a byte a row and a hash a bucket."""

    def __init__(self, layer: int, rows: int) -> None:
        self.layer = layer
        self.rows = rows
        self.buckets = 0
        self._covered = np.zeros(rows, dtype=np.bool_)
        self._conditions: set[bytes] = set()
        self._ended = False

    def add(self, text: str) -> int:
        """Check one bucket's text against those before it; returns its number of core members.

        Raises InvariantError naming layer, bucket and what is broken.
        """
        condition, numbers, origins = _read(text)
        self._check_condition(condition)
        members = np.asarray(numbers, dtype=np.int64)
        core = members[[origin == CORE for origin in origins]] if len(members) else members
        self._check_members(core)
        self._covered[core] = True
        self.buckets += 1
        return len(core)

    def finish(self) -> None:
        """Raise InvariantError unless every row was in a bucket."""
        if self._covered.all():
            return
        missing = np.flatnonzero(~self._covered)
        raise InvariantError(
            f"layer {self.layer}: {len(missing)} of {self.rows} rows are in no bucket, e.g. {missing[0]}"
        )

    def _check_condition(self, condition: list[Any] | None) -> None:
        if self._ended:
            raise self._broken("stands after ELSE, where no row can reach it")
        if condition is None:
            self._ended = True
            return
        name = bytes.fromhex(content_hash(canonical(condition)))
        if name in self._conditions:
            raise self._broken("has the condition of an earlier bucket, so no row can reach it")
        self._conditions.add(name)

    def _check_members(self, core: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        if not len(core):
            raise self._broken("has no core member")
        if core.min() < 0 or core.max() >= self.rows:
            raise self._broken(f"names a row outside 0..{self.rows - 1}")
        if len(np.unique(core)) != len(core) or self._covered[core].any():
            twice = core[self._covered[core]]
            raise self._broken(
                f"holds a row that is in a bucket already (row {twice[0] if len(twice) else core[0]})"
            )

    def _broken(self, what: str) -> InvariantError:
        return InvariantError(f"layer {self.layer}: bucket {self.buckets} {what}")


def _read(text: str) -> tuple[list[Any] | None, list[int], list[str]]:
    """Condition, members and origins of a bucket's text.

    They stand first, as ``bucket_text`` writes them; the clauses and lookalikes after them are most of the
    text, and are not parsed to be passed on. A report's checksum says that they are what a shard wrote.
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
