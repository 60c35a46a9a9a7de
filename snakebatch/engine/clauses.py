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

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from snakebatch.engine.arrays import Flags, Ints
from snakebatch.engine.bits import Bits, count, nth_set, some, unpack
from snakebatch.engine.candidates import Candidates, join
from snakebatch.engine.drafts import Step, loosen, minimise
from snakebatch.engine.draws import Words, below_many, mix_many
from snakebatch.engine.measured_rows import MeasuredRows
from snakebatch.engine.oppose import Opposer, TagWeights
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.rules import Rules, no_clauses, starts_of
from snakebatch.engine.side_by_side import batches
from snakebatch.engine.written import Written, write

_FIRST_BATCH = 2
"""Clauses a class that are started side by side at first; doubled each time."""

_BATCH_BITS = 1 << 24
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
    sizes = [len(buckets[number]) for number in mixed]
    for places in batches(sizes, len(population.features), _GROUP_CELLS):
        batch = [mixed[place] for place in places]
        group_keys = np.array([keys[number] for number in batch], dtype=np.uint64)
        measured = MeasuredRows(population, [buckets[number] for number in batch], group_keys)
        found = _Cover(Opposer(measured, tags), lookahead).run()
        for number, of_bucket in zip(batch, found, strict=True):
            rules[number] = of_bucket
    return [found for found in rules if found is not None]


class _Accepted(NamedTuple):
    """Clauses that were kept: the camp of each, where it is false, and its literals end to end."""

    camp: Ints
    false_on: Bits
    length: Ints
    literals: Candidates


class _Cover:
    """Covers every member of every bucket by clauses of its class, some times over.

    A class of a bucket is a *camp* in every cover; camps are numbered by bucket, class and cover. The members
    of each wait in a drawn order.
    """

    def __init__(self, opposer: Opposer, lookahead: int) -> None:
        self._opposer = opposer
        self._measured = measured = opposer.measured
        self._lookahead = lookahead
        group, row = np.nonzero(measured.real)
        codes = measured.population.codes[measured.rows[measured.real]].astype(np.int64)
        many = len(measured.population.classes)
        distinct, owner = np.unique(group * many + codes, return_inverse=True)
        self._group_of: Ints = np.repeat(distinct // many, COVERS)
        words = measured.words
        mine = np.zeros(len(distinct) * words, dtype=np.uint64)
        bit = np.uint64(1) << (row & 63).astype(np.uint64)
        np.bitwise_or.at(mine, owner * words + (row >> 6), bit)
        self._mine: Bits = np.repeat(mine.reshape(-1, words), COVERS, axis=0)
        self._covered: Bits = np.zeros_like(self._mine)
        self._accepted: list[_Accepted] = []
        classes = np.bincount(distinct // many, minlength=len(measured))
        covers = np.where(2 * classes <= measured.n, COVERS, 1)[group]
        row, first = np.repeat(row, covers), np.repeat(owner * COVERS, covers)
        camp = first + np.arange(len(row)) - np.repeat(np.cumsum(covers) - covers, covers)
        draws = mix_many(measured.keys[self._group_of[camp]], _ORDER, camp % COVERS, row)
        order = np.lexsort((draws, camp))
        self._waiting = camp[order], row[order]

    def run(self) -> list[Rules]:
        size = _FIRST_BATCH
        most = max(1, _BATCH_BITS // (self._lookahead * self._measured.width))
        camp, row = self._waiting
        while len(camp):
            started = np.flatnonzero(_place_in_camp(camp) < size)
            for first in range(0, len(started), most):
                part = started[first : first + most]
                self._build(camp[part], row[part])
            left = ~self._is_covered(camp, row)
            camp, row = camp[left], row[left]
            size *= 2
        return self._rules()

    def _is_covered(self, camp: Ints, row: Ints) -> Flags:
        word = self._covered[camp, row >> 6] >> (row & 63).astype(np.uint64)
        covered: Flags = (word & np.uint64(1)).astype(np.bool_)
        return covered

    def _build(self, camp: Ints, row: Ints) -> None:
        """Clauses for the members at ``row`` of the camps, kept if none before covers them."""
        group = self._group_of[camp]
        others = self._measured.everything[group] & ~self._mine[camp]
        keys = mix_many(self._measured.keys[group], _CLAUSE, camp % COVERS, row)
        steps = self._draw(group, row, keys, others.copy())
        minimise(steps, others)
        loosen(self._measured, steps, others)
        true_on = np.zeros_like(others)
        for step in steps:
            true_on[step.clause] |= step.bits
        self._accept(camp, row, steps, self._mine[camp] & ~true_on)

    def _draw(self, group: Ints, row: Ints, keys: Words, need: Bits) -> list[Step]:
        opposer, lookahead = self._opposer, self._lookahead
        steps: list[Step] = []
        active = np.arange(len(row))
        while len(active):
            left = need[active]
            groups, f_rows = group[active], row[active]
            key = mix_many(keys[active], len(steps))
            needed = count(left)
            true_row = nth_set(left, below_many(key, needed))
            drawn = opposer.draw(groups, true_row, f_rows, key, lookahead)
            inside = opposer.inside(drawn)
            gains = count(inside.reshape(len(active), lookahead, -1) & left[:, None, :])
            outside = drawn.outside.reshape(len(active), lookahead)
            gains = np.where(outside, needed[:, None] - gains, gains)
            chosen = np.arange(len(active)) * lookahead + np.argmax(gains, axis=1)
            literal = drawn.take(chosen)
            bits = opposer.flipped(literal, inside[chosen])
            steps.append(Step(active, literal, bits, np.ones(len(active), dtype=np.bool_)))
            left &= ~bits
            need[active] = left
            active = active[some(left)]
        return steps

    def _accept(self, camp: Ints, row: Ints, steps: list[Step], false_on: Bits) -> None:
        """Keep the clauses whose member no earlier clause of its camp covers; ``camp`` ascends."""
        kept = np.zeros(len(camp), dtype=np.bool_)
        place_in_camp = _place_in_camp(camp)
        for number in range(int(place_in_camp.max()) + 1):
            jobs = np.flatnonzero(place_in_camp == number)
            jobs = jobs[~self._is_covered(camp[jobs], row[jobs])]
            self._covered[camp[jobs]] |= false_on[jobs]
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
                camp[kept],
                false_on[kept],
                np.bincount(clause, minlength=int(kept.sum())),
                join(literals).take(order),
            )
        )

    def _rules(self) -> list[Rules]:
        """By camp, and within a camp in the drawn order: however they were batched."""
        accepted = self._accepted
        camp = np.concatenate([part.camp for part in accepted])
        length = np.concatenate([part.length for part in accepted])
        order = np.argsort(camp, kind="stable")
        camp = camp[order]
        starts = starts_of(length)
        length = length[order]
        clause_starts = starts_of(length)
        literal = np.repeat(starts[:-1][order] - clause_starts[:-1], length) + np.arange(clause_starts[-1])
        written = write(self._measured, join([part.literals for part in accepted]).take(literal))
        false_on = np.concatenate([part.false_on for part in accepted])[order]
        clauses = np.searchsorted(self._group_of[camp], np.arange(len(self._measured) + 1)).tolist()
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
                    camp[first:past] % COVERS,
                )
            )
        return found


def _place_in_camp(camp: Ints) -> Ints:
    """How many of the same camp stand before each, in an ascending list."""
    places: Ints = np.arange(len(camp)) - np.searchsorted(camp, camp)
    return places


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
