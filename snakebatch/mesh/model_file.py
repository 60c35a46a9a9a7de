"""The compact model: what a shard keeps of a model.json to answer from, as one file of sections.

A model.json is read by parsing and checking every list; this is read by one checksum. It holds the classes of
the rows, and of all buckets end to end: conditions, members, clauses and conds as arrays in the narrowest
width that holds them. Rows of the population are not in it, since no answer quotes one; nor are ``config``
and ``log``. So a model and its stripped form have the same compact file. A bucket's arrays are widened when
the first row ends in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bucket import Bucket, Condition
from snakebatch.engine.literal import Literal
from snakebatch.engine.model import Model
from snakebatch.engine.population import Rows
from snakebatch.engine.rules import UNKNOWN, Rules, starts_of
from snakebatch.errors import ChecksumError
from snakebatch.mesh.canonical import content_hash
from snakebatch.mesh.sections import Array, narrow, pack, unpack

_MAGIC = b"SNAKEMO1"
_REMEDY = "delete it from the bucket and ask again, and it is made anew from model.json"

_TABLES = ("rows", "literals", "clauses", "conds", "cond_clauses")
"""What a bucket has a number of; each is a section of the buckets' counts."""

_PARTS = (
    *("members", "noise", "column", "tag", "value", "negat"),
    *("clause_lengths", "cond_member", "cond_lengths", "cond_clauses"),
)
"""Sections of all buckets end to end."""


def to_bytes(model: Model) -> bytes:
    """The compact file of a model; the same layers and targets give the same bytes."""
    buckets = [bucket for layer in model.layers for bucket in layer]
    rules = [bucket.rules for bucket in buckets]
    arrays = {"codes": model.codes, "layers": _counts(map(len, model.layers))}
    arrays |= {f"n_{name}": _counts(found) for name, found in _sizes(buckets, rules).items()}
    arrays |= {
        "members": _joined(bucket.rows for bucket in buckets),
        "noise": _joined(np.array([o == "n" for o in bucket.origins], dtype=np.uint8) for bucket in buckets),
        "column": _joined(one.column for one in rules),
        "tag": _joined(one.tag - UNKNOWN for one in rules),  # from 0
        "value": np.concatenate([np.zeros(0), *(one.value for one in rules)]),
        "negat": _joined(one.negat.astype(np.uint8) for one in rules),
        "clause_lengths": _joined(np.diff(one.clause_starts) for one in rules),
        "cond_member": _joined(one.cond_member for one in rules),
        "cond_lengths": _joined(np.diff(one.cond_starts) for one in rules),
        "cond_clauses": _joined(one.cond_clauses for one in rules),
    }
    header = {
        "header": model.header,
        "datatypes": model.datatypes,
        "classes": model.classes,
        "conditions": [bucket.condition for bucket in buckets],
        "odd": [[[place, value] for place, value in one.odd.items()] for one in rules],
        "foreign": {str(k): bucket.clauses for k, bucket in enumerate(buckets) if _is_foreign(bucket.rules)},
        "names": list(arrays),
    }
    return pack(_MAGIC, header, [_stored(array) for array in arrays.values()])


def from_bytes(data: bytes) -> Model:
    """Read what ``to_bytes`` wrote; raises ChecksumError on damage.

    The model answers all modes, and has no rows: whoever asks it has seen to it that the mode may be asked.
    """
    header, sections = unpack(_MAGIC, data, "compact model", _REMEDY)
    arrays = dict(zip(header["names"], sections, strict=True))
    store = _Store(header, arrays)
    ends = starts_of(arrays["layers"].astype(np.int64)).tolist()
    buckets = [_StoredBucket(store, number) for number in range(ends[-1])]
    return Model(
        header=header["header"],
        datatypes=header["datatypes"],
        classes=header["classes"],
        codes=arrays["codes"].astype(np.int32),
        layers=[[*buckets[start:end]] for start, end in pairwise(ends)],
        config={},
        log="",
        population=[],
    )


