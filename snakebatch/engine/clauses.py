"""The clauses of a bucket: for each class, what is true on every other member and false on some of this
class.

A clause belongs to the member F it was started for: literals from oppose(T, F) are added, T drawn among the
other classes' members on which the clause is still false, until none is left. Then it is made minimal and
its thresholds are loosened. Since its draws are keyed by F, it does not matter which clauses are built side
by side: all of a batch advance together, and those whose F was covered meanwhile are dropped, so the result
is that of going one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bits import Bits, count, nth_set, one_bit_each, unpack
from snakebatch.engine.candidates import Candidates
from snakebatch.engine.draws import below_many, mix_many
from snakebatch.engine.literal import Literal
from snakebatch.engine.loosening import loosen
from snakebatch.engine.measured_rows import Ints, MeasuredRows
from snakebatch.engine.oppose import Opposer, TagWeights
from snakebatch.engine.population import Population, Rows

_FIRST_BATCH = 2
"""Clauses a class that are started side by side at first; doubled each time."""

_BATCH_BITS = 1 << 24
"""Bound on jobs x candidates x rows of one step."""

_ORDER, _TRUE_ROW, _CANDIDATES = 1, 2, 3
"""What a draw is for."""


@dataclass(frozen=True)
class ClauseSet:
    """The clauses of a bucket, and for each member the numbers of its class's clauses that are false on
    it."""

    clauses: list[tuple[Literal, ...]]
    conds: list[list[int]]


@dataclass
class _Batch:
    """Finished clauses of several F's: literal l of clause j is ``literals[l]`` at ``place[j, l]`` (-1:
    none)."""

    rows: Ints
    literals: list[Candidates]
    place: Ints
    true_bits: Bits


def build_clauses(
    population: Population,
    members: Rows,
    key: int,
    tags: TagWeights,
    lookahead: int,
) -> ClauseSet:
    """Clauses for all classes of these members; none where they are of one class."""
    codes = population.codes[members]
    if len(members) == 0 or bool((codes == codes[0]).all()):
        return ClauseSet([], [[] for _ in range(len(members))])
    opposer = Opposer(MeasuredRows(population, members, key), tags)
    return _Cover(opposer, codes, key, lookahead).run()


class _Cover:
    """Covers every member by a clause of its class."""

    def __init__(self, opposer: Opposer, codes: NDArray[np.int32], key: int, lookahead: int) -> None:
        self._opposer = opposer
        self._key = key
        self._lookahead = lookahead
        self._n = len(codes)
        classes, self._class_of = np.unique(codes, return_inverse=True)
        each = one_bit_each(self._n)
        self._mine: Bits = np.zeros((len(classes), each.shape[1]), dtype=np.uint64)
        np.bitwise_or.at(self._mine, self._class_of, each)
        self._waiting = self._orders(len(classes))
        self._covered: Bits = np.zeros(each.shape[1], dtype=np.uint64)
        self._accepted: list[tuple[int, tuple[Literal, ...], Bits]] = []

    def run(self) -> ClauseSet:
        size = _FIRST_BATCH
        most = max(1, _BATCH_BITS // (self._lookahead * self._n))
        while any(self._waiting):
            started = [row for waiting in self._waiting for row in waiting[:size]]
            for batch in (started[first : first + most] for first in range(0, len(started), most)):
                self._accept(self._build(np.array(batch, dtype=np.int64)))
            covered = unpack(self._covered, self._n)
            self._waiting = [[row for row in waiting if not covered[row]] for waiting in self._waiting]
            size *= 2
        return self._result()

    def _orders(self, n_classes: int) -> list[list[int]]:
        """For each class its members in the drawn order."""
        draws = mix_many(self._key, _ORDER, np.arange(self._n))
        order = np.lexsort((draws, self._class_of))
        starts = np.searchsorted(self._class_of[order], np.arange(n_classes + 1))
        return [order[first:past].tolist() for first, past in pairwise(starts)]

    def _build(self, rows: Ints) -> _Batch:
        jobs = len(rows)
        opposer = self._opposer
        others = opposer.measured.everything & ~self._mine[self._class_of[rows]]
        need = others.copy()
        literals: list[Candidates] = []
        places: list[Ints] = []
        bits: list[Bits] = []
        step = 0
        active = np.arange(jobs)
        while len(active):
            left = need[active]
            f_rows = rows[active]
            draws = mix_many(self._key, _TRUE_ROW, f_rows, step)
            true_row = nth_set(left, below_many(draws, count(left)))
            drawn = opposer.draw(true_row, f_rows, (_CANDIDATES, f_rows, step), self._lookahead)
            true_on = opposer.bits(drawn)
            gains = count(true_on.reshape(len(active), self._lookahead, -1) & left[:, None, :])
            chosen = np.arange(len(active)) * self._lookahead + np.argmax(gains, axis=1)
            literals.append(drawn.take(chosen))
            place = np.full(jobs, -1, dtype=np.int64)
            place[active] = np.arange(len(active))
            places.append(place)
            taken = np.zeros_like(need)
            taken[active] = true_on[chosen]
            bits.append(taken)
            need &= ~taken
            active = active[need[active].any(axis=1)]
            step += 1
        batch = _Batch(rows, literals, np.stack(places, axis=1), np.stack(bits, axis=1))
        _minimise(batch, others)
        loosen(opposer, literals, batch.place, batch.true_bits, others)
        return batch

    def _accept(self, batch: _Batch) -> None:
        """Keep the clauses whose F no earlier clause covers; within a class they stand in the drawn order."""
        everything = self._opposer.measured.everything
        owner = self._class_of[batch.rows]
        true_on = np.bitwise_or.reduce(batch.true_bits, axis=1)
        false_on = everything & ~true_on & self._mine[owner]
        kept = []
        for job, row in enumerate(batch.rows.tolist()):
            if not int(self._covered[row >> 6]) >> (row & 63) & 1:
                self._covered |= false_on[job]
                kept.append(job)
        jobs = np.array(kept, dtype=np.int64)
        clauses: list[list[Literal]] = [[] for _ in kept]
        for number, literals in enumerate(batch.literals):
            place = batch.place[jobs, number]
            has = np.flatnonzero(place >= 0)
            for clause, literal in zip(
                has.tolist(), self._opposer.literals(literals.take(place[has])), strict=True
            ):
                clauses[clause].append(literal)
        self._accepted += zip(owner[jobs].tolist(), map(tuple, clauses), false_on[jobs], strict=True)

    def _result(self) -> ClauseSet:
        """By class, and within a class in the drawn order: however they were batched."""
        self._accepted.sort(key=itemgetter(0))
        conds: list[list[int]] = [[] for _ in range(self._n)]
        clause, member = np.nonzero(unpack(np.stack([found[2] for found in self._accepted]), self._n))
        for number, row in zip(clause.tolist(), member.tolist(), strict=True):
            conds[row].append(number)
        return ClauseSet([found[1] for found in self._accepted], conds)


def _minimise(batch: _Batch, others: Bits) -> None:
    """Drop each literal whose rows the ones kept before it and all those after it cover: exactly minimal."""
    length = batch.true_bits.shape[1]
    after = np.zeros((length + 1, *others.shape), dtype=np.uint64)
    for number in range(length - 1, -1, -1):
        after[number] = after[number + 1] | batch.true_bits[:, number]
    kept = np.zeros_like(others)
    for number in range(length):
        needed = (others & ~(kept | after[number + 1])).any(axis=1)
        batch.place[~needed, number] = -1
        batch.true_bits[~needed, number] = 0
        kept |= batch.true_bits[:, number]
