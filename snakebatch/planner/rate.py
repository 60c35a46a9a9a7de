"""How fast new environments may be asked for, and how many children at a time keep to that."""

from __future__ import annotations

import math

from snakebatch.planner.constants import Constants, constants

SPAWN_RATE = 1000 / 60
"""New invocations a second that the account allows: the seeds' L-A1AFA3CF, 1,000 a minute, shared by all
shards.
"""

WINDOW = 10.0
"""Seconds over which the rule is kept: the seeds saw bursts of ten seconds rejected."""

SHORT_INVOCATION = 0.7
"""Seconds of the seeds' warm leaf of 4 GB: what shares of the rate are reckoned with."""

LEAST_INVOCATION = 0.25
"""Seconds of one that has next to nothing to do: the call, the packet, the report, the messages."""

_EPSILON = 1e-9

_DIVIDE_STEP = 3.8
"""Seconds of one level of v9's divide tree (the paper, section 7.3)."""


def max_concurrency(
    rate: float, *, seconds: float = SHORT_INVOCATION, window: float = WINDOW, slots: int = 0
) -> int:
    """Children at a time such that no window starts more than ``rate`` x ``window``: M = R·W·t/(W+t), plus
    slots.

    M children start at once, and each is followed by another after ``seconds``: M·(1 + W/t) starts in a
    window. The plain R·t forgets the first M, and breaks the rule in its first seconds.
    """
    return max(1, math.floor(rate * window * seconds / (window + seconds) + _EPSILON)) + slots


def map_concurrency(
    rate: float,
    *,
    packets: int,
    recent: int = 0,
    seconds: float = LEAST_INVOCATION,
    window: float = WINDOW,
    slots: int = 0,
) -> int:
    """Children at a time of a Map of so many packets, of which ``recent`` starts fell into the last window.

    Where the Map's starts and those fit into one window, all may go at once, however short they are: no
    window can hold more than all of them. Else the pace has to come from the number of places, and
    ``seconds`` is what an invocation takes at least: see ``short_seconds``.
    """
    if packets + recent <= math.floor(rate * window + _EPSILON):
        return max(1, packets)
    return max_concurrency(rate, seconds=seconds, window=window, slots=slots)


def short_seconds(role: str, rows: float, known: Constants | None = None) -> float:
    """What a packet of so many rows takes at least, whatever the data: a leaf's rows where the classes are
    far apart, else one look at each row.
    """
    known = known or constants()
    each = known.leaf_short if role == "leaf" else known.evaluation
    return LEAST_INVOCATION + rows * each


def rate_for(concurrency: int, *, seconds: float = SHORT_INVOCATION, window: float = WINDOW) -> float:
    """The rate that allows so many children at a time: ``max_concurrency`` the other way round."""
    return concurrency * (window + seconds) / (window * seconds)


def burst_feasible(rows: int, n_layers: int, tau: int, slots: int = 0) -> bool:
    """The paper's predicate: could v9, which started all leaves as its tree opened, have run this?

    FEASIBLE = L·ceil(N/tau) / (3.8 s · ceil(log2(N/tau))) <= 16.67/s + slots / t_leaf. We pace our starts
    instead, so for us it says where pacing begins to cost time, and where slots would buy it back.
    """
    leaves = n_layers * math.ceil(rows / tau)
    spawn_window = _DIVIDE_STEP * max(1, math.ceil(math.log2(max(1.0, rows / tau))))
    return leaves / spawn_window <= SPAWN_RATE + slots / SHORT_INVOCATION
