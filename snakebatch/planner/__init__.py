"""Limits, feasibility and cost: what a training will take, before anything is spent."""

from snakebatch.planner.plan import Plan, cost, make_plan, slots_in_time
from snakebatch.planner.prices import Prices, prices
from snakebatch.planner.rate import SPAWN_RATE, burst_feasible, max_concurrency

__all__ = [
    "SPAWN_RATE",
    "Plan",
    "Prices",
    "burst_feasible",
    "cost",
    "make_plan",
    "max_concurrency",
    "prices",
    "slots_in_time",
]
