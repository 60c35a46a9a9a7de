"""What a training will take: packets, seconds, dollars, and whether that is allowed."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from snakebatch.planner.prices import prices
from snakebatch.planner.rate import SPAWN_RATE, burst_feasible, max_concurrency

MEMORY_GB = 4.0
"""Of a shard."""

LEAF_SECONDS_PER_ROW = 2e-4
"""Of one layer, for a target of few classes. An upper estimate: a plan that is refused costs nothing."""

EVALUATIONS_PER_SECOND = 1.5e6
"""Row-evaluations a second of a shard's divide; a lower estimate."""

_EVALUATIONS_PER_ROW = 2.6
"""Of one level of the tree: one or two literals are tried on every row."""

_EVALUATIONS_PER_SPLIT = 20_000
"""What a split costs beside its rows, in row-evaluations."""

INVOCATION_SECONDS = 0.5
"""Of an invocation beside its work: start, population, S3."""

LONGEST = 21_600.0
"""Seconds that the state machine lets an execution run."""

_OVERHEAD = 30.0
"""Seconds of an execution beside its invocations: a few Map Runs, staging, assembly."""

_OPENING = 90.0
"""Seconds until provisioned slots are ready: one to two minutes."""

_FIXED_TRANSITIONS = 40
_MESSAGES_PER_LEAF = 0.3


@dataclass(frozen=True)
class Plan:
    """An estimate; ``feasible`` False says in ``reason`` which limit it breaks and what would fit.

    ``packets`` is the largest number of invocations of one Map; ``seconds`` of wall clock; ``usd`` in all;
    ``burst_feasible`` is the paper's predicate, for comparison.
    """

    rows: int
    n_layers: int
    tau: int
    slots: int
    leaves: int
    packets: int
    invocations: int
    compute_seconds: float
    max_concurrency: int
    seconds: float
    usd: float
    max_usd: float
    burst_feasible: bool
    feasible: bool
    reason: str | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def cost(
    *, invocations: int, compute_seconds: float, leaves: int, slots: int = 0, seconds: float = 0.0
) -> float:
    """US dollars: Lambda and its requests, one transition a child, S3, SQS, slots for at least 5 min."""
    price = prices()
    slot_seconds = max(seconds, price.provisioned_least_seconds) if slots else 0.0
    return (
        compute_seconds * MEMORY_GB * price.lambda_gb_second
        + invocations * (price.lambda_request + price.states_transition + 2 * price.s3_put + 3 * price.s3_get)
        + leaves * _MESSAGES_PER_LEAF * price.sqs_request
        + _FIXED_TRANSITIONS * price.states_transition
        + slots * slot_seconds * MEMORY_GB * price.provisioned_gb_second
    )


def compute_seconds(*, invocations: int, evaluations: float, leaf_rows: float) -> float:
    """Lambda seconds; ``leaf_rows`` are rows x layers, weighted by what their target costs."""
    return (
        invocations * INVOCATION_SECONDS
        + evaluations / EVALUATIONS_PER_SECOND
        + leaf_rows * LEAF_SECONDS_PER_ROW
    )


def make_plan(
    *,
    rows: int,
    n_layers: int = 5,
    tau: int = 1000,
    weight: float = 1.0,
    rows_per_packet: int = 25_000,
    slots: int = 0,
    max_usd: float = 5.0,
    rate: float = SPAWN_RATE,
) -> Plan:
    """Estimate a training. ``weight`` says how much dearer a leaf's row is than with few classes.

    Slices end between tau/2 and tau rows, and the tree has log2(rows/tau) levels.
    """
    levels = max(0, math.ceil(math.log2(max(1.0, rows / tau))))
    leaves = n_layers * (1 if not levels else math.ceil(1.5 * rows / tau))
    waves = 0 if not levels else 1 + (rows > 200_000) + (rows > 2_000_000)
    leaf_packets = n_layers * max(1, math.ceil(rows * weight / rows_per_packet))
    divide_packets = n_layers * waves * max(1, math.ceil(rows / (4 * rows_per_packet)))
    invocations = leaf_packets + divide_packets
    work = compute_seconds(
        invocations=invocations,
        evaluations=n_layers * rows * levels * _EVALUATIONS_PER_ROW + leaves * _EVALUATIONS_PER_SPLIT,
        leaf_rows=n_layers * rows * weight,
    )
    concurrency = max_concurrency(rate, slots=slots)
    seconds = _OVERHEAD + (_OPENING if slots else 0.0) + work / min(concurrency, max(1, leaf_packets))
    usd = cost(invocations=invocations, compute_seconds=work, leaves=leaves, slots=slots, seconds=seconds)
    reason = _refusal(usd, max_usd, seconds)
    return Plan(
        rows=rows,
        n_layers=n_layers,
        tau=tau,
        slots=slots,
        leaves=leaves,
        packets=max(leaf_packets, divide_packets),
        invocations=invocations,
        compute_seconds=round(work, 3),
        max_concurrency=concurrency,
        seconds=round(seconds, 3),
        usd=round(usd, 6),
        max_usd=max_usd,
        burst_feasible=burst_feasible(rows, n_layers, tau, slots),
        feasible=reason is None,
        reason=reason,
    )


def slots_in_time(plan: Plan) -> int:
    """The slots with which a plan that takes too long would end in time; 0 for one that lacks no time."""
    if plan.seconds <= LONGEST:
        return 0
    room = LONGEST - _OVERHEAD - _OPENING
    return max(0, math.ceil(plan.compute_seconds / room) - plan.max_concurrency + plan.slots)


def _refusal(usd: float, max_usd: float, seconds: float) -> str | None:
    if usd > max_usd:
        return (
            f"the plan costs ${usd:.4f}, more than max_usd ${max_usd:g}: raise max_usd, or train fewer layers"
        )
    if seconds > LONGEST:
        return (
            f"the plan takes {seconds / 3600:.1f} h, an execution may run {LONGEST / 3600:.0f} h: "
            "train fewer layers, "
            "or resume the job with more layers afterwards"
        )
    return None
