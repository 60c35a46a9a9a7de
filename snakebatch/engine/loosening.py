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
from snakebatch.engine.candidates import THRESHOLD, Candidates
from snakebatch.engine.measured_rows import Ints
from snakebatch.engine.oppose import Opposer


def loosen(
    opposer: Opposer, literals: Sequence[Candidates], place: Ints, true_bits: Bits, others: Bits
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
            _slide(opposer, found, place[jobs, number], true_bits, jobs, number, others[jobs] & ~rest[jobs])


def _slide(
    opposer: Opposer,
    found: Candidates,
    chosen: Ints,
    true_bits: Bits,
    jobs: Ints,
    number: int,
    exclusive: Bits,
) -> None:
    measured = opposer.measured
    measure = found.measure[chosen]
    must = unpack(exclusive, measured.n)
    above = found.outside[chosen]
    cut = np.empty_like(chosen)
    cut[above] = np.where(must[above], measured.lows(measure[above]), measured.n).min(axis=1)
    cut[~above] = np.where(must[~above], measured.highs(measure[~above]), 0).max(axis=1)
    found.value[chosen] = opposer.thresholds(measure, cut)
    found.high[chosen] = cut
    bits = measured.interval(measure, np.zeros_like(cut), cut)
    true_bits[jobs, number] = np.where(above[:, None], measured.everything & ~bits, bits)
