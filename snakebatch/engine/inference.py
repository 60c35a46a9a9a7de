"""Inference: a row walks every layer's chain to one bucket, whose members vote where they look alike.

Two ways to the same votes. One row: fields and memo in plain Python, no arrays. Many rows: they walk
together, those that end in the same bucket are asked of it together, and every measure is taken once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.bucket_lists import BucketLists, ValueOf
from snakebatch.engine.bucket_votes import CELLS, BucketVotes
from snakebatch.engine.clause_table import Room
from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import test_of
from snakebatch.engine.prepared_buckets import PreparedBucket, prepare
from snakebatch.engine.queries import ABSENT, QueryTable
from snakebatch.engine.readings import Readings
from snakebatch.engine.routing import Forest
from snakebatch.engine.rules import Ints
from snakebatch.engine.thresholds import Measures
from snakebatch.engine.votes import VoteList, Votes, VoteTable

Fields = Sequence[Any]
"""A row's fields as ``queries.ready_fields`` gives them."""

FEW_CLASSES = 64
"""Up to so many classes votes are counted in a table of rows and classes, beyond it as pairs."""

_CHUNK_ROWS = 1 << 14
_TABLE_WORDS = 1 << 25

_PREPARED_TOGETHER = 1 << 16
"""Most literals and conds of buckets prepared together, so that their arrays stay in the cache."""


class Lookalike(NamedTuple):
    """A member that voted: its layer, bucket and position there, its row, and the cond that held."""

    layer: int
    bucket: int
    position: int
    row: int
    cond: list[int]


class Chunk(NamedTuple):
    """What was found of some rows that were asked together.

    ``places`` (layers, rows) are the buckets where they ended, by their positions in the layers.
    """

    start: int
    places: Ints
    votes: Votes


class Inference:
    """The layers of a model made ready to be asked.

    ``width`` is the number of columns, the target among them; ``codes`` gives for each row of the population
    its class, of ``n_classes``.
    """

    def __init__(
        self, layers: Sequence[Sequence[Bucket]], codes: NDArray[np.int32], n_classes: int, width: int
    ) -> None:
        self._codes = codes
        self._n_classes = n_classes
        self._width = width
        self._measures = Measures(width)
        self._buckets = [bucket for layer in layers for bucket in layer]
        self._starts = np.cumsum([0, *map(len, layers)]).tolist()
        self._forest = Forest(layers, self._measures)
        self._room = Room(_TABLE_WORDS)
        self._of_one: dict[int, BucketLists] = {}
        self._of_many: dict[int, BucketVotes] = {}

    # one row

    def route(self, fields: Fields) -> list[int]:
        """The bucket of every layer that the row ends in."""
        found = self._forest.walk(self._value_of(fields))
        return [bucket - start for bucket, start in zip(found, self._starts, strict=False)]

    def lookalikes(self, fields: Fields) -> Iterator[Lookalike]:
        """The lookalikes of a row, in layer, then position, then cond order."""
        value_of = self._value_of(fields)
        for layer, number in enumerate(self._forest.walk(value_of)):
            held = self._lists(number).held(value_of)
            bucket, place = self._buckets[number], number - self._starts[layer]
            for position, conds in enumerate(bucket.lookalikes):
                for cond in conds:
                    if not any(held >> clause & 1 for clause in cond):
                        yield Lookalike(layer, place, position, bucket.members[position], cond)

    def votes(self, fields: Fields) -> list[int]:
        """Votes by class, of one row."""
        value_of = self._value_of(fields)
        votes = [0] * self._n_classes
        for number in self._forest.walk(value_of):
            self._lists(number).add_to(votes, value_of)
        return votes

    def holds(self, literal: Literal, fields: Fields) -> bool:
        """Whether a literal holds on ready fields."""
        field = fields[literal.column]
        test = test_of(literal.value, literal.negat, literal.tag)
        return test is not None and field is not ABSENT and test.passes(field)

    def _value_of(self, fields: Fields) -> ValueOf:
        known: dict[int, float] = {}
        function_of = self._measures.function

        def value_of(measure: int) -> float:
            value = known.get(measure)
            if value is None:
                column, function = function_of(measure)
                field = fields[column]
                value = known[measure] = math.nan if field is ABSENT else function(field)
            return value

        return value_of

    def _lists(self, number: int) -> BucketLists:
        found = self._of_one.get(number)
        if found is None:
            found = self._of_one[number] = BucketLists(self._prepared([number])[0])
        return found

    # many rows

    def ask(self, table: QueryTable, most_rows: int = _CHUNK_ROWS) -> Iterator[Chunk]:
        """The votes of all rows, a chunk of at most ``most_rows`` after the other."""
        widest = max(self._width, self._n_classes if self._n_classes <= FEW_CLASSES else 1)
        size = max(1, min(most_rows, CELLS // widest))
        for start in range(0, len(table), size):
            yield self._chunk(start, table.part(start, start + size))

    def _chunk(self, start: int, table: QueryTable) -> Chunk:
        readings = Readings(table, self._measures)
        reached = self._forest.walk_all(readings)
        groups = list(_groups(reached))
        self._make_ready([number for number, _ in groups])
        for number, rows in groups:
            self._of_many[number].expect(len(rows), readings)
        places = reached - np.array(self._starts[:-1], dtype=np.int64)[:, None]
        if self._n_classes <= FEW_CLASSES:
            votes = np.zeros((len(table), self._n_classes), dtype=np.float64)
            for number, rows in groups:
                self._of_many[number].add_to(votes, rows, readings)
            return Chunk(start, places, VoteTable(votes))
        pairs = [pair for number, rows in groups for pair in self._of_many[number].pairs(rows, readings)]
        return Chunk(start, places, VoteList(pairs, len(table), self._n_classes))

    def _make_ready(self, numbers: list[int]) -> None:
        missing = [number for number in numbers if number not in self._of_many]
        while missing:
            part = [missing.pop()]
            size = self._buckets[part[0]].rules.size
            while missing and (size := size + self._buckets[missing[-1]].rules.size) <= _PREPARED_TOGETHER:
                part.append(missing.pop())
            for number, bucket in zip(part, self._prepared(part), strict=True):
                self._of_many[number] = BucketVotes(bucket, self._n_classes, self._room)

    def _prepared(self, numbers: list[int]) -> list[PreparedBucket]:
        buckets = [self._buckets[number] for number in numbers]
        return prepare(buckets, self._codes, self._n_classes, self._measures)


def _groups(reached: Ints) -> Iterator[tuple[int, Ints]]:
    """Buckets, and the rows that reached each; ``reached`` is (layers, rows)."""
    flat = reached.ravel()
    order = np.argsort(flat, kind="stable")
    ends = np.flatnonzero(np.diff(flat[order], prepend=-1, append=-1)).tolist()
    row = order % reached.shape[1]
    for start, end in pairwise(ends):
        yield int(flat[order[start]]), row[start:end]
