"""Clauses in the making: many side by side, literal by literal, each a set of rows as bits.

This is the inner part of training: arrays in, arrays out. Step ``s`` holds the s-th literal of the clauses
that were not finished before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snakebatch.engine.arrays import Ints
from snakebatch.engine.bits import Bits, some
from snakebatch.engine.candidates import THRESHOLD, Candidates
from snakebatch.engine.measured_rows import MeasuredRows

_CELLS = 1 << 17
"""Bound on literals x rows of those that slide at once."""


@dataclass
class Step:
    """The literals of one step.

    clause   (c,) the clauses that have one
    literal  (c,) the literals themselves
    bits     (c, words) where each is true
    """

    clause: Ints
    literal: Candidates
    bits: Bits


@dataclass
class Needed(Step):
    """What is left of a step in minimal clauses.

    before   (c, words) the rows that must be covered and that no literal before covers
    """

    before: Bits


def minimise(steps: list[Step], others: Bits, everything: Bits) -> list[Needed]:
    """Drop each literal whose rows the ones kept before it and all those after it cover: exactly minimal.

    ``others`` (clauses, words) are the rows that must stay covered, ``everything`` all rows of each clause.
    """
    left = everything.copy()
    after: list[Bits] = []
    for step in reversed(steps):
        beyond = left[step.clause]
        after.append(beyond)
        left[step.clause] = beyond & ~step.bits
    left = others.copy()
    found = []
    for step in steps:
        before = left[step.clause]
        kept = np.flatnonzero(some(before & after.pop() & step.bits))
        clause, bits, before = step.clause[kept], step.bits[kept], before[kept]
        left[clause] = before & ~bits
        found.append(Needed(clause, step.literal.take(kept), bits, before))
    return found


def loosen(measured: MeasuredRows, steps: list[Needed], everything: Bits) -> Bits:
    """Loosest thresholds: slide each one away from F, as far as the clause stays true where it must be.

    A literal must hold only on the rows that no other literal of its clause covers; its threshold moves to
    midway between the last of these and the next value. The clause is then false on a larger region, so
    more queries find a lookalike; contract and minimality stay (the rows only this literal covers stay, and
    grow as others slide).

    Returns the rows (clauses, words) on which each clause is false in the end.
    """
    left = everything.copy()
    for step in reversed(steps):
        after = left[step.clause]
        slid = np.flatnonzero(step.literal.form == THRESHOLD)
        if len(slid):
            _slide(measured, step, slid, after[slid] & step.before[slid])
        left[step.clause] = after & ~step.bits
    return left


def _slide(measured: MeasuredRows, step: Needed, slid: Ints, exclusive: Bits) -> None:
    literal = step.literal
    measure, above = literal.measure[slid], literal.outside[slid]
    cut = np.empty(len(slid), dtype=literal.high.dtype)
    size = max(1, _CELLS // measured.width)
    for first in range(0, len(slid), size):
        part = np.arange(first, min(first + size, len(slid)))
        up, down = part[above[part]], part[~above[part]]
        cut[up] = measured.first(measure[up], exclusive[up])
        cut[down] = measured.past(measure[down], exclusive[down])
    literal.high[slid] = cut
    bits = measured.interval(measure, np.zeros_like(cut), cut)
    step.bits[slid] = bits ^ measured.flips[2 * measured.group[measure] + above]
