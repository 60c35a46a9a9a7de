"""What the dollars of a plan are for: its cost, taken apart by what is billed."""

from __future__ import annotations

from dataclasses import dataclass

from snakebatch.planner.plan import Plan


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
    kinds = plan.usd_by_kind
    compute, slots = kinds.get("gb_seconds", 0.0), kinds.get("provisioned", 0.0)
    return UsdParts(compute, slots, plan.usd - compute - slots)
