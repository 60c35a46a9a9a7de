"""The clauses of buckets: for each class, what is true on every other member and false on some of this class.

A clause belongs to the member F it was started for: literals from oppose(T, F) are added, T drawn among the
other classes' members on which the clause is still false, until none is left. Then it is made minimal and
its thresholds are loosened. Since its draws are keyed by F, it does not matter which clauses are built side
by side: those of many buckets advance together, and those whose F was covered meanwhile are dropped, so the
result is that of going one by one.

Where classes have several members each they are covered ``COVERS`` times, with other draws, and a member has
a cond for every cover: what one cover took for the border, another one draws elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from snakebatch.engine.bits import Bits, count, nth_set, some, unpack
from snakebatch.engine.candidates import Candidates, join
from snakebatch.engine.drafts import Step, loosen, minimise
from snakebatch.engine.draws import below_many, mix_many
from snakebatch.engine.measured_rows import Flags, Ints, MeasuredRows
from snakebatch.engine.oppose import Opposer, TagWeights
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.rules import Rules, no_clauses, starts_of
from snakebatch.engine.written import Written, write

_FIRST_BATCH = 2
"""Clauses a class that are started side by side at first; doubled each time."""

_BATCH_BITS = 1 << 25
"""Bound on jobs x candidates x rows of one step."""

_GROUP_CELLS = 1 << 19
"""Bound on columns x rows of the buckets that are built side by side."""

COVERS = 3
"""Measured on digits: accuracy .959 with one cover, .969 with 3, and no more with 5 or 8. A regression of
which each row is its own class gains .0003 of R² for three times the work, so it is covered once."""

_ORDER, _CLAUSE = 1, 2
"""What a draw is for."""


def build_rules(
    population: Population, buckets: Sequence[Rows], keys: Sequence[int], tags: TagWeights, lookahead: int
) -> list[Rules]:
    """Clauses and conds for the members of each bucket; where these are of one class, every member votes.

    What a bucket gets depends on its members and its key alone.
    """
    rules: list[Rules | None] = [None] * len(buckets)
    mixed = []
    for number, members in enumerate(buckets):
        codes = population.codes[members]
        if len(members) == 0 or bool((codes == codes[0]).all()):
            rules[number] = no_clauses(len(members))
        else:
            mixed.append(number)
    for batch in _batches(population, buckets, mixed):
        group_keys = np.array([keys[number] for number in batch], dtype=np.uint64)
        measured = MeasuredRows(population, [buckets[number] for number in batch], group_keys)
        found = _Cover(Opposer(measured, tags), lookahead).run()
        for number, of_bucket in zip(batch, found, strict=True):
            rules[number] = of_bucket
    return [found for found in rules if found is not None]


def _batches(population: Population, buckets: Sequence[Rows], numbers: list[int]) -> Iterator[list[int]]:
    """Buckets of about one size, few enough to stand side by side."""
    numbers = sorted(numbers, key=lambda number: len(buckets[number]))
    columns = len(population.features)
    first = 0
    for place, number in enumerate(numbers):
        if place > first and (place + 1 - first) * len(buckets[number]) * columns > _GROUP_CELLS:
            yield numbers[first:place]
            first = place
    if numbers:
        yield numbers[first:]


class _Accepted(NamedTuple):
    """Clauses that were kept: class and cover of each, where it is false, and its literals end to end."""

    owner: Ints
    cover: Ints
    false_on: Bits
    length: Ints
    literals: Candidates


class _Cover:
    """Covers every member of every bucket by a clause of its class.

    Classes are numbered through all buckets; a row stands at ``group * width + local number``.
    """

    def __init__(self, opposer: Opposer, lookahead: int) -> None:
        self._opposer = opposer
        self._measured = measured = opposer.measured
        self._lookahead = lookahead
        self._group, self._row = np.nonzero(measured.real)
        codes = measured.population.codes[measured.rows[measured.real]].astype(np.int64)
        many = len(measured.population.classes)
        distinct, owner = np.unique(self._group * many + codes, return_inverse=True)
        self._group_of: Ints = distinct // many
        self._class_of: Ints = np.full(measured.real.shape, -1)
        self._class_of[measured.real] = owner
        words = measured.words
        mine = np.zeros(len(distinct) * words, dtype=np.uint64)
        bit = np.uint64(1) << (self._row & 63).astype(np.uint64)
        np.bitwise_or.at(mine, owner * words + (self._row >> 6), bit)
        self._mine: Bits = mine.reshape(-1, words)
        self._accepted: list[_Accepted] = []
        few = 2 * np.bincount(self._group_of, minlength=len(measured)) <= measured.n
        self._covers: Ints = np.where(few, COVERS, 1)
        self._number = 0
        self._covered: Bits = np.zeros_like(self._mine)

    def run(self) -> list[Rules]:
        owner = self._class_of[self._group, self._row]
        for number in range(int(self._covers.max())):
            self._number = number
            covered_again = self._covers[self._group] > number
            self._cover(owner[covered_again], self._row[covered_again])
        return self._rules()

    def _cover(self, owner: Ints, row: Ints) -> None:
        """Cover these rows of these classes once."""
        self._covered[:] = 0
        draws = mix_many(self._measured.keys[self._group_of[owner]], _ORDER, self._number, row)
        order = np.lexsort((draws, owner))
        owner, row = owner[order], row[order]
        size = _FIRST_BATCH
        most = max(1, _BATCH_BITS // (self._lookahead * self._measured.width))
        while len(owner):
            rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
            started = np.flatnonzero(rank < size)
            for first in range(0, len(started), most):
                part = started[first : first + most]
                self._build(owner[part], row[part])
            left = ~self._is_covered(owner, row)
            owner, row = owner[left], row[left]
            size *= 2

    def _is_covered(self, owner: Ints, row: Ints) -> Flags:
        word = self._covered[owner, row >> 6] >> (row & 63).astype(np.uint64)
        covered: Flags = (word & np.uint64(1)).astype(np.bool_)
        return covered

    def _build(self, owner: Ints, row: Ints) -> None:
        """Clauses for the members at ``row`` of the classes ``owner``, kept if none before covers them."""
        group = self._group_of[owner]
        others = self._measured.everything[group] & ~self._mine[owner]
        steps = self._draw(group, row, others.copy())
        minimise(steps, others)
        loosen(self._measured, steps, others)
        true_on = np.zeros_like(others)
        for step in steps:
            true_on[step.clause] |= step.bits
        self._accept(owner, row, steps, self._mine[owner] & ~true_on)

    def _draw(self, group: Ints, row: Ints, need: Bits) -> list[Step]:
        opposer, lookahead = self._opposer, self._lookahead
        keys = mix_many(self._measured.keys[group], _CLAUSE, self._number, row)
        steps: list[Step] = []
        active = np.arange(len(row))
        while len(active):
            left = need[active]
            groups, f_rows = group[active], row[active]
            key = mix_many(keys[active], len(steps))
            true_row = nth_set(left, below_many(key, count(left)))
            drawn = opposer.draw(groups, true_row, f_rows, key, lookahead)
            true_on = opposer.bits(drawn)
            gains = count(true_on.reshape(len(active), lookahead, -1) & left[:, None, :])
            chosen = np.arange(len(active)) * lookahead + np.argmax(gains, axis=1)
            bits = true_on[chosen]
            steps.append(Step(active, drawn.take(chosen), bits, np.ones(len(active), dtype=np.bool_)))
            left &= ~bits
            need[active] = left
            active = active[some(left)]
        return steps

    def _accept(self, owner: Ints, row: Ints, steps: list[Step], false_on: Bits) -> None:
        """Keep the clauses whose member no earlier clause of its class covers; ``owner`` ascends."""
        kept = np.zeros(len(owner), dtype=np.bool_)
        rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
        for number in range(int(rank.max()) + 1):
            jobs = np.flatnonzero(rank == number)
            jobs = jobs[~self._is_covered(owner[jobs], row[jobs])]
            self._covered[owner[jobs]] |= false_on[jobs]
            kept[jobs] = True
        place = np.cumsum(kept) - 1
        clauses, literals = [], []
        for step in steps:
            chosen = np.flatnonzero(step.kept & kept[step.clause])
            clauses.append(place[step.clause[chosen]])
            literals.append(step.literal.take(chosen))
        clause = np.concatenate(clauses)
        order = np.argsort(clause, kind="stable")
        self._accepted.append(
            _Accepted(
                owner[kept],
                np.full(int(kept.sum()), self._number),
                false_on[kept],
                np.bincount(clause, minlength=int(kept.sum())),
                join(literals).take(order),
            )
        )

    def _rules(self) -> list[Rules]:
        """By bucket and class, then cover, and then in the drawn order: however they were batched."""
        accepted = self._accepted
        owner = np.concatenate([part.owner for part in accepted])
        length = np.concatenate([part.length for part in accepted])
        order = np.argsort(owner, kind="stable")
        starts = starts_of(length)
        length = length[order]
        clause_starts = starts_of(length)
        literal = np.repeat(starts[:-1][order] - clause_starts[:-1], length) + np.arange(clause_starts[-1])
        written = write(self._measured, join([part.literals for part in accepted]).take(literal))
        false_on = np.concatenate([part.false_on for part in accepted])[order]
        cover = np.concatenate([part.cover for part in accepted])[order]
        clauses = np.searchsorted(self._group_of[owner[order]], np.arange(len(self._measured) + 1)).tolist()
        odd = np.array(sorted(written.odd), dtype=np.int64)
        found = []
        for group, n in enumerate(self._measured.n.tolist()):
            first, past = clauses[group], clauses[group + 1]
            inside = slice(int(clause_starts[first]), int(clause_starts[past]))
            own = odd[np.searchsorted(odd, inside.start) : np.searchsorted(odd, inside.stop)].tolist()
            found.append(
                _rules_of(
                    written,
                    inside,
                    {place - inside.start: written.odd[place] for place in own},
                    clause_starts[first : past + 1] - inside.start,
                    unpack(false_on[first:past], n),
                    cover[first:past],
                )
            )
        return found


def _rules_of(
    written: Written,
    inside: slice,
    odd: dict[int, object],
    clause_starts: Ints,
    false_on: Flags,
    cover: Ints,
) -> Rules:
    """The rules of one bucket. For each cover a member has a cond: its clauses that are false on it."""
    clause, member = np.nonzero(false_on)
    order = np.lexsort((cover[clause], member))
    clause, member = clause[order], member[order]
    first = np.ones(len(clause), dtype=np.bool_)
    first[1:] = (member[1:] != member[:-1]) | (cover[clause[1:]] != cover[clause[:-1]])
    starts = np.flatnonzero(first)
    return Rules(
        column=written.column[inside],
        tag=written.tag[inside],
        value=written.value[inside],
        negat=written.negat[inside],
        odd=odd,
        clause_starts=clause_starts,
        cond_member=member[starts],
        cond_starts=np.append(starts, len(clause)),
        cond_clauses=clause,
    )
