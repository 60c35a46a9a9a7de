"""What v9 would have taken: the formulas of the seeds' paper (section 7), to stand beside our own plan.

All of them at tau rows a leaf, 4 GB, eu-west-3, 2026-05-21. v9 started every leaf as its tree opened; what
the account's spawn rate did not admit wanted provisioned slots, for as long as the run took.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from snakebatch.planner.rate import SHORT_INVOCATION, SPAWN_RATE

DIVIDE_STEP = 3.8
"""Seconds of one level of the divide tree, measured."""

LEAF_SECONDS = SHORT_INVOCATION
"""Of a warm leaf of 4 GB."""

WALL_COEFFICIENT, WALL_EXPONENT = 0.00171, 0.777
"""T = 0.00171 L N^0.777 seconds, fitted to six runs of 2,000 to 4,000 rows and 25 layers. The paper prints
the exponent; its $17.16 pins the coefficient between 0.001709 and 0.001710.
"""

COMPUTE_USD_PER_ROW_LAYER = 0.226e-6
"""$1.13 for a million rows in five layers, from the bench of 5,000."""

SLOT_GB_SECOND = 0.0000048673
SLOT_GB = 4.0


@dataclass(frozen=True)
class SeedPlan:
    """v9's figures for a training. ``slots`` are what its peak rate wants; with them it was feasible."""

    rows: int
    n_layers: int
    tau: int
    leaves: int
    spawn_window: float
    peak_rate: float
    slots: int
    wall_s: float
    compute_usd: float
    reservation_usd: float
    total_usd: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def spawn_window(rows: int, tau: int) -> float:
    """Seconds over which v9's tree opened: 3.8 for each level. The paper's formula has none for N <= tau, and
    one level is the least that makes sense of it.
    """
    return DIVIDE_STEP * max(1, math.ceil(math.log2(max(1.0, rows / tau))))


def peak_rate(rows: int, n_layers: int, tau: int) -> float:
    """Leaves started a second: L ceil(N/tau) / spawn_window."""
    return n_layers * math.ceil(rows / tau) / spawn_window(rows, tau)


def slots_for(rate: float) -> int:
    """Slots that take what the account's spawn rate does not: ceil((rate - 1000/60) t_leaf), none below."""
    return max(0, math.ceil((rate - SPAWN_RATE) * LEAF_SECONDS))


def wall_seconds(rows: int, n_layers: int) -> float:
    """The power law of the paper, in seconds."""
    return float(WALL_COEFFICIENT * n_layers * rows**WALL_EXPONENT)


def reservation_usd(slots: int, seconds: float) -> float:
    """Slots that are on for so long, billed by the second as the seeds say."""
    return slots * SLOT_GB * seconds * SLOT_GB_SECOND


def seed_plan(rows: int, n_layers: int = 5, tau: int = 1000) -> SeedPlan:
    """v9's plan for so many rows and layers."""
    rate = peak_rate(rows, n_layers, tau)
    slots, seconds = slots_for(rate), wall_seconds(rows, n_layers)
    compute = COMPUTE_USD_PER_ROW_LAYER * n_layers * rows
    reservation = reservation_usd(slots, seconds)
    return SeedPlan(
        rows=rows,
        n_layers=n_layers,
        tau=tau,
        leaves=n_layers * math.ceil(rows / tau),
        spawn_window=spawn_window(rows, tau),
        peak_rate=rate,
        slots=slots,
        wall_s=seconds,
        compute_usd=compute,
        reservation_usd=reservation,
        total_usd=compute + reservation,
    )
