"""How large packets are: what one invocation does.

Starts are what the account rations, so a large job takes larger packets and not more of them. The size of
leaf packets is the job's, from its first run on: a later one that wants more layers finds the reports of
those that it shares with an earlier one. Bytes of the model do not depend on it at all.
"""

from __future__ import annotations

import math

LEAF_ROWS = 40_000
"""Rows of a leaf packet of a small job, for a target of few classes: some two seconds, and as many bytes of
the model as S3 copies by itself.
"""

MOST_LEAF_ROWS = 1_000_000
"""Of the largest: some 45 seconds, and 150 MB of the model."""

DIVIDE_ROWS = 50_000
"""Rows of a divide packet after the first wave, of a small job."""

MOST_DIVIDE_ROWS = 2_000_000

DIVIDE_PACKETS = 6
"""Of a layer, after the first wave."""

DIVIDE_BUDGET = 120_000_000
"""Row-evaluations after which an invocation of ``divide`` leaves the rest open: some five seconds on a shard,
which is less than the Map Run that a further wave costs. A million rows are divided in one.
"""

PACKETS = 150
"""Leaf packets of a job, between the bounds: one window of ten seconds admits as many."""

MOST_PACKETS_A_LAYER = 16
"""More would gain a second, and load the population as often again."""

ROW_CELLS = 2_000_000
"""Cells of a packet that writes rows: a second, and some 40 MB."""

MOST_ROW_PACKETS = 40
"""They start in one window with the roots."""

LEAST_ROW_CELLS = 2_000_000
"""Cells of a table from which shards write its rows."""

_SLACK = 1.05
"""A packet ends before the slice that would not fit: without it a seventh packet would have the rest."""

SPLIT_COST = 20_000
"""Row-evaluations that a split costs beside those it makes: drawing literals, weighing the columns."""


LEAST_COPY = 5 << 20
"""Bytes from which S3 copies a text into a model by itself; less passes through the gatherer."""


def leaf_rows(rows: int, n_layers: int, weight: float = 1.0) -> int:
    """Rows of a leaf packet, as they count for a target of few classes, of a job of so many rows and layers;
    ``weight`` is what a row of its target counts.
    """
    packets = min(MOST_PACKETS_A_LAYER, max(1, PACKETS // n_layers))
    # However dear its rows, a packet's text is to be large enough for S3.
    return min(MOST_LEAF_ROWS, math.ceil(weight * max(LEAF_ROWS, _SLACK * rows / packets)))


def divide_rows(rows: int) -> int:
    """Rows of a divide packet after the first wave, of a job of so many rows."""
    return min(MOST_DIVIDE_ROWS, max(DIVIDE_ROWS, math.ceil(_SLACK * rows / DIVIDE_PACKETS)))


def row_packet_count(rows: int, columns: int) -> int:
    """Packets that write a population as model.json has it, its target being one of the columns; 0 where the
    gatherer does that in less than a second.
    """
    cells = rows * columns
    return 0 if cells < LEAST_ROW_CELLS else min(MOST_ROW_PACKETS, math.ceil(cells / ROW_CELLS))
