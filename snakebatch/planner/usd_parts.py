"""What the dollars of a plan are for: its cost, taken apart with the formula that made it."""

from __future__ import annotations

from dataclasses import dataclass

from snakebatch.planner.plan import Plan, cost


@dataclass(frozen=True)
class UsdParts:
    """``compute``: Lambda's seconds; ``slots``: provisioned; ``handing``: transitions, requests, objects and
    messages, which hand the work out and collect it. They add up to the plan's cost.
    """

    compute: float
    slots: float
    handing: float


def usd_parts(plan: Plan) -> UsdParts:
    """The parts of a plan's cost, in US dollars."""
    nothing = cost(invocations=0, compute_seconds=0.0, leaves=0)
    compute = cost(invocations=0, compute_seconds=plan.compute_seconds, leaves=0) - nothing
    slots = cost(invocations=0, compute_seconds=0.0, leaves=0, slots=plan.slots, seconds=plan.seconds)
    return UsdParts(compute, slots - nothing, plan.usd - compute - (slots - nothing))
