"""What a training will take: packets, seconds, dollars, and whether that is allowed."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from snakebatch.planner.bill import Counts, bill
from snakebatch.planner.broken_limits import SHARD_MEMORY, TURNED_AWAY, shard_memory_gb
from snakebatch.planner.constants import Constants, constants
from snakebatch.planner.prices import Prices, prices
from snakebatch.planner.rate import SPAWN_RATE, WINDOW, burst_feasible
from snakebatch.planner.rule_book import AWS, SEEDS, RuleBook
from snakebatch.planner.simulated import Choices, Simulated, core_share
from snakebatch.planner.simulator import simulate
from snakebatch.planner.workload import Cut, Job, Workload, workload

MEMORY_GB = 4.0
"""Of a function, where nobody says what is deployed: `FunctionMemory`'s default."""

LONGEST = 21_600.0
"""Seconds that the state machine lets an execution run."""

_FIXED_TRANSITIONS = 40
_MESSAGES_PER_LEAF = 0.3


@dataclass(frozen=True)
class Plan:
    """An estimate; ``feasible`` False says in ``reason`` which limit it breaks and what would fit.

    Attributes
    ----------
    rows, n_layers, tau, slots, max_usd, columns, memory_gb
        What was asked for; ``memory_gb`` are GB of a function, ``max_usd`` US dollars.
    leaves, packets, invocations, waves, leaf_rows
        The work: ``packets`` is the largest number of invocations of one Map, ``waves`` are Maps of divides,
        ``leaf_rows`` rows of a leaf packet.
    compute_seconds
        Billed seconds of all functions.
    max_concurrency
        Children at a time of the largest Map.
    seconds, seconds_by_state
        Of wall clock, in all and by state of the workflow.
    usd, usd_by_kind
        US dollars in all, and by kind: requests, gb_seconds, provisioned, transitions, s3, sqs.
    peak_rate
        Starts a second over the busiest ten.
    burst_feasible
        The paper's predicate, for comparison.
    feasible, reason
        Whether it may run, and if not, why and what would fit.
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
    columns: int = 0
    waves: int = 0
    leaf_rows: int = 0
    memory_gb: float = MEMORY_GB
    peak_rate: float = 0.0
    seconds_by_state: dict[str, float] = field(default_factory=dict)
    usd_by_kind: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The plan as dicts, texts and numbers: what ``--json`` prints."""
        return asdict(self)


def cost(
    *,
    invocations: int,
    compute_seconds: float,
    leaves: int,
    slots: int = 0,
    seconds: float = 0.0,
    memory_gb: float = MEMORY_GB,
) -> float:
    """US dollars: Lambda and its requests, one transition a child, S3, SQS, slots for at least 5 min.

    ``memory_gb`` are GB of a function.
    """
    return sum(
        cost_by_kind(
            invocations=invocations,
            compute_seconds=compute_seconds,
            leaves=leaves,
            slots=slots,
            seconds=seconds,
            memory_gb=memory_gb,
        ).values()
    )


def cost_by_kind(
    *,
    invocations: int,
    compute_seconds: float,
    leaves: int,
    slots: int = 0,
    seconds: float = 0.0,
    memory_gb: float = MEMORY_GB,
) -> dict[str, float]:
    """``cost`` by kind: requests, gb_seconds, provisioned, transitions, s3, sqs."""
    counts = Counts(
        requests=invocations,
        gb_seconds=compute_seconds * memory_gb,
        slots=slots,
        slot_seconds=max(seconds, prices().provisioned_least_seconds) if slots else 0.0,
        transitions=invocations + _FIXED_TRANSITIONS,
        puts=2 * invocations,
        gets=3 * invocations,
        sqs=leaves * _MESSAGES_PER_LEAF,
    )
    return bill(counts, prices(), replace(SEEDS, slot_step_seconds=1.0), memory_gb).kinds()


def compute_seconds(
    *, invocations: int, evaluations: float, leaf_rows: float, memory_gb: float = MEMORY_GB
) -> float:
    """Lambda seconds; ``leaf_rows`` are rows x layers, weighted by what their target costs."""
    known = constants()
    work = evaluations * known.evaluation + leaf_rows * known.leaf_row
    return invocations * known.invocation + work / core_share(memory_gb)


def planned_rules(rate: float) -> RuleBook:
    """What plans are made on: starts by the account's rate, slots as AWS bills them."""
    return replace(
        SEEDS,
        name="planned",
        starts=max(1, math.floor(rate * WINDOW + 1e-9)),
        slot_step_seconds=AWS.slot_step_seconds,
    )


