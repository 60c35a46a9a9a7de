"""Plans, whatever is asked: what must hold of all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from snakebatch.planner import make_plan
from snakebatch.planner.constants import constants
from snakebatch.planner.optimiser import Bounds, Goal, choose
from snakebatch.planner.prices import prices
from snakebatch.planner.rule_book import AWS, RULE_BOOKS, SEEDS
from snakebatch.planner.simulated import Choices
from snakebatch.planner.simulator import simulate
from snakebatch.planner.spawn_rate import busiest_window
from snakebatch.planner.workload import Cut, Job, workload
from tests.support.scale import scaled

ROWS = some.floats(1, 7.5).map(lambda exponent: round(10**exponent))
JOBS = some.builds(
    Job,
    rows=ROWS,
    n_layers=some.integers(1, 60),
    columns=some.integers(1, 40),
    tau=some.sampled_from([100, 500, 1000, 5000]),
    weight=some.sampled_from([1.0, 1.5, 2.7]),
)

KNOWN, PRICE = constants(), prices()


@settings(max_examples=scaled(200, 500), deadline=None)
@given(JOBS, some.sampled_from(sorted(RULE_BOOKS)), some.integers(0, 120), some.integers(0, 2**32))
def test_a_feasible_plan_breaks_no_limit_in_simulation(job: Job, rules: str, slots: int, seed: int) -> None:
    book = RULE_BOOKS[rules]
    plan = make_plan(**_asked(job), slots=slots, rules=book, max_usd=1e6)
    run = simulate(workload(job, KNOWN), book, KNOWN, Choices(slots=slots), seed=seed)
    if not plan.feasible:
        assert plan.reason
        return
    assert run.broken == []
    assert run.throttled == 0
    if book.scope == "account":
        assert run.busiest <= 166
    # Of more than MOST_PACKETS some stand for all.
    assert len(run.starts) == sum(len(wave.packets) for wave in workload(job, KNOWN).waves)


@settings(max_examples=100, deadline=None)
@given(some.integers(100, 3_000_000), some.integers(1, 400), some.integers(0, 300), some.booleans())
def test_nothing_is_turned_away_however_easy_the_data_and_however_many_the_layers(
    rows: int, layers: int, slots: int, easy: bool
) -> None:
    """Leaves of classes far apart take a twentieth of the time: the pace must not count on more."""
    known = replace(KNOWN, leaf_row=KNOWN.leaf_short) if easy else KNOWN
    run = simulate(workload(Job(rows, layers, 5), known), SEEDS, known, Choices(slots=slots))
    assert run.throttled == 0
    assert run.busiest <= 166


@settings(max_examples=60, deadline=None)
@given(JOBS, some.integers(0, 60), some.integers(1, 60))
def test_more_slots_are_never_slower(job: Job, few: int, more: int) -> None:
    """At most so many slots may be taken: what is not worth its opening is left."""
    goal = Goal(budget=1e6)
    choices = [
        choose(job, goal, Bounds(where="mesh", most_slots=most), SEEDS, KNOWN, PRICE)
        for most in (few, few + more)
    ]
    fast, faster = (choice.best.plan.seconds for choice in choices)
    assert faster <= fast + 0.1 or choices[0].reason is not None


@settings(max_examples=200, deadline=None)
@given(JOBS, some.floats(1.0, 4.0))
def test_more_rows_are_never_cheaper(job: Job, factor: float) -> None:
    asked = _asked(job)
    small = make_plan(**asked, max_usd=1e6)
    large = make_plan(**{**asked, "rows": round(job.rows * factor)}, max_usd=1e6)
    if (small.max_concurrency == small.packets) == (large.max_concurrency == large.packets):
        assert large.usd >= small.usd
    else:
        # Where packets no longer fit into one window they go one after another in fewer environments, of
        # which each reads the population once: slower, and a little cheaper.
        assert large.usd >= 0.85 * small.usd


@settings(max_examples=60, deadline=None)
@given(JOBS, some.integers(1, 20))
def test_more_layers_are_never_cheaper_nor_faster(job: Job, more: int) -> None:
    asked = _asked(job)
    few = make_plan(**asked, max_usd=1e6)
    many = make_plan(**{**asked, "n_layers": job.n_layers + more}, max_usd=1e6)
    # Packets of more layers are larger, and what is large enough S3 copies: it may be faster for that.
    assert many.seconds >= 0.75 * few.seconds
    assert many.usd >= 0.85 * few.usd


@settings(max_examples=60, deadline=None)
@given(JOBS, some.integers(0, 2**32))
def test_the_same_seed_gives_the_same_run(job: Job, seed: int) -> None:
    work = workload(job, KNOWN)
    one, two = (simulate(work, SEEDS, KNOWN, seed=seed) for _ in range(2))
    assert (one.seconds, one.starts, one.usd) == (two.seconds, two.starts, two.usd)
    assert sum(one.by_state.values()) - one.seconds < 1e-6


@settings(max_examples=40, deadline=None)
@given(JOBS)
def test_the_cut_changes_no_sum_of_work(job: Job) -> None:
    own, fine = workload(job, KNOWN), workload(job, KNOWN, Cut(leaf_rows=5000))
    leaves = [sum(wave.packets) for work in (own, fine) for wave in work.waves if wave.role == "leaf"]
    assert abs(leaves[0] - leaves[1]) <= 1e-6 * max(leaves)


def test_a_burst_over_the_rules_is_turned_away() -> None:
    """What the pace is for: without it the seeds' rule book turns starts away, and windows stay full."""
    work = workload(Job(1_000_000, 200), KNOWN)
    wild = simulate(work, SEEDS, KNOWN, Choices(most_concurrency=1000, unpaced=True))
    assert wild.throttled > 0
    assert busiest_window(wild.starts, SEEDS.window) <= SEEDS.starts
    assert any("throttled" in text for text in wild.broken)
    tame = simulate(work, SEEDS, KNOWN)
    assert tame.throttled == 0
    assert simulate(work, AWS, KNOWN).throttled == 0


def _asked(job: Job) -> dict[str, Any]:
    return {
        "rows": job.rows,
        "n_layers": job.n_layers,
        "columns": job.columns,
        "tau": job.tau,
        "weight": job.weight,
    }
