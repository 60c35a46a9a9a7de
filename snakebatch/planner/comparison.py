"""The seeds' figures beside this design's, for one training: what ``snakebatch plan`` shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from snakebatch.planner.constants import Constants
from snakebatch.planner.explanation import explain
from snakebatch.planner.optimiser import Bounds, Choice, Goal, Option, choose
from snakebatch.planner.prices import Prices
from snakebatch.planner.rule_book import RuleBook
from snakebatch.planner.seed_model import SeedPlan, seed_plan
from snakebatch.planner.workload import Job

KEYS = ("peak_rate", "slots", "wall_s", "compute_usd", "reservation_usd", "total_usd")


@dataclass(frozen=True)
class Comparison:
    """``chosen`` is this design's; ``why`` explains it."""

    job: Job
    rules: RuleBook
    seeds: SeedPlan
    chosen: Choice
    why: list[str]
    levels_per_wave: int | str = "auto"

    @property
    def best(self) -> Option:
        return self.chosen.best

    @property
    def mesh(self) -> Option | None:
        """The best plan on the mesh, also where another place is better."""
        return self.chosen.cheapest("mesh")

    def to_dict(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        best = self.best
        return {
            "rows": self.job.rows,
            "columns": self.job.columns,
            "n_layers": self.job.n_layers,
            "rules": self.rules.name,
            "seed_model": {name: round(float(getattr(self.seeds, name)), 6) for name in KEYS}
            | {"slots": self.seeds.slots},
            "plan": option_dict(best, self.levels_per_wave)
            | {"feasible": self.chosen.reason is None, "reason": self.chosen.reason},
            "why": self.why,
            "alternatives": [
                {"where": option.where, "feasible": option.feasible} | figures(option)
                for where in ("mesh", "machine", "lambda")
                if (option := self.chosen.cheapest(where)) is not None and option is not best
            ],
        }


def compare(
    job: Job, goal: Goal, bounds: Bounds, rules: RuleBook, known: Constants, price: Prices
) -> Comparison:
    """Choose a plan for the job, beside what v9 would have taken."""
    chosen = choose(job, goal, bounds, rules, known, price)
    tau = bounds.tau or chosen.best.plan.tau
    return Comparison(
        job,
        rules,
        seed_plan(job.rows, job.n_layers, tau),
        chosen,
        explain(chosen, rules, known, slots_asked=bounds.slots is not None),
        bounds.levels_per_wave or "auto",
    )


def figures(option: Option) -> dict[str, Any]:
    """The six figures that both models have."""
    usd = option.run.usd
    return {
        "peak_rate": round(option.run.peak_rate, 3),
        "slots": option.plan.slots,
        "wall_s": round(option.plan.seconds, 3),
        "compute_usd": round(usd.gb_seconds + usd.requests, 6),
        "reservation_usd": round(usd.provisioned, 6),
        "total_usd": round(usd.total, 6),
    }


def option_dict(option: Option, levels_per_wave: int | str) -> dict[str, Any]:
    """The six figures, and every choice."""
    plan, run = option.plan, option.run
    return figures(option) | {
        "where": option.where,
        "tau": plan.tau,
        "leaf_rows": plan.leaf_rows,
        "levels_per_wave": levels_per_wave,
        "packets": plan.packets,
        "waves": plan.waves,
        "max_concurrency": run.concurrency,
        "memory_gb": plan.memory_gb,
        "invocations": plan.invocations,
        "leaves": plan.leaves,
        "busiest_window": run.busiest,
        "environments": run.spawned,
        "throttled": run.throttled,
        "seconds_by_state": plan.seconds_by_state,
        "usd_by_kind": plan.usd_by_kind,
        "model_bytes": round(option.work.model_bytes),
        "broken_limits": run.broken,
    }
