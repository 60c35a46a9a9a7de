"""Inference: a row walks every layer's chain to one bucket, whose members vote where they look alike.

Two ways to the same votes. One row: fields and memo in plain Python, no arrays. Many rows: the chain is
walked by all of them together, each bucket takes its rows and evaluates each of its literals once on them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.bucket_votes import CELLS, BucketVotes, Votes, votes_of
from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import Test, test_of
from snakebatch.engine.population import Rows
from snakebatch.engine.queries import ABSENT, QueryTable, query_table

Fields = Sequence[Any]
"""A row's fields as ``queries.ready_fields`` gives them."""

_CHUNK_ROWS = 2048


class Lookalike(NamedTuple):
    """A member that voted: its layer, bucket and position there, its row, and the cond that held."""

    layer: int
    bucket: int
    position: int
    row: int
    cond: list[int]


@dataclass(slots=True)
class _Link:
    """A bucket, its literals as numbers into the table of distinct ones; its votes come when first asked."""

    condition: tuple[int, ...] | None
    clauses: list[tuple[int, ...]]
    bucket: Bucket
    votes: Votes | None = None
    batch: BucketVotes | None = None


class Inference:
    """The layers of a model made ready to be asked.

    ``codes`` gives for each row of the population its class, of ``n_classes``.
    """

    def __init__(self, layers: Sequence[Sequence[Bucket]], codes: NDArray[np.int32], n_classes: int) -> None:
        self._literals: list[Literal] = []
        self._tests: list[tuple[int, Test | None]] = []
        self._numbers: dict[Any, int] = {}
        self._codes = codes
        self._n_classes = n_classes
        self._layers = [[self._link(bucket) for bucket in layer] for layer in layers]

    # one row

    def route(self, fields: Fields) -> list[int]:
        """The bucket of every layer that the row ends in."""
        memo: dict[int, bool] = {}
        return [self._walk(layer, fields, memo) for layer in self._layers]

    def lookalikes(self, fields: Fields) -> Iterator[Lookalike]:
        """The lookalikes of a row, in layer, then position, then cond order."""
        memo: dict[int, bool] = {}
        for number, layer in enumerate(self._layers):
            place = self._walk(layer, fields, memo)
            link = layer[place]
            bucket = link.bucket
            excluded = [not self._any(clause, fields, memo) for clause in link.clauses]
            for position, conds in enumerate(bucket.lookalikes):
                for cond in conds:
                    if all(map(excluded.__getitem__, cond)):
                        yield Lookalike(number, place, position, bucket.members[position], cond)

    def votes(self, fields: Fields) -> list[int]:
        """Votes by class, of one row."""
        memo: dict[int, bool] = {}
        counts = [0] * self._n_classes
        for layer in self._layers:
            link = layer[self._walk(layer, fields, memo)]
            excluded: dict[int, bool] = {}
            for cond, code, count in self._votes(link):
                for clause in cond:
                    out = excluded.get(clause)
                    if out is None:
                        out = excluded[clause] = not self._any(link.clauses[clause], fields, memo)
                    if not out:
                        break
                else:
                    counts[code] += count
        return counts

    def holds(self, literal: Literal, fields: Fields) -> bool:
        """Whether a literal holds on ready fields."""
        field = fields[literal.column]
        test = test_of(literal.value, literal.negat, literal.tag)
        return test is not None and field is not ABSENT and test.passes(field)

    # many rows

    def batch_votes(
        self, rows: Sequence[Fields], header: Sequence[str], datatypes: Sequence[str]
    ) -> Iterator[NDArray[np.int64]]:
        """Votes by class of many rows, as arrays (rows of a chunk, classes), in order of the rows."""
        size = max(1, min(_CHUNK_ROWS, CELLS // max(1, self._n_classes)))
        for start in range(0, len(rows), size):
            chunk = rows[start : start + size]
            yield self._chunk_votes(chunk, query_table(chunk, header, datatypes))

    def _chunk_votes(self, rows: Sequence[Fields], table: QueryTable) -> NDArray[np.int64]:
        votes = np.zeros((len(rows), self._n_classes), dtype=np.int64)
        odd = np.zeros(len(rows), dtype=np.bool_)
        for row in table.odd:
            odd[row] = True
            votes[row] = self.votes(rows[row])
        asked = np.flatnonzero(~odd)
        known = _KnownLiterals(table, self._literals)
        for layer in self._layers:
            for link, group in self._route_all(layer, asked, known):
                if link.batch is None:
                    link.batch = BucketVotes(link.clauses, self._literals, self._votes(link))
                link.batch.add(votes, group, table)
        return votes

    def _route_all(
        self, layer: list[_Link], rows: Rows, known: _KnownLiterals
    ) -> Iterator[tuple[_Link, Rows]]:
        rest = rows
        for link in layer[:-1]:
            if not len(rest):
                return
            taken = np.ones(len(rest), dtype=np.bool_)
            for number in link.condition or ():
                # A costly literal is asked of the rows that survived the ones before it.
                alive = np.flatnonzero(taken)
                if not len(alive):
                    break
                taken[alive] = known.holds(number, rest[alive])
            if taken.any():
                yield link, rest[taken]
                rest = rest[~taken]
        if len(rest):
            yield layer[-1], rest

    def _votes(self, link: _Link) -> Votes:
        if link.votes is None:
            link.votes = votes_of(link.bucket, self._codes)
        return link.votes

    # the table of distinct literals

    def _link(self, bucket: Bucket) -> _Link:
        condition = bucket.condition
        return _Link(
            None if condition is None else tuple(map(self._number, condition)),
            [tuple(map(self._number, clause)) for clause in bucket.clauses],
            bucket,
        )

    def _number(self, literal: Literal) -> int:
        column, value, negat, tag = literal
        key = (column, negat, tag, value if isinstance(value, str | int | float) else json.dumps(value))
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._literals)
            self._literals.append(Literal(*literal))
            self._tests.append((column, test_of(value, negat, tag)))
        return number

    def _walk(self, layer: list[_Link], fields: Fields, memo: dict[int, bool]) -> int:
        for place, link in enumerate(layer):
            if link.condition is None or all(self._holds(number, fields, memo) for number in link.condition):
                return place
        return len(layer) - 1

    def _any(self, clause: tuple[int, ...], fields: Fields, memo: dict[int, bool]) -> bool:
        return any(self._holds(number, fields, memo) for number in clause)

    def _holds(self, number: int, fields: Fields, memo: dict[int, bool]) -> bool:
        found = memo.get(number)
        if found is None:
            column, test = self._tests[number]
            field = fields[column]
            found = memo[number] = test is not None and field is not ABSENT and test.passes(field)
        return found


class _KnownLiterals:
    """What is known of the chains' literals on a chunk: each is evaluated at most once on each row."""

    def __init__(self, table: QueryTable, literals: list[Literal]) -> None:
        self._table = table
        self._literals = literals
        self._known: dict[int, NDArray[np.int8]] = {}

    def holds(self, number: int, rows: Rows) -> NDArray[np.bool_]:
        known = self._known.get(number)
        if known is None:
            known = self._known[number] = np.full(len(self._table), -1, dtype=np.int8)
        missing = rows[known[rows] < 0]
        if len(missing):
            known[missing] = self._table.holds(self._literals[number], missing)
        return known[rows] > 0
