"""The licensed engine through the mesh: who asks for it, what a shard checks, and its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snakebatch.errors import EngineMismatchError, InputError, MeshError
from snakebatch.mesh.engines import LicensedEngine, SnakeEngine, engine_named
from snakebatch.mesh.environment import Environment
from snakebatch.mesh.packing import leaf_cost
from snakebatch.mesh.requests import ShardEvent
from snakebatch.version import ENGINE
from tests.support.handlers import event, invoke
from tests.support.mesh import BUCKET, TABLE, MeshBench
from tests.support.plugins import LICENSED, REMOTE_CLIENT, installed
from tests.support.tables import overlapping
from tests.support.training import in_process

VERSION = f"{ENGINE}+algorithmeai-5.4.8"
SMALL: dict[str, Any] = {"n_layers": 2, "bucket": 30, "tau": 90, "seed": 7}


@pytest.fixture
def package() -> Iterator[Any]:
    with installed(LICENSED) as module:
        yield module


@pytest.fixture
def licensed(mesh: MeshBench, package: Any) -> MeshBench:
    mesh.engine = LicensedEngine()
    return mesh


def test_the_mesh_gives_the_bytes_of_one_process(licensed: MeshBench, tmp_path: Path) -> None:
    text = overlapping(300)
    _, model = licensed.train(licensed.upload(text), **SMALL)
    assert model == in_process(text, tmp_path, engine="licensed", **SMALL)
    assert model != in_process(text, tmp_path, **SMALL)
    assert f'"log":"snakebatch engine {VERSION} seed 7 tau 90"'.encode() in model


def test_name_and_version_take_part_in_what_a_shard_checks(
    licensed: MeshBench, package: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = licensed.stage(licensed.upload(overlapping(300)), **SMALL)
    (item, *_) = licensed.items(licensed.leaves(staged))
    asked = ShardEvent(role="leaf", execution="test", **item)
    with pytest.raises(EngineMismatchError, match=rf"algorithmeai-5\.4\.8, this shard has {ENGINE}:"):
        licensed.shard(engine=SnakeEngine()).run(asked)
    monkeypatch.setattr(package, "__version__", "5.4.9")
    with pytest.raises(EngineMismatchError, match=r"this shard has .*algorithmeai-5\.4\.9"):
        licensed.shard().run(asked)


def test_a_job_of_one_engine_is_not_resumed_with_another(licensed: MeshBench) -> None:
    uri = licensed.upload(overlapping(300))
    licensed.stage(uri, job="job", **SMALL)
    licensed.engine = SnakeEngine()
    with pytest.raises(MeshError, match="job job was trained on other data"):
        licensed.stage(uri, job="job", **SMALL)


def test_stage_refuses_what_the_engine_can_not_do_before_anything_is_spent(mesh: MeshBench) -> None:
    mesh.engine = LicensedEngine()
    uri = mesh.upload(overlapping(300))
    with installed(REMOTE_CLIENT), pytest.raises(InputError, match="another product"):
        mesh.stage(uri, **SMALL)
    with installed(LICENSED), pytest.raises(InputError, match="leaf_grain: the licensed engine"):
        mesh.stage(uri, **SMALL, leaf_grain="bucket")
    for ask in (mesh.engine.chain, mesh.engine.bucket):
        with pytest.raises(MeshError, match="use leaf_grain slice"):
            ask(*[None] * (5 if ask == mesh.engine.chain else 6))  # type: ignore[arg-type]  # it never looks


def test_the_plan_counts_its_dearer_leaves(licensed: MeshBench) -> None:
    uri = licensed.upload(overlapping(300))
    dear = licensed.stage(uri, dry_run=True, **SMALL)["plan"]["compute_seconds"]
    licensed.engine = SnakeEngine()
    assert dear > licensed.stage(uri, dry_run=True, **SMALL)["plan"]["compute_seconds"]
    assert leaf_cost(ENGINE) == 1.0


def test_the_environment_of_the_functions_chooses(
    mesh: MeshBench, package: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "JOBS_BUCKET": BUCKET,
        "REPORTS_QUEUE_URL": mesh.queue_url,
        "LEASE_TABLE": TABLE,
        "POWERTOOLS_METRICS_NAMESPACE": "SnakeBatch",
        "POWERTOOLS_SERVICE_NAME": "test",
        "SNAKEBATCH_ENGINE": "licensed",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    dataset = mesh.upload(overlapping(300))
    asked = {**event("stage"), "input": {"dataset": dataset, "target": "y", "job": "job", **SMALL}}
    run = invoke("stage", asked)["run"]
    assert mesh.store.job("job", run["fingerprint"]).engine == VERSION

    monkeypatch.delenv("SNAKEBATCH_ENGINE")
    assert Environment.read().engine == "snakebatch"
    with pytest.raises(InputError, match="engine is 'other'"):
        engine_named("other")
