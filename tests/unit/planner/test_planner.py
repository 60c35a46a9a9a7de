"""Rate, feasibility and cost: the formulas of the design and the numbers of the seeds."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakebatch.planner import SPAWN_RATE, burst_feasible, cost, make_plan, max_concurrency, prices
from snakebatch.planner.plan import compute_seconds
from snakebatch.planner.rate import WINDOW


@given(st.floats(0.05, 60), st.floats(0.2, 100))
def test_no_window_starts_more_than_the_rate_allows(seconds: float, rate: float) -> None:
    children = max_concurrency(rate, seconds=seconds)
    # Each of the places starts a child at once, and another whenever one ends within the window.
    starts = children * math.ceil(WINDOW / seconds)
    assert children == 1 or starts <= rate * WINDOW + 1e-6


def test_the_plain_product_would_break_the_rule() -> None:
    assert max_concurrency(SPAWN_RATE, seconds=1.0) == 15
    assert math.floor(SPAWN_RATE * 1.0) * (1 + WINDOW / 1.0) > SPAWN_RATE * WINDOW


def test_slots_come_on_top_and_one_child_always_runs() -> None:
    assert max_concurrency(SPAWN_RATE, seconds=1.0, slots=12) == 27
    assert max_concurrency(0.001) == 1


@pytest.mark.parametrize(
    ("rows", "n_layers", "slots", "feasible"),
    [(5_000, 5, 0, True), (7_500, 25, 0, False), (1_000_000, 5, 0, False), (1_000_000, 5, 81, True)],
)
def test_the_papers_predicate(rows: int, n_layers: int, slots: int, feasible: bool) -> None:
    assert burst_feasible(rows, n_layers, 1000, slots) is feasible


def test_a_plan_grows_with_rows_layers_and_classes() -> None:
    small, rows, layers, classes = (
        make_plan(**arguments).usd  # type: ignore[arg-type]  # literal arguments of mixed types
        for arguments in (
            {"rows": 5_000},
            {"rows": 50_000},
            {"rows": 5_000, "n_layers": 25},
            {"rows": 5_000, "weight": 8.0},
        )
    )
    assert small < min(rows, layers, classes)


def test_a_plan_says_which_limit_it_breaks() -> None:
    assert make_plan(rows=5_000).feasible
    dear = make_plan(rows=1_000_000, n_layers=25, max_usd=0.05)
    assert not dear.feasible
    assert "max_usd $0.05" in str(dear.reason)
    slow = make_plan(rows=100_000_000, n_layers=1000, max_usd=1e9)
    assert "an execution may run 6 h" in str(slow.reason)


def test_what_memory_would_hold_names_the_parameter_that_gives_it() -> None:
    job: dict[str, Any] = {"rows": 6_000_000, "max_usd": 100}
    small = make_plan(memory_gb=2.0, **job)
    found = re.search(r"a shard's memory: .* deploy with FunctionMemory=(\d+) or more", str(small.reason))
    assert found is not None
    assert make_plan(memory_gb=int(found[1]) / 1024, **job).feasible
    assert not make_plan(memory_gb=(int(found[1]) - 64) / 1024, **job).feasible
    other_limits_too = make_plan(rows=10**8, max_usd=100, memory_gb=2.0)
    assert "breaks a limit" in str(other_limits_too.reason)
    assert "FunctionMemory" not in str(other_limits_too.reason)


def test_a_part_of_a_core_takes_longer_and_more_memory_costs_more() -> None:
    one, two, ten = (
        compute_seconds(invocations=3, evaluations=10**9, leaf_rows=10**6, memory_gb=memory)
        for memory in (1.0, 2.0, 10.0)
    )
    assert one > two == ten
    usd = [make_plan(rows=10**6, memory_gb=memory).usd_by_kind["gb_seconds"] for memory in (2.0, 10.0)]
    assert usd[1] == pytest.approx(5 * usd[0])


def test_slots_cost_five_minutes_at_least() -> None:
    def slots(seconds: float) -> float:
        return cost(invocations=0, compute_seconds=0, leaves=0, slots=12, seconds=seconds) - cost(
            invocations=0, compute_seconds=0, leaves=0
        )

    assert slots(5) == slots(300) == pytest.approx(12 * 300 * 4 * prices().provisioned_gb_second)
    assert slots(600) == pytest.approx(2 * slots(300))


def test_prices_say_where_and_when_they_were_read() -> None:
    assert prices().region == "eu-west-3"
    assert prices().date
    assert prices().source
    # The seeds' 100 % column is idle plus duration.
    assert prices().provisioned_gb_second + prices().provisioned_duration_gb_second == pytest.approx(
        0.0000162242
    )


def test_a_plan_of_any_size_is_made_at_once() -> None:
    """Whatever the HTTP API lets in: packets of huge jobs are put together before they are simulated."""
    huge = make_plan(rows=10**10, n_layers=10_000, tau=1, max_usd=1e12)
    assert huge.invocations > 10**8
    assert not huge.feasible
    twice = make_plan(rows=10**8, n_layers=2000, tau=1000, max_usd=1e12)
    once = make_plan(rows=10**8, n_layers=1000, tau=1000, max_usd=1e12)
    assert twice.usd == pytest.approx(2 * once.usd, rel=0.05)


@pytest.mark.parametrize(("rows", "n_layers"), [(344, 400), (2_000, 167), (2_000, 400), (30_000, 400)])
def test_many_layers_of_few_rows_are_planned_and_not_refused(rows: int, n_layers: int) -> None:
    """Their packets are as short as can be: few go at a time, and none is turned away."""
    plan = make_plan(rows=rows, n_layers=n_layers)
    assert plan.feasible, plan.reason
    assert 10 <= plan.peak_rate <= 16.6
