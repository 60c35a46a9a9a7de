"""The compact model: what a shard keeps of a model.json to answer from, as one file of sections.

A model.json is read by parsing and checking every list; this is read by one checksum. It holds the classes of
the rows, and of all buckets end to end: conditions, members, clauses and conds as arrays in the narrowest
width that holds them. Rows of the population are not in it, since no answer quotes one; nor are ``config``
and ``log``. So a model and its stripped form have the same compact file. A bucket's arrays are widened when
the first row ends in it.
"""

from __future__ import annotations

from collections.abc import Sequence
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

_NOTHING = np.zeros(0, dtype=np.uint8)

_TABLES = ("rows", "literals", "clauses", "conds", "cond_clauses")
"""What a bucket has a number of; each is a section of the buckets' counts."""

_PARTS = (
    *("members", "noise", "column", "tag", "value", "negat"),
    *("clause_lengths", "cond_member", "cond_lengths", "cond_clauses"),
)
"""Sections of all buckets end to end."""


def to_bytes(model: Model) -> bytes:
    """The compact file of a model; the same layers and targets give the same bytes."""
    builder = Builder(model.header, model.datatypes, model.classes, model.codes)
    for layer in model.layers:
        builder.begin_layer()
        for bucket in layer:
            builder.add(bucket)
    return builder.to_bytes()


class Builder:
    """Makes a compact file of buckets that come one by one, and keeps of each only what the file will hold.

    The parameters are those of ``Model``.
    """

    def __init__(
        self, header: Sequence[str], datatypes: Sequence[str], classes: Sequence[Any], codes: Array
    ) -> None:
        self._header: dict[str, Any] = {"header": header, "datatypes": datatypes, "classes": classes}
        self._codes = codes
        self._layers: list[int] = []
        self._conditions: list[Condition | None] = []
        self._odd: list[list[list[Any]]] = []
        self._foreign: dict[str, Any] = {}
        self._counts: dict[str, list[int]] = {name: [] for name in _TABLES}
        self._parts: dict[str, list[Array]] = {name: [] for name in _PARTS}
        self.size = 0
        """Bytes of the buckets' arrays so far."""

    def begin_layer(self) -> None:
        """The buckets that come next are another layer's."""
        self._layers.append(0)

    def add(self, bucket: Bucket) -> None:
        """One more bucket of the layer."""
        rules = bucket.rules
        if (rules.tag == UNKNOWN).any():  # a tag that the format does not have: its name is in no table
            self._foreign[str(len(self._conditions))] = bucket.clauses
        self._layers[-1] += 1
        self._conditions.append(bucket.condition)
        self._odd.append([[place, value] for place, value in rules.odd.items()])
        for name, size in _sizes(bucket, rules).items():
            self._counts[name].append(size)
        for name, array in _arrays(bucket, rules).items():
            self._parts[name].append(_stored(array))
            self.size += self._parts[name][-1].nbytes

    def to_bytes(self) -> bytes:
        """The file of all that was added."""
        arrays = {"codes": self._codes, "layers": np.array(self._layers, dtype=np.int64)}
        arrays |= {f"n_{name}": np.array(found, dtype=np.int64) for name, found in self._counts.items()}
        arrays |= {name: np.concatenate([_NOTHING, *found]) for name, found in self._parts.items()}
        header = {
            **self._header,
            "conditions": self._conditions,
            "odd": self._odd,
            "foreign": self._foreign,
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

    @property
    def rules(self) -> Rules:
        # Made anew each time: inference keeps what it makes of it, and memory is for that.
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


def _sizes(bucket: Bucket, rules: Rules) -> dict[str, int]:
    return {
        "rows": len(bucket.rows),
        "literals": len(rules.column),
        "clauses": len(rules.clause_starts) - 1,
        "conds": len(rules.cond_member),
        "cond_clauses": len(rules.cond_clauses),
    }


def _arrays(bucket: Bucket, rules: Rules) -> dict[str, Array]:
    return {
        "members": bucket.rows,
        "noise": np.array([origin == "n" for origin in bucket.origins], dtype=np.uint8),
        "column": rules.column,
        "tag": rules.tag - UNKNOWN,  # from 0
        "value": rules.value,
        "negat": rules.negat.astype(np.uint8),
        "clause_lengths": np.diff(rules.clause_starts),
        "cond_member": rules.cond_member,
        "cond_lengths": np.diff(rules.cond_starts),
        "cond_clauses": rules.cond_clauses,
    }


def _condition(raw: list[list[Any]] | None) -> Condition | None:
    return None if raw is None else tuple(Literal(*literal) for literal in raw)


def _stored(array: Array) -> Array:
    return array.astype("<f8") if array.dtype.kind == "f" else narrow(array)
