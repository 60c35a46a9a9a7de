"""The clauses of buckets: for each class, what is true on every other member and false on some of this class.

A clause belongs to the member F it was started for. But for the first ones of a class, it begins with the
literals of F's leaf in a random tree (``leaves``). Literals from oppose(T, F) are added, T drawn among the
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

from snakebatch.engine.arrays import Ints
from snakebatch.engine.bits import Bits, count, is_set, nth_set, positions, some
from snakebatch.engine.camps import COVERS, Camps
from snakebatch.engine.candidates import Candidates, join
from snakebatch.engine.drafts import Needed, Step, loosen, minimise
from snakebatch.engine.draws import Words, below_many, mix_many
from snakebatch.engine.leaves import Leaves
from snakebatch.engine.measured_rows import MeasuredRows
from snakebatch.engine.oppose import Opposer, TagWeights
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.rules import Rules, no_clauses, starts_of
from snakebatch.engine.side_by_side import batches
from snakebatch.engine.written import Written, write

_FIRST_BATCH = 4
"""Clauses a class that are started side by side at first; doubled each time."""

_BATCH_BITS = 1 << 24
"""Bound on jobs x candidates x rows of one step."""

_GROUP_CELLS = 1 << 19
"""Bound on columns x rows of the buckets that are built side by side."""

_LEAST_COLUMNS = 20
"""Trees take as much room as so many columns do."""

_ALONE = 20
"""The first clauses of a camp are drawn without a tree: they decide where classes are easy to tell apart.
Accuracy on digits, wine and breast cancer was .967, .956 and .957 with trees from the start."""

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
    for places in batches(sizes, max(len(population.features), _LEAST_COLUMNS), _GROUP_CELLS):
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

    Where classes have several members the first clauses of a camp are drawn for one member each, and so
    reach furthest; what is then left, and every regression, begins in the leaves of trees.
    """

    def __init__(self, opposer: Opposer, lookahead: int) -> None:
        self._opposer = opposer
        self._measured = opposer.measured
        self._lookahead = lookahead
        self._camps = Camps.of(opposer.measured)
        self._group = self._camps.group_of
        self._covered: Bits = np.zeros((len(self._group), self._measured.words), dtype=np.uint64)
        self._made: Ints = np.zeros(len(self._group), dtype=np.int64)
        self._accepted: list[_Accepted] = []

    def run(self) -> list[Rules]:
        camp, row = self._camps.members()
        draws = mix_many(self._measured.keys[self._group[camp]], _ORDER, self._camps.cover[camp], row)
        order = np.lexsort((draws, camp))
        camp, row = camp[order], row[order]
        often = self._camps.is_covered_often[camp]
        left = self._cover(camp[often], row[often], None)
        camp, row = np.concatenate([left[0], camp[~often]]), np.concatenate([left[1], row[~often]])
        if len(camp):
            order = np.argsort(camp, kind="stable")
            camp, row = camp[order], row[order]
            leaves = Leaves(self._opposer, self._camps, camp, self._lookahead)
            self._cover(*leaves.in_turn(camp, row), leaves)
        return self._rules()

    def _cover(self, camp: Ints, row: Ints, leaves: Leaves | None) -> tuple[Ints, Ints]:
        """Clauses for members, which come by camp in the order of their turns; those that are left where
        there are no leaves to begin in."""
        size = _FIRST_BATCH
        most = max(1, _BATCH_BITS // (self._lookahead * self._measured.width))
        while len(camp):
            room = size if leaves is not None else np.minimum(size, _ALONE - self._made[camp])
            started = np.flatnonzero(_place_in_camp(camp) < room)
            if not len(started):
                break
            for first in range(0, len(started), most):
                part = started[first : first + most]
                self._build(camp[part], row[part], leaves)
            left = ~is_set(self._covered, camp, row)
            camp, row = camp[left], row[left]
            size *= 2
        return camp, row

    def _build(self, camp: Ints, row: Ints, leaves: Leaves | None) -> None:
        """Clauses for the members at ``row`` of the camps, kept if none before covers them."""
        group = self._group[camp]
        everything, mine = self._measured.everything[group], self._camps.rows[self._camps.kin[camp]]
        others = everything & ~mine
        keys = mix_many(self._measured.keys[group], _CLAUSE, self._camps.cover[camp], row)
        if leaves is None:
            drafts: list[Step] = []
            self._draw(group, row, keys, others.copy(), drafts)
        else:
            drafts, inside = leaves.begin(camp, row)
            self._draw(group, row, keys, others & inside, drafts)
        steps = minimise(drafts, others, everything)
        self._accept(camp, row, steps, mine & loosen(self._measured, steps, everything))

    def _draw(self, group: Ints, row: Ints, keys: Words, need: Bits, steps: list[Step]) -> None:
        """Add literals until the clauses are true on what they ``need``."""
        opposer, lookahead = self._opposer, self._lookahead
        drawn_before = len(steps)
        active = np.flatnonzero(some(need))
        while len(active):
            left = need[active]
            groups, f_rows = group[active], row[active]
            key = mix_many(keys[active], len(steps) - drawn_before)
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
            steps.append(Step(active, literal, bits))
            left &= ~bits
            need[active] = left
            active = active[some(left)]

    def _accept(self, camp: Ints, row: Ints, steps: list[Needed], false_on: Bits) -> None:
        """Keep the clauses whose member no earlier clause of its camp covers; ``camp`` ascends."""
        kept = np.zeros(len(camp), dtype=np.bool_)
        place_in_camp = _place_in_camp(camp)
        for number in range(int(place_in_camp.max()) + 1):
            jobs = np.flatnonzero(place_in_camp == number)
            jobs = jobs[~is_set(self._covered, camp[jobs], row[jobs])]
            self._covered[camp[jobs]] |= false_on[jobs]
            self._made[camp[jobs]] += 1
            kept[jobs] = True
        place = np.cumsum(kept) - 1
        clauses, literals = [], []
        for step in steps:
            chosen = np.flatnonzero(kept[step.clause])
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
        clauses = np.searchsorted(self._group[camp], np.arange(len(self._measured) + 1)).tolist()
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
                    false_on[first:past],
                    n,
                    self._camps.cover[camp[first:past]],
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
    false_on: Bits,
    n: int,
    cover: Ints,
) -> Rules:
    """The rules of one bucket. For each cover a member has a cond: its clauses that are false on it."""
    clause, member = positions(false_on, n)
    cond = member * COVERS + cover[clause]
    # NumPy sorts small integers by radix.
    order = np.argsort(cond.astype(np.uint16) if n * COVERS < 1 << 16 else cond, kind="stable")
    clause, cond = clause[order], cond[order]
    starts = np.flatnonzero(np.diff(cond, prepend=-1))
    return Rules(
        column=written.column[inside],
        tag=written.tag[inside],
        value=written.value[inside],
        negat=written.negat[inside],
        odd=odd,
        clause_starts=clause_starts,
        cond_member=cond[starts] // COVERS,
        cond_starts=np.append(starts, len(clause)),
        cond_clauses=clause,
    )
