"""What a run is planned, held to and billed with is what is deployed, not the default: memory, spawn rate."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snakebatch.errors import MeshError, PlanError
from snakebatch.mesh.environment import Environment
from snakebatch.mesh.job_status import progress_of
from snakebatch.mesh.records import RunRecord
from snakebatch.mesh.requests import WaveRef
from snakebatch.mesh.reuse import Saved
from snakebatch.planner.prices import prices
from snakebatch.planner.rate import SPAWN_RATE
from tests.support.handlers import event, invoke
from tests.support.mesh import MeshBench
from tests.support.tables import overlapping

GB = 1 << 30
SMALL: dict[str, Any] = {"n_layers": 2, "bucket": 30, "tau": 90, "seed": 7}
TEXT = overlapping(300)


def staged(mesh: MeshBench, memory: int | None, **parameters: Any) -> dict[str, Any]:
    """What Stage says, deployed with so many bytes a function."""
    mesh.memory = memory
    return mesh.stage(mesh.upload(TEXT), **(SMALL | parameters))


def compute_usd(mesh: MeshBench, memory: int | None) -> float:
    usd: float = staged(mesh, memory, dry_run=True)["plan"]["usd_by_kind"]["gb_seconds"]
    return usd


def test_a_plan_costs_by_the_memory_that_is_deployed(mesh: MeshBench) -> None:
    two, four, ten = (compute_usd(mesh, size * GB) for size in (2, 4, 10))
    assert 5 * two == pytest.approx(ten, rel=0.01)
    assert 2 * two == pytest.approx(four, rel=0.01)
    assert compute_usd(mesh, None) == four, "where no function says what it has"
    young = staged(mesh, 3008 << 20, dry_run=True)["plan"]
    assert young["memory_gb"] == 2.9375
    assert young["usd_by_kind"]["gb_seconds"] == pytest.approx(four * 2.9375 / 4, rel=0.01)


def test_what_is_too_dear_with_ten_gigabytes_is_allowed_with_two(mesh: MeshBench) -> None:
    two, ten = (staged(mesh, size * GB, dry_run=True)["plan"] for size in (2, 10))
    between = (two["usd"] + ten["usd"]) / 2
    assert staged(mesh, 2 * GB, dry_run=True, max_usd=between)["plan"]["feasible"]
    refused = staged(mesh, 10 * GB, dry_run=True, max_usd=between)["plan"]
    assert "more than max_usd" in refused["reason"]


def settled(mesh: MeshBench, staging: dict[str, Any], wave: WaveRef) -> dict[str, Any]:
    """The receipt that Settle writes."""
    receipt: dict[str, Any] = json.loads(mesh.read(mesh.settle(staging, wave)["receipt"]))
    return receipt


def billed_gb(receipt: dict[str, Any]) -> float:
    """GB of a function, by what its seconds were billed."""
    actual = receipt["actual"]
    usd: float = actual["usd_by_kind"]["gb_seconds"]
    return usd / actual["compute_seconds"] / prices().lambda_gb_second


def test_a_receipt_is_billed_by_the_memory_of_its_plan(mesh: MeshBench) -> None:
    staging = staged(mesh, 10 * GB)
    wave = mesh.leaves(staging)
    mesh.run_wave(wave)
    mesh.assemble(staging)
    assert billed_gb(settled(mesh, staging, wave)) == pytest.approx(10, rel=0.01)

    keys = mesh.keys(staging)
    run = mesh.store.run(keys, "test")
    older = {name: value for name, value in run.plan.items() if name != "memory_gb"}
    mesh.store.put_run(run.model_copy(update={"plan": older}))
    assert billed_gb(settled(mesh, staging, wave)) == pytest.approx(4, rel=0.01)


def test_what_a_running_job_has_cost_is_of_the_memory_of_its_plan(mesh: MeshBench) -> None:
    staging = staged(mesh, 2 * GB)
    last = mesh.leaves(staging)
    keys = mesh.keys(staging)
    record, run = mesh.store.job(keys.job, keys.fingerprint), mesh.store.run(keys, "test")
    manifest = mesh.store.manifest(keys, "test")
    done = {entry.packet: 0.0 for entry in manifest.packets}

    def so_far(memory_gb: float) -> float:
        planned = run.model_copy(update={"plan": run.plan | {"memory_gb": memory_gb}})
        waves = [mesh.store.wave(keys, "test", last.wave)]
        return progress_of(record, planned, waves, manifest, {"leaf": done}, 1.0, 0.0).usd

    two, four, ten = map(so_far, (2.0, 4.0, 10.0))
    assert two < four
    assert ten - four == pytest.approx(3 * (four - two), abs=3e-6)


def test_what_was_saved_is_reckoned_by_memory_too() -> None:
    saved = Saved(packets=3, leaves=10, seconds=100.0)
    more = saved.usd(10.0) - saved.usd(4.0)
    assert more == pytest.approx(100 * 6 * prices().lambda_gb_second)
    assert Saved().usd(10.0) == 0


def test_a_run_is_held_to_its_dollars_by_the_memory_of_its_plan(mesh: MeshBench) -> None:
    """Between two waves: what two gigabytes may go on with, ten may not."""
    staging = staged(mesh, 2 * GB, levels_per_wave=1)
    wave = WaveRef.model_validate(staging["wave"])
    mesh.run_wave(wave)
    run = mesh.store.run(mesh.keys(staging), "test")
    held = run.input.model_copy(update={"max_usd": 0.0015})

    def go_on(memory_gb: float) -> WaveRef:
        plan = run.plan | {"memory_gb": memory_gb}
        mesh.store.put_run(RunRecord(**{**dict(run), "plan": plan, "input": held}))
        return mesh.next(staging, wave)

    with pytest.raises(PlanError, match=r"more than max_usd \$0\.0015"):
        go_on(10.0)
    assert go_on(2.0).wave == 1


def test_stage_knows_its_memory_and_bracket_the_shards(
    deployed: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3008")
    stage = event("stage")
    stage["input"] |= {"dataset": deployed.upload(TEXT), "dry_run": True}
    assert invoke("stage", stage)["plan"]["memory_gb"] == 2.9375
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
    monkeypatch.setenv("FUNCTION_MEMORY", "3008")
    assert invoke("bracket", event("bracket-open"))["memory_gb"] == 2.9375


def test_who_is_no_shard_is_told_a_shard_s_memory() -> None:
    assert Environment({}).functions_gb == Environment({"FUNCTION_MEMORY": ""}).functions_gb == 4.0
    assert Environment({"FUNCTION_MEMORY": "10240"}).functions_gb == 10.0
    for wrong in ("4 GB", "0", "-1"):
        with pytest.raises(MeshError, match="set it to the stack's FunctionMemory, in MB"):
            print(Environment({"FUNCTION_MEMORY": wrong}).functions_gb)


def test_the_spawn_rate_is_a_minute_s_and_a_wrong_one_is_refused() -> None:
    assert Environment({}).spawn_rate == Environment({"SPAWN_PER_MINUTE": ""}).spawn_rate == SPAWN_RATE
    assert Environment({"SPAWN_PER_MINUTE": "90"}).spawn_rate == 1.5
    for wrong in ("16.67/s", "0", "-1", "nan", "inf"):
        with pytest.raises(MeshError, match="set it to the stack's SpawnRatePerMinute, starts a minute"):
            print(Environment({"SPAWN_PER_MINUTE": wrong}).spawn_rate)
