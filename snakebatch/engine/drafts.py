"""Clauses in the making: many side by side, literal by literal, each a set of rows as bits.

This is the inner part of training: arrays in, arrays out. Step ``s`` holds the s-th literal of the clauses
that were not finished before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snakebatch.engine.arrays import Flags, Ints
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
    bits     (c, words) where each is true; all 0 where it was dropped
    kept     (c,) False where it was dropped
    """

    clause: Ints
    literal: Candidates
    bits: Bits
    kept: Flags


def minimise(steps: list[Step], others: Bits) -> None:
    """Drop each literal whose rows the ones kept before it and all those after it cover: exactly minimal.

    ``others`` (clauses, words) are the rows that must stay covered.
    """
    running = np.zeros_like(others)
    after: list[Bits] = []
    for step in reversed(steps):
        after.append(running[step.clause])
        running[step.clause] |= step.bits
    running = np.zeros_like(others)
    for step in steps:
        before = running[step.clause]
        needed: Bits = others[step.clause] & ~(before | after.pop()) & step.bits
        step.kept = some(needed)
        step.bits[~step.kept] = 0
        running[step.clause] = before | step.bits


def loosen(measured: MeasuredRows, steps: list[Step], others: Bits) -> None:
    """Loosest thresholds: slide each one away from F, as far as the clause stays true on ``others``.

    A literal must hold only on the rows that no other literal of its clause covers; its threshold moves to
    midway between the last of these and the next value. The clause is then false on a larger region, so
    more queries find a lookalike; contract and minimality stay (the rows only this literal covers stay, and
    grow as others slide).
    """
    running = np.zeros_like(others)
    before: list[Bits] = []
    for step in steps:
        before.append(running[step.clause])
        running[step.clause] |= step.bits
    running = np.zeros_like(others)
    for step in reversed(steps):
        after = running[step.clause]
        exclusive = others[step.clause] & ~(before.pop() | after)
        slid = np.flatnonzero(step.kept & (step.literal.form == THRESHOLD))
        if len(slid):
            _slide(measured, step, slid, exclusive[slid])
        running[step.clause] = after | step.bits


def _slide(measured: MeasuredRows, step: Step, slid: Ints, exclusive: Bits) -> None:
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
