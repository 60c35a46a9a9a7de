"""How large packets are: what one invocation does.

Starts are what the account rations, so a large job takes larger packets and not more of them. A packet's size
depends on the job's rows alone, not on its layers: a run that wants more layers finds the reports of those
that it shares with an earlier one. Bytes of the model do not depend on it at all.
"""

from __future__ import annotations

import math

LEAF_ROWS = 25_000
"""Rows of a leaf packet of a small job, for a target of few classes: about a second."""

MOST_LEAF_ROWS = 400_000
"""Of the largest: some twenty seconds, and a report of 50 MB before it is packed."""

DIVIDE_ROWS = 50_000
"""Rows of a divide packet after the first wave, of a small job."""

MOST_DIVIDE_ROWS = 2_000_000

DIVIDE_BUDGET = 120_000_000
"""Row-evaluations after which an invocation of ``divide`` leaves the rest open: some five seconds on a shard,
which is less than the Map Run that a further wave costs. A million rows are divided in one.
"""

PACKETS_A_LAYER = 6
"""So many leaf packets a layer, between the two bounds: 25 layers start 150, which one window of ten seconds
admits, and each works for some seconds.
"""

_SLACK = 1.05
"""A packet ends before the slice that would not fit: without it a seventh packet would have the rest."""

SPLIT_COST = 20_000
"""Row-evaluations that a split costs beside those it makes: drawing literals, weighing the columns."""


def leaf_rows(rows: int) -> int:
    """Rows of a leaf packet, for a target of few classes, of a job of so many rows."""
    return min(MOST_LEAF_ROWS, max(LEAF_ROWS, math.ceil(_SLACK * rows / PACKETS_A_LAYER)))


def divide_rows(rows: int) -> int:
    """Rows of a divide packet after the first wave, of a job of so many rows."""
    return min(MOST_DIVIDE_ROWS, max(DIVIDE_ROWS, math.ceil(_SLACK * rows / PACKETS_A_LAYER)))
