"""The layer of a licensed Snake in our terms: global rows, the path in front, every row in, all voting.

The engine drops a row whose *concatenated* feature texts equal an earlier row's, so ("1", "23") loses
("12", "3"). Positions are therefore mapped back by the rows' values, and a dropped row is put into the bucket
where its walk ends, whose clauses our own engine then makes, since no clause of that bucket knows the row.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.chain import Link
from snakebatch.engine.columns import truth
from snakebatch.engine.divide import is_one_class
from snakebatch.engine.leaf import build_bucket
from snakebatch.engine.literal import Literal
from snakebatch.engine.model_json import text_of
from snakebatch.engine.model_reader import read_layer
from snakebatch.engine.population import NumberColumn, Population, Rows
from snakebatch.engine.settings import Settings
from snakebatch.errors import EngineError, ModelError

_LONGEST_PATH = 300
"""Characters of a path that a message repeats."""


class SlicePlace(NamedTuple):
    """A slice and all that its leaf depends on; as text it is how a message names it."""

    population: Population
    rows: Rows
    seed: int
    layer: int
    path: tuple[Literal, ...]
    settings: Settings

    def __str__(self) -> str:
        from snakebatch.engine.wording import wording  # only an error needs words

        words = " and ".join(wording(literal, self.population.header) for literal in self.path)
        if len(words) > _LONGEST_PATH:
            words = f"{words[:_LONGEST_PATH]}..."
        where = f"the slice where {words}" if words else "all rows"
        return f"layer {self.layer}, {where} ({len(self.rows)} rows)"


def one_class(condition: tuple[Literal, ...], members: list[int], origins: list[str] | None = None) -> Bucket:
    """A bucket with nothing to tell apart: every member votes, without a condition."""
    own = ["c"] * len(members) if origins is None else origins
    return Bucket(condition or None, members, own, [], [[[]] for _ in members])


def adopt(place: SlicePlace, trained: Any) -> list[Bucket]:
    """The buckets of the only layer of ``trained``, a Snake of the slice's rows; raises EngineError."""
    global_rows = _global_rows(place, trained)
    try:
        layer = json.loads(text_of(trained.layers[0]))
        buckets = read_layer(layer, len(place.population.header), len(global_rows))
    except (ModelError, IndexError) as error:
        raise EngineError(f"the licensed engine gave a layer that is none, on {place}: {error}") from error
    homes = _homes(place, [bucket.condition for bucket in buckets])
    return [
        _bucket(place, k, bucket, [global_rows[member] for member in bucket.members], place.rows[homes == k])
        for k, bucket in enumerate(buckets)
    ]


def _global_rows(place: SlicePlace, trained: Any) -> list[int]:
    """The global row of each row that the engine kept, in its order."""
    population, rows = place.population, place.rows
    columns = [
        column.values[rows].tolist()
        if isinstance(column, NumberColumn)
        else [column.vocabulary[code] for code in column.codes[rows].tolist()]
        for column in population.features
    ]
    readers = [float if isinstance(column, NumberColumn) else str for column in population.features]
    row_of = dict(zip(zip(*columns, strict=True), rows.tolist(), strict=True))
    found: list[int] = []
    try:
        for kept, target in zip(trained.population, trained.targets, strict=True):
            fields = (kept[name] for name in population.header[1:])
            row = row_of.pop(tuple(read(field) for read, field in zip(readers, fields, strict=True)))
            if population.target(row) != target:
                raise ValueError(f"row {row} came back with the target {target!r}")
            found.append(row)
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(
            f"the licensed engine gave back rows that are not those it got, on {place}: {error!r}"
        ) from error
    return found


def _homes(place: SlicePlace, conditions: Sequence[tuple[Literal, ...] | None]) -> NDArray[np.intp]:
    """The bucket where each row's walk ends, parallel to the slice's rows."""
    homes = np.full(len(place.rows), len(conditions) - 1, dtype=np.intp)
    left = np.arange(len(place.rows), dtype=np.intp)
    for k, condition in enumerate(conditions):
        inside = left
        for literal in condition or ():
            inside = inside[truth(place.population, literal, place.rows[inside])]
        homes[inside] = k
        left = np.setdiff1d(left, inside, assume_unique=True)
    return homes


def _bucket(place: SlicePlace, k: int, given: Bucket, members: list[int], walkers: Rows) -> Bucket:
    """Bucket ``k`` of the slice; ``walkers`` are the rows whose walk ends in it."""
    core = [row for row, origin in zip(members, given.origins, strict=True) if origin == "c"]
    if len(set(core)) < len(core) or not set(core) <= set(walkers.tolist()):
        raise EngineError(
            f"the licensed engine put rows into bucket {k} that its conditions route elsewhere, on {place}"
        )
    condition = given.condition or ()
    whole = (*place.path, *condition)
    if len(core) == len(walkers):
        if is_one_class(place.population, np.array(members, dtype=np.intp)):
            return one_class(whole, members, given.origins)  # the engine gives these members no vote
        if all(given.lookalikes):
            return Bucket(whole or None, members, given.origins, given.clauses, given.lookalikes)
    # Rows were dropped, or a member has no vote.
    link = Link(condition, walkers)
    return build_bucket(place.population, link, k, place.seed, place.layer, place.path, place.settings)
