"""Loosest thresholds: slide each one away from F, as far as the clause stays true on the other classes'
members.

A literal must hold only on the rows that no other literal of its clause covers; its threshold moves to
midway between the last of these and the next value. The clause is then false on a larger region, so more
queries find a lookalike; contract and minimality stay (the rows only this literal covers stay, and grow as
others slide).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from snakebatch.engine.bits import Bits, unpack
from snakebatch.engine.candidates import THRESHOLD, Candidates, thresholds
from snakebatch.engine.measured_rows import Ints, MeasuredRows


def loosen(
    measured: MeasuredRows, literals: Sequence[Candidates], place: Ints, true_bits: Bits, others: Bits
) -> None:
    """Slide the thresholds of a batch of clauses in place.

    ``place`` (clauses, literals) says which candidate of ``literals[l]`` clause j has, -1 none; ``true_bits``
    (clauses, literals, words) where it is true; ``others`` (clauses, words) are the rows that must stay
    covered.
    """
    length = place.shape[1]
    for number in reversed(range(length)):
        rest = np.zeros_like(others)
        for other in range(length):
            if other != number:
                rest |= true_bits[:, other]
        jobs = np.flatnonzero(place[:, number] >= 0)
        found = literals[number]
        jobs = jobs[found.form[place[jobs, number]] == THRESHOLD]
        if len(jobs):
            _slide(measured, found, place[jobs, number], true_bits, jobs, number, others[jobs] & ~rest[jobs])


def _slide(
    measured: MeasuredRows,
    found: Candidates,
    chosen: Ints,
    true_bits: Bits,
    jobs: Ints,
    number: int,
    exclusive: Bits,
) -> None:
    measure = found.measure[chosen]
    positions = measured.positions(measure)
    must = unpack(exclusive, measured.n)
    above = found.outside[chosen]
    nearest = np.where(
        above, np.where(must, positions, measured.n).min(axis=1), np.where(must, positions, -1).max(axis=1)
    )
    edge = measured.sorted_value(measure, nearest)
    cut = measured.cut(measure, edge, ~above)
    before, behind = measured.sorted_value(measure, cut - 1), measured.sorted_value(measure, cut)
    found.value[chosen] = thresholds(before, behind, measured.tags[measure] == "LEV")
    found.high[chosen] = cut
    bits = measured.interval(measure, np.zeros_like(cut), cut)
    true_bits[jobs, number] = np.where(above[:, None], measured.everything & ~bits, bits)
