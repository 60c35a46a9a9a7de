"""Choose how to train: where, and with what cut, slots and memory, for a goal.

Every candidate is simulated. The cut, slots and memory change no byte of the model; tau does, so it is chosen
only where it is left open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal as OneOf

from snakebatch.errors import InputError
from snakebatch.planner.bill import Counts, bill
from snakebatch.planner.constants import Constants
from snakebatch.planner.plan import Plan, estimate, plan_of
from snakebatch.planner.prices import Prices
from snakebatch.planner.rule_book import RuleBook
from snakebatch.planner.simulated import Choices, Simulated, core_share
from snakebatch.planner.sizing import leaf_rows
from snakebatch.planner.workload import Cut, Job, Workload, workload

MEMORIES_GB = (2.0, 4.0, 8.0)
SLOTS = (0, 3, 6, 12, 25, 50, 100, 200)
"""What is tried, up to the most that are allowed: who allows more is offered all that who allows less is."""
TAUS = (500, 1000, 2000)

Where = OneOf["machine", "lambda", "mesh"]


@dataclass(frozen=True)
class Goal:
    """Cheapest within ``deadline`` seconds; without one, fastest within ``budget`` dollars."""

    deadline: float | None = None
    budget: float = 5.0


@dataclass(frozen=True)
class Bounds:
    """What is fixed, or at most; None = choose."""

    tau: int | None = 1000
    most_slots: int = 100
    slots: int | None = None
    memory_gb: float | None = None
    leaf_rows: int | None = None
    levels_per_wave: int | None = None
    most_concurrency: int | None = None
    where: Where | None = None


@dataclass(frozen=True)
class Option:
    """One way to train, simulated. ``run`` is the mesh's; of other places it has seconds and dollars only."""

    where: Where
    plan: Plan
    work: Workload
    run: Simulated

    @property
    def feasible(self) -> bool:
        """Whether it breaks no limit, whatever the goal."""
        return not self.run.broken and self.run.failed is None


@dataclass(frozen=True)
class Choice:
    """The option that serves the goal best; where none meets it the nearest one, and ``reason`` says so."""

    best: Option
    reason: str | None
    options: tuple[Option, ...]

    def cheapest(self, where: Where) -> Option | None:
        """Of one place, the best by the goal."""
        return next((option for option in self.options if option.where == where), None)


def choose(job: Job, goal: Goal, bounds: Bounds, rules: RuleBook, known: Constants, price: Prices) -> Choice:
    """Simulate the candidates and take the best. ``options`` are in the order of their merit.

    Raises InputError where slots are asked for in a place that has none.
    """
    if bounds.slots and bounds.where in ("machine", "lambda"):
        raise InputError(f"slots: there are none {place_of(bounds.where)}; plan the mesh, or none")
    options = list(_candidates(job, bounds, goal, rules, known, price))
    possible = [option for option in options if option.feasible] or options
    meeting = [option for option in possible if option.feasible and _meets(option, goal)]
    if meeting:
        ordered = sorted(meeting, key=lambda option: _merit(option, goal))
        rest = sorted((one for one in possible if one not in meeting), key=lambda one: _merit(one, goal))
        return Choice(ordered[0], None, (*ordered, *rest))
    nearest = sorted(possible, key=lambda option: (not option.feasible, _excess(option, goal)))
    best = nearest[0]
    if best.feasible:
        return Choice(best, _reason(best, goal), tuple(nearest))
    here = replace(bounds, where=best.where, tau=best.plan.tau, slots=best.plan.slots)
    if best.where != "machine":
        here = replace(here, memory_gb=best.plan.memory_gb)

    def fits(rows: int) -> bool:
        return any(
            one.feasible for one in _candidates(replace(job, rows=rows), here, goal, rules, known, price)
        )

    most = _most(fits, job.rows)
    reason = (
        f"no plan keeps within the limits: {best.run.broken[0]}; {place_of(best.where)} {most:,} rows fit"
    )
    return Choice(best, reason, tuple(nearest))


def _most(fits: Callable[[int], bool], rows: int) -> int:
    """Of how many rows, about, the largest training that fits is; 0 where none does."""
    low, high = 1, rows
    if not fits(low):
        return 0
    while high > 1.02 * low + 1:
        middle = round((low * high) ** 0.5)
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _merit(option: Option, goal: Goal) -> tuple[float, ...]:
    plan = option.plan
    here = option.where != "machine"
    if goal.deadline is not None:
        return (round(plan.usd, 6), plan.seconds, here)
    # A tenth of a second is no reason to pay more.
    return (round(plan.seconds, 1), plan.usd, here)


