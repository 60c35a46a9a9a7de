"""What is chosen, why, and what is refused."""

from __future__ import annotations

import re

import pytest

from snakebatch.errors import InputError
from snakebatch.planner.comparison import KEYS, compare
from snakebatch.planner.constants import constants, measured
from snakebatch.planner.optimiser import Bounds, Goal, choose
from snakebatch.planner.prices import prices, regions
from snakebatch.planner.replay import replay_incident, v9_run
from snakebatch.planner.rule_book import AWS, SEEDS, RuleBook, rule_book
from snakebatch.planner.simulated import Choices
from snakebatch.planner.simulator import simulate
from snakebatch.planner.workload import Job, workload

KNOWN, PRICE = constants(), prices()


def test_a_small_job_is_for_one_machine() -> None:
    chosen = choose(Job(5_000), Goal(), Bounds(), SEEDS, KNOWN, PRICE)
    assert chosen.best.where == "machine"
    assert chosen.best.plan.usd == 0


def test_a_large_one_is_faster_on_the_mesh_and_cheaper_on_a_machine_that_has_the_time() -> None:
    job = Job(1_000_000)
    assert choose(job, Goal(), Bounds(), SEEDS, KNOWN, PRICE).best.where == "mesh"
    assert choose(job, Goal(deadline=3600), Bounds(), SEEDS, KNOWN, PRICE).best.where == "machine"
    soon = choose(job, Goal(deadline=200), Bounds(), SEEDS, KNOWN, PRICE)
    assert soon.best.where == "mesh"
    assert soon.best.plan.seconds <= 200


def test_what_can_t_be_met_names_the_nearest_plan() -> None:
    chosen = choose(Job(1_000_000), Goal(deadline=5), Bounds(), SEEDS, KNOWN, PRICE)
    assert chosen.reason is not None
    assert f"{chosen.best.plan.seconds:.0f} s" in chosen.reason
    cheap = choose(Job(10_000_000), Goal(budget=0.0001), Bounds(where="mesh"), SEEDS, KNOWN, PRICE)
    assert "$0.0001" in str(cheap.reason)


def test_tau_is_chosen_only_where_it_is_left_open() -> None:
    assert choose(Job(10**6), Goal(), Bounds(), SEEDS, KNOWN, PRICE).best.plan.tau == 1000
    free = choose(Job(10**6), Goal(), Bounds(tau=None), SEEDS, KNOWN, PRICE)
    assert {option.plan.tau for option in free.options} == {500, 1000, 2000}


def test_what_is_fixed_stays() -> None:
    bounds = Bounds(where="mesh", slots=12, memory_gb=4.0, leaf_rows=50_000, most_concurrency=9)
    plan = choose(Job(10**6), Goal(), bounds, SEEDS, KNOWN, PRICE).best.plan
    assert (plan.slots, plan.memory_gb, plan.leaf_rows, plan.max_concurrency) == (12, 4.0, 50_000, 9)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (10**6, "2 GB of memory: from 1.769 GB on a function has a whole core"),
        (11 * 10**6, "8 GB of memory: a shard needs 5."),
    ],
)
def test_memory_that_is_not_the_default_is_named(rows: int, says: str) -> None:
    found = compare(Job(rows), Goal(), Bounds(where="mesh"), SEEDS, KNOWN, PRICE)
    (sentence,) = (text for text in found.why if "GB of memory" in text)
    assert sentence.startswith(says)
    megabytes = round(found.best.plan.memory_gb * 1024)
    assert f"Deploy with FunctionMemory={megabytes}: Stage plans with what is deployed." in sentence


def test_nobody_is_told_to_deploy_what_is_too_little() -> None:
    found = compare(Job(6 * 10**6), Goal(), Bounds(where="mesh", memory_gb=2.0), SEEDS, KNOWN, PRICE)
    (sentence,) = (text for text in found.why if "GB of memory" in text)
    assert sentence.startswith("2 GB of memory are too little: a shard needs 3.")
    assert "Deploy" not in sentence


def test_the_default_memory_is_no_news() -> None:
    found = compare(Job(10**6), Goal(), Bounds(where="mesh", memory_gb=4.0), SEEDS, KNOWN, PRICE)
    assert not any("FunctionMemory" in text for text in found.why)


