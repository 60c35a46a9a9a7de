"""Receipts: seconds by state and shard, dollars by kind, and what they say to the planner's constants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from snakebatch.errors import InputError
from snakebatch.mesh.invocation import Invocation
from snakebatch.mesh.receipts import Taken, WaveTimes, beside, seconds_by_state, taken
from snakebatch.planner.calibration import calibrate
from snakebatch.planner.constants import constants
from snakebatch.planner.plan import MEMORY_GB
from snakebatch.planner.prices import prices
from snakebatch.planner.serial import stage_seconds
from snakebatch.planner.simulated import core_share
from snakebatch.planner.workload import Job, workload

START = 1_000.0


def made(packet: str, shard: str, started: float, seconds: float, *, cold: bool = False) -> Invocation:
    return Invocation(packet, "leaf", shard, cold, started, seconds)


DIVIDE = WaveTimes(
    "divide",
    START + 10,
    2,
    (made("a", "03", START + 12, 4, cold=True), made("b", "04", START + 12, 6, cold=True)),
)
LEAF = WaveTimes(
    "leaf",
    START + 20,
    3,
    (
        made("c", "03", START + 21, 5),
        made("d", "04", START + 21, 7),
        made("e", "05", START + 22, 3, cold=True),
    ),
)


def whole(**more: Any) -> Taken:
    given: dict[str, Any] = {
        "started": START,
        "assembled": START + 35,
        "now": START + 36,
        "leaves": 30,
        "model_bytes": 1 << 20,
        "slots": 0,
        "slot_seconds": 0.0,
        "gathered": True,
        "memory_gb": MEMORY_GB,
    }
    return taken([DIVIDE, LEAF], **(given | more))


def test_the_states_share_the_whole_wall_clock() -> None:
    states = seconds_by_state(START, [DIVIDE, LEAF], START + 35, START + 36)
    assert states == {"Stage": 10, "Divide": 8, "NextWave": 2, "Leaf": 8, "Gather": 7, "Settle": 1}
    assert sum(states.values()) == 36


def test_seconds_and_cold_starts_are_told_by_shard() -> None:
    found = whole()
    assert found.shards == {
        "03": {"packets": 2, "seconds": 9, "cold": 1},
        "04": {"packets": 2, "seconds": 13, "cold": 1},
        "05": {"packets": 1, "seconds": 3, "cold": 1},
    }
    assert found.cold_starts == 3
    assert found.peak_rate == 0.4, "four starts within ten seconds"


def test_the_bill_is_of_what_was_counted() -> None:
    found = whole()
    assert set(found.usd_by_kind) == {"requests", "gb_seconds", "provisioned", "transitions", "s3", "sqs"}
    assert found.usd == pytest.approx(sum(found.usd_by_kind.values()), abs=3e-6)
    assert found.compute_seconds == pytest.approx(25 + 3 * constants().init + 10 + 2 + 1 + 0.6)
    billed = found.compute_seconds * MEMORY_GB * prices().lambda_gb_second
    assert found.usd_by_kind["gb_seconds"] == pytest.approx(billed, abs=1e-6)
    assert whole(slots=12, slot_seconds=60.0).usd_by_kind["provisioned"] == pytest.approx(
        12 * 300 * MEMORY_GB * prices().provisioned_gb_second, abs=1e-6
    )
    larger = whole(memory_gb=10.0, slots=12, slot_seconds=60.0)
    assert larger.compute_seconds == found.compute_seconds
    assert larger.usd_by_kind["gb_seconds"] == pytest.approx(billed * 10 / MEMORY_GB, abs=1e-6)
    assert larger.usd_by_kind["provisioned"] == pytest.approx(
        12 * 300 * 10 * prices().provisioned_gb_second, abs=1e-6
    )
    # Without a gatherer Settle assembles, and a function is billed for it.
    assert whole(gathered=False).compute_seconds == found.compute_seconds + 7


def test_some_reports_stand_for_very_many() -> None:
    many = WaveTimes("leaf", START + 20, 300, LEAF.invocations)
    found = taken(
        [many],
        started=START,
        assembled=START + 35,
        now=START + 36,
        leaves=30,
        model_bytes=0,
        slots=0,
        slot_seconds=0.0,
        gathered=True,
        memory_gb=MEMORY_GB,
    )
    assert found.compute_seconds == pytest.approx(1500 + constants().init + 20 + 1 + 0.6)


def test_a_wave_of_an_earlier_run_costs_nothing() -> None:
    states = seconds_by_state(START, [WaveTimes("leaf", START + 5, 0, ())], START + 9, START + 9)
    assert states == {"Stage": 5, "Leaf": 0, "Gather": 4, "Settle": 0}


def receipt(slower: float = 1.0, memory_gb: float = MEMORY_GB) -> dict[str, Any]:
    """A receipt of a run on a world whose leaves, reading and assembling take so many times as long, and
    whose functions have a part of a core where their memory is small.
    """
    known, job = constants(), Job(1_000_000, 5, columns=10)
    work = workload(job, known)
    invocations, cold = work.invocations, 12
    speed = core_share(memory_gb)
    leaves = slower * job.rows * job.n_layers * known.leaf_row
    worked = leaves + work.divide_evaluations * known.evaluation + cold * work.load_seconds
    seconds = worked / speed + invocations * known.invocation
    seconds += cold * work.population_bytes / known.s3_bytes_per_second
    cells = job.rows * (job.columns + 1)
    reading = replace(work, read_seconds=slower * cells * known.read_cell)
    stage = stage_seconds(reading, known, speed) + known.init
    copied = work.model_bytes + work.stripped_bytes
    gather = 2 * known.gather + slower * copied / known.copy_bytes_per_second
    return {
        "status": "TRAINED",
        "rows": {"kept": job.rows},
        "plan": {"n_layers": 5, "tau": 1000, "columns": 10, "memory_gb": memory_gb},
        "actual": {
            "seconds_by_state": {"Stage": stage, "Gather": gather},
            "shards": {"00": {"packets": invocations, "seconds": seconds, "cold": cold}},
            "model_bytes": work.model_bytes,
            "model_stripped_bytes": work.stripped_bytes,
            "leaves": work.leaves,
        },
    }


@pytest.mark.parametrize("memory_gb", [1.0, MEMORY_GB])
def test_calibration_finds_what_receipts_were_made_with(memory_gb: float) -> None:
    """Also where the functions had a part of a core: constants are those of a whole one."""
    known = constants()
    found = calibrate([receipt(slower, memory_gb) for slower in (2.0, 2.0, 9.0)], known)
    assert found.receipts == 3
    for name in ("read_cell", "leaf_row"):
        assert found.fitted[name] == pytest.approx(2 * getattr(known, name), rel=0.01)
    assert found.fitted["copy_bytes_per_second"] == pytest.approx(known.copy_bytes_per_second / 2, rel=0.01)
    assert found.error_after < 0.1 < found.error_before
    assert found.constants.evaluation == known.evaluation


def test_calibration_wants_receipts_of_runs_that_trained() -> None:
    with pytest.raises(InputError, match="none of the receipts"):
        calibrate([{"status": "FAILED"}], constants())
    with pytest.raises(InputError, match="older version"):
        calibrate([{"status": "TRAINED", "plan": {}}], constants())


def test_the_output_says_what_was_planned() -> None:
    actual = {"seconds": 40.0, "usd": 0.01, "seconds_by_state": {"Stage": 1}, "usd_by_kind": {"s3": 0.01}}
    assert beside({"seconds": 30.0, "usd": 0.02}, actual)["usd"] == {"planned": 0.02, "actual": 0.01}