def _meets(option: Option, goal: Goal) -> bool:
    return option.plan.usd <= goal.budget and (goal.deadline is None or option.plan.seconds <= goal.deadline)


def _excess(option: Option, goal: Goal) -> float:
    """By what factor it misses the goal."""
    late = option.plan.seconds / goal.deadline if goal.deadline else 1.0
    return max(late, 1.0) * max(option.plan.usd / goal.budget, 1.0)


def _reason(nearest: Option, goal: Goal) -> str:
    plan = nearest.plan
    wanted = [f"${goal.budget:g}"]
    if goal.deadline is not None:
        wanted.insert(0, f"{goal.deadline:g} s")
    return (
        f"no plan keeps within {' and '.join(wanted)}: the nearest takes {plan.seconds:.0f} s "
        f"and ${plan.usd:.4f} ({place_of(nearest.where)})"
    )


def place_of(where: Where) -> str:
    """In words."""
    return {"machine": "on one machine", "lambda": "in one Lambda", "mesh": "on the mesh"}[where]


def _candidates(
    job: Job, bounds: Bounds, goal: Goal, rules: RuleBook, known: Constants, price: Prices
) -> Iterator[Option]:
    taus = (bounds.tau,) if bounds.tau is not None else TAUS
    for tau in taus:
        here = replace(job, tau=tau)
        if bounds.where in (None, "mesh"):
            yield from _mesh(here, bounds, goal, rules, known, price)
        work = workload(here, known)
        if bounds.where in (None, "machine") and not bounds.slots:
            yield _alone("machine", work, 0.0, rules, known, price, goal)
        if bounds.where in (None, "lambda") and not bounds.slots:
            for memory in (
                (bounds.memory_gb,) if bounds.memory_gb else (2.0, 4.0, rules.limits.largest_memory_gb)
            ):
                yield _alone("lambda", work, memory, rules, known, price, goal)


def _mesh(
    job: Job, bounds: Bounds, goal: Goal, rules: RuleBook, known: Constants, price: Prices
) -> Iterator[Option]:
    own = leaf_rows(job.rows, job.n_layers, job.weight)
    slots = (bounds.slots,) if bounds.slots is not None else tuple(n for n in SLOTS if n <= bounds.most_slots)
    memories = (bounds.memory_gb,) if bounds.memory_gb else MEMORIES_GB
    # As the mesh sizes packets: they are the job's, so that a resumed run finds those of an earlier one.
    size = bounds.leaf_rows or own
    for many, memory in product(slots, memories):
        cut = Cut(leaf_rows=size, levels_per_wave=bounds.levels_per_wave)
        work = workload(job, known, cut)
        choices = Choices(slots=many, memory_gb=memory, most_concurrency=bounds.most_concurrency)
        run = estimate(work, rules, known, choices, price)
        plan = plan_of(work, run, rules, slots=many, max_usd=goal.budget, memory_gb=memory)
        yield Option("mesh", plan, work, run)


def _alone(
    where: Where,
    work: Workload,
    memory: float,
    rules: RuleBook,
    known: Constants,
    price: Prices,
    goal: Goal,
) -> Option:
    """Everything one after another in one process: no waves, no Maps, no reports."""
    speed = core_share(memory) if memory else 1.0
    parts = {
        "read": work.read_seconds / speed,
        "train": (work.work_seconds - (work.row_seconds if work.row_packets else 0.0)) / speed,
        "write": work.row_seconds / speed,
    }
    run = Simulated(concurrency=[1])
    if where == "lambda":
        moved = work.csv_bytes / known.s3_bytes_per_second
        parts["start and S3"] = known.init + moved + work.model_bytes / known.upload_bytes_per_second
        run.counts = Counts(requests=1, gb_seconds=sum(parts.values()) * memory, puts=2, gets=2)
        run.starts, run.rationed, run.spawned = [0.0], [0.0], 1
    run.by_state, run.seconds = parts, sum(parts.values())
    run.usd = bill(run.counts, price, rules, memory)
    need = 0.5 + (2.5 * work.population_bytes + (work.model_bytes if where == "lambda" else 0)) / 1e9
    if where == "lambda" and run.seconds > rules.limits.function_seconds:
        run.broken.append(f"seconds of one invocation: {run.seconds:,.0f}, at most 900")
    if where == "lambda" and need > memory:
        run.broken.append(f"GB of memory: {need:.1f}, at most {memory:g}")
    plan = plan_of(work, run, rules, slots=0, max_usd=goal.budget, memory_gb=memory or 4.0)
    return Option(where, replace(plan, packets=1, invocations=len(run.starts), waves=0), work, run)