def named(digest: str, data: bytes) -> bytes:
    """``data``, which lay under the name ``digest``; raises ChecksumError where it is another file."""
    if content_hash(data) != digest:
        raise ChecksumError(f"compact model {digest} is not what its checksum, its name, says: {_REMEDY}")
    return data


class _Store:
    """The sections of a compact file, and where each bucket's part of them lies."""

    def __init__(self, header: dict[str, Any], arrays: dict[str, Array]) -> None:
        self.conditions = [_condition(raw) for raw in header["conditions"]]
        self.odd: list[list[list[Any]]] = header["odd"]
        self.foreign: dict[str, list[list[list[Any]]]] = header["foreign"]
        self._arrays = {name: arrays[name] for name in _PARTS}
        self._starts = {name: starts_of(arrays[f"n_{name}"].astype(np.int64)).tolist() for name in _TABLES}

    def part(self, name: str, table: str, number: int) -> Array:
        """The part of a section that belongs to a bucket."""
        starts = self._starts[table]
        return self._arrays[name][starts[number] : starts[number + 1]]

    def ints(self, name: str, table: str, number: int) -> NDArray[np.int64]:
        return self.part(name, table, number).astype(np.int64)


class _StoredBucket(Bucket):
    """A bucket that widens its arrays when they are first asked for."""

    def __init__(self, store: _Store, number: int) -> None:
        self.condition = store.conditions[number]
        self._store = store
        self._number = number

    @cached_property
    def rows(self) -> Rows:
        return self._store.part("members", "rows", self._number).astype(np.intp)

    @cached_property
    def origins(self) -> list[str]:
        return ["n" if noise else "c" for noise in self._store.part("noise", "rows", self._number).tolist()]

    @cached_property
    def rules(self) -> Rules:
        store, number = self._store, self._number
        return Rules(
            column=store.ints("column", "literals", number),
            tag=store.ints("tag", "literals", number) + UNKNOWN,
            value=store.part("value", "literals", number).astype(np.float64),
            negat=store.part("negat", "literals", number).astype(np.bool_),
            odd={int(place): value for place, value in store.odd[number]},
            clause_starts=starts_of(store.ints("clause_lengths", "clauses", number)),
            cond_member=store.ints("cond_member", "conds", number),
            cond_starts=starts_of(store.ints("cond_lengths", "conds", number)),
            cond_clauses=store.ints("cond_clauses", "cond_clauses", number),
        )

    @cached_property
    def clauses(self) -> list[tuple[Literal, ...]]:
        foreign = self._store.foreign.get(str(self._number))
        if foreign is None:
            return self.rules.clauses()
        return [tuple(Literal(*literal) for literal in clause) for clause in foreign]


def _sizes(buckets: Sequence[Bucket], rules: Sequence[Rules]) -> dict[str, Iterable[int]]:
    return {
        "rows": (len(bucket.rows) for bucket in buckets),
        "literals": (len(one.column) for one in rules),
        "clauses": (len(one.clause_starts) - 1 for one in rules),
        "conds": (len(one.cond_member) for one in rules),
        "cond_clauses": (len(one.cond_clauses) for one in rules),
    }


def _is_foreign(rules: Rules) -> bool:
    """Whether a literal has a tag that the format does not have: its name is in no table."""
    return bool((rules.tag == UNKNOWN).any())


def _condition(raw: list[list[Any]] | None) -> Condition | None:
    return None if raw is None else tuple(Literal(*literal) for literal in raw)


def _counts(sizes: Iterable[int]) -> Array:
    return np.fromiter(sizes, dtype=np.int64)


def _joined(arrays: Iterable[Array]) -> Array:
    return np.concatenate([np.zeros(0, dtype=np.int64), *arrays])


def _stored(array: Array) -> Array:
    return array.astype("<f8") if array.dtype.kind == "f" else narrow(array)