@pytest.mark.parametrize("rules", [SEEDS, AWS])
@pytest.mark.parametrize("columns", [2, 20])
@pytest.mark.parametrize("layers", [5, 25])
def test_a_million_rows_beat_the_seeds_at_no_slots(rules: RuleBook, columns: int, layers: int) -> None:
    found = compare(Job(10**6, layers, columns), Goal(), Bounds(where="mesh"), rules, KNOWN, PRICE)
    seeds, plan = found.to_dict()["seed_model"], found.to_dict()["plan"]
    assert set(KEYS) <= set(seeds)
    assert set(KEYS) <= set(plan)
    assert plan["slots"] == plan["reservation_usd"] == 0
    assert plan["total_usd"] <= {5: 0.05, 25: 0.20}[layers] < seeds["total_usd"]
    assert plan["wall_s"] <= {5: 60, 25: 120}[layers] < seeds["wall_s"]
    assert plan["throttled"] == 0
    if rules is SEEDS:
        assert plan["busiest_window"] <= 166
    assert found.why


def test_slots_are_billed_by_the_rule_book() -> None:
    work = workload(Job(100_000), KNOWN)
    seeds, aws = (simulate(work, book, KNOWN, Choices(slots=12)) for book in (SEEDS, AWS))
    assert seeds.usd.provisioned < aws.usd.provisioned
    assert AWS.slot_seconds(1) == AWS.slot_seconds(300) == 300
    assert AWS.slot_seconds(301) == 600
    assert SEEDS.slot_seconds(0) == 0


def test_v9_s_two_observations_follow() -> None:
    small, large = v9_run(1000, 25), v9_run(7500, 25)
    assert small.leaves == 75
    assert 3 <= small.peak_rate <= 5
    assert not small.stalled
    assert large.peak_rate == pytest.approx(17.4, rel=0.15)
    assert large.stalled


def test_the_incident_stops_by_itself() -> None:
    throttled, hanging = replay_incident(KNOWN, PRICE)
    assert throttled.usd < 0.05
    assert throttled.invocations == 0
    assert hanging.usd < 5
    assert hanging.seconds < 1000
    assert "MaxAttempts" in throttled.stopped_by
    assert "MaxAttempts" in hanging.stopped_by


def test_prices_and_constants_say_where_they_are_from() -> None:
    for region in regions():
        assert prices(region).date
        assert prices(region).source
    assert {"date", "command", "machine", "cloud"} <= measured().keys()
    with pytest.raises(InputError, match="mars-1 are not known"):
        prices("mars-1")
    with pytest.raises(InputError, match="no rule book"):
        rule_book("nobody's")
    with pytest.raises(InputError, match="none of"):
        KNOWN.with_values({"nonsense": 1.0})


@pytest.mark.parametrize("memory", [4.0, 10.0])
def test_a_training_that_breaks_a_limit_is_told_how_many_rows_fit(memory: float) -> None:
    bounds = Bounds(where="mesh", memory_gb=memory)
    refused = choose(Job(10**8, 5), Goal(budget=1e6), bounds, SEEDS, KNOWN, PRICE)
    assert refused.reason is not None
    found = re.search(r"on the mesh ([\d,]+) rows fit", refused.reason)
    assert found is not None
    most = int(found[1].replace(",", ""))
    for rows, fits in ((most, True), (round(1.1 * most), False)):
        assert choose(Job(rows, 5), Goal(budget=1e6), bounds, SEEDS, KNOWN, PRICE).best.feasible == fits


def test_the_texts_that_a_shard_writes_count_as_its_memory() -> None:
    """Pieces, whole and bytes at once: of a million rows of a leaf packet 145 MB each."""
    work = workload(Job(6_000_000, 25), KNOWN)
    assert work.text_bytes == pytest.approx(10**6 * KNOWN.bucket_row_bytes, rel=0.01)
    unpacked = 0.3 + 2.5 * work.population_bytes / 1e9
    run = simulate(work, SEEDS, KNOWN, Choices(memory_gb=unpacked + 0.1))
    assert any("a shard's memory" in text for text in run.broken)
    assert not any(
        "a shard's memory" in text
        for text in simulate(work, SEEDS, KNOWN, Choices(memory_gb=unpacked + 0.5)).broken
    )