def make_plan(
    *,
    rows: int,
    n_layers: int = 5,
    tau: int = 1000,
    weight: float = 1.0,
    rows_per_packet: int = 0,
    slots: int = 0,
    max_usd: float = 5.0,
    rate: float = SPAWN_RATE,
    columns: int = 20,
    rules: RuleBook | None = None,
    known: Constants | None = None,
    price: Prices | None = None,
    memory_gb: float = MEMORY_GB,
) -> Plan:
    """Estimate a training on the mesh, cut and paced as the mesh does it.

    ``weight`` says how much dearer a leaf's row is than with few classes, ``rows_per_packet`` is what the
    job's leaf packets have (0 = what those of a new job get). ``rate`` are starts a second that the account
    allows; ``rules`` default to it, and to AWS's billing of slots. ``known`` and ``price`` default to the
    constants and prices that come with the package. A plan that breaks a limit is returned all the same, with
    ``feasible`` False.
    """
    known, rules = known or constants(), rules or planned_rules(rate)
    job = Job(rows, n_layers, columns, tau, weight)
    cut = Cut(leaf_rows=rows_per_packet or None)
    work = workload(job, known, cut)
    found = estimate(work, rules, known, Choices(slots=slots, memory_gb=memory_gb), price or prices())
    return plan_of(work, found, rules, slots=slots, max_usd=max_usd, memory_gb=memory_gb)


def plan_of(
    work: Workload,
    found: Simulated,
    rules: RuleBook,
    *,
    slots: int,
    max_usd: float,
    memory_gb: float = MEMORY_GB,
) -> Plan:
    """The plan that a simulated run makes; refused where it is too dear or breaks a limit."""
    job, usd = work.job, found.usd.total
    reason = _refusal(usd, max_usd, found, work, rules)
    counts = found.counts
    return Plan(
        rows=job.rows,
        n_layers=job.n_layers,
        tau=job.tau,
        slots=slots,
        leaves=work.leaves,
        packets=work.packets,
        invocations=work.invocations,
        compute_seconds=round((counts.gb_seconds + counts.slot_gb_seconds) / memory_gb, 3),
        max_concurrency=max(found.concurrency, default=1),
        seconds=round(found.seconds, 3),
        usd=round(usd, 6),
        max_usd=max_usd,
        burst_feasible=burst_feasible(job.rows, job.n_layers, job.tau, slots),
        feasible=reason is None,
        reason=reason,
        columns=job.columns,
        waves=len(work.waves),
        leaf_rows=work.leaf_rows,
        memory_gb=memory_gb,
        peak_rate=round(found.peak_rate, 3),
        seconds_by_state={state: round(seconds, 3) for state, seconds in found.by_state.items()},
        usd_by_kind=found.usd.rounded(),
    )


def estimate(work: Workload, rules: RuleBook, known: Constants, choices: Choices, price: Prices) -> Simulated:
    """The run simulated; where packets were put together, what each costs beside its work is added."""
    found = simulate(work, rules, known, choices, price=price)
    more = work.invocations - sum(len(wave.packets) for wave in work.waves)
    if not more:
        return found
    places = max(1, max(found.concurrency))
    seconds = more * known.invocation / places
    found.seconds += seconds
    found.by_state["Leaf"] += seconds
    counts = found.counts
    counts.requests += more
    counts.transitions += more
    counts.gb_seconds += more * known.invocation * choices.memory_gb
    counts.puts += 3 * more
    counts.gets += 4 * more
    found.usd = bill(counts, price, rules, choices.memory_gb)
    return found


def slots_in_time(plan: Plan) -> int:
    """The slots with which a plan that takes too long would end in time; 0 for one that lacks no time."""
    if plan.seconds <= LONGEST:
        return 0
    room = LONGEST - constants().opening - (plan.seconds - _in_maps(plan))
    if room <= 0:
        return 0
    return max(0, math.ceil(_in_maps(plan) * plan.max_concurrency / room) - plan.max_concurrency + plan.slots)


def _in_maps(plan: Plan) -> float:
    return sum(plan.seconds_by_state.get(state, 0.0) for state in ("Divide", "Leaf"))


def _refusal(usd: float, max_usd: float, found: Simulated, work: Workload, rules: RuleBook) -> str | None:
    if usd > max_usd:
        return (
            f"the plan costs ${usd:.4f}, more than max_usd ${max_usd:g}: raise max_usd, or train fewer layers"
        )
    if found.seconds > LONGEST:
        return (
            f"the plan takes {found.seconds / 3600:.1f} h, an execution may run {LONGEST / 3600:.0f} h: "
            "train fewer layers, "
            "or resume the job with more layers afterwards"
        )
    if found.failed is not None:
        return f"the plan fails ({found.failed}): train fewer layers, or on one machine"
    # More layers than a window admits, of few rows each, are faster than the pace reckons: some starts are
    # turned away, and tried again, which the plan's seconds have in them.
    broken = [text for text in found.broken if not text.startswith(TURNED_AWAY)]
    if broken:
        return f"the plan breaks a limit ({broken[0]}): {_remedy(broken, work, rules)}"
    return None


def _remedy(broken: list[str], work: Workload, rules: RuleBook) -> str:
    fewer = "train fewer rows or layers, or on one machine"
    needed = shard_memory_gb(work)
    if needed > rules.limits.largest_memory_gb or any(not one.startswith(SHARD_MEMORY) for one in broken):
        return fewer
    return f"deploy with FunctionMemory={math.ceil(needed * 1024)} or more, {fewer}"
