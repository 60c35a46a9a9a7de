"""What a shard refuses, and what it does when it was there before."""

from __future__ import annotations

from typing import Any

import pytest

from snakebatch.errors import ChecksumError, EngineMismatchError, FingerprintError, MeshError
from snakebatch.mesh.canonical import seal
from snakebatch.mesh.engines import SnakeEngine
from snakebatch.mesh.invocation import Invocation
from snakebatch.mesh.messages import LeafMessage
from snakebatch.mesh.requests import ShardEvent
from snakebatch.mesh.store import Keys
from tests.support.mesh import MeshBench
from tests.support.tables import overlapping

SMALL: dict[str, Any] = {"n_layers": 2, "bucket": 30, "tau": 90, "seed": 7}


class OtherEngine(SnakeEngine):
    """An engine of the next release."""

    version = "next"


def leaf_event(mesh: MeshBench, number: int = 0) -> tuple[dict[str, Any], ShardEvent]:
    staged = mesh.stage(mesh.upload(overlapping(300)), job="job", **SMALL)
    item = mesh.items(mesh.leaves(staged))[number]
    return staged, ShardEvent(role="leaf", execution="test", **item)


def without_timings(message: LeafMessage) -> dict[str, object]:
    return {**message.body(), "started": 0, "seconds": 0, "cold": False, "shard": ""}


def test_a_packet_of_another_engine_is_refused(mesh: MeshBench) -> None:
    _, event = leaf_event(mesh)
    with pytest.raises(EngineMismatchError, match="engine 1, this shard has next"):
        mesh.shard(engine=OtherEngine()).run(event)
    assert mesh.received() == []


def test_a_job_of_other_parameters_is_refused(mesh: MeshBench) -> None:
    uri = mesh.upload(overlapping(300))
    mesh.stage(uri, job="job", **SMALL)
    with pytest.raises(FingerprintError, match="job job was trained on other data"):
        mesh.stage(uri, job="job", **{**SMALL, "bucket": 31})
    mesh.stage(uri, job="job", **{**SMALL, "n_layers": 9, "leaf_grain": "bucket", "levels_per_wave": 1})


def test_a_job_of_other_data_is_refused(mesh: MeshBench) -> None:
    mesh.stage(mesh.upload(overlapping(300)), job="job", **SMALL)
    with pytest.raises(FingerprintError, match="other data"):
        mesh.stage(mesh.upload(overlapping(301)), job="job", **SMALL)


def test_a_report_that_is_there_is_verified_and_its_messages_are_sent_again(mesh: MeshBench) -> None:
    _, event = leaf_event(mesh)
    shard = mesh.shard()
    first = shard.run(event)
    sent = mesh.received()
    second = shard.run(event)
    again = mesh.received()

    assert (first["reused"], second["reused"]) == (False, True)
    assert sorted(map(str, map(without_timings, sent))) == sorted(map(str, map(without_timings, again)))
    assert {message.cold for message in sent} == {True}
    assert {message.cold for message in again} == {False}
    assert len(sent) == first["leaves"]


def test_a_damaged_report_is_not_taken_for_one(mesh: MeshBench) -> None:
    staged, event = leaf_event(mesh)
    key = mesh.keys(staged).report("leaf", event.packet)
    mesh.store.objects.put(key, b"damaged")
    with pytest.raises(ChecksumError, match=event.packet):
        mesh.shard().run(event)


def test_a_packet_that_is_not_what_its_name_says_is_refused(mesh: MeshBench) -> None:
    _, event = leaf_event(mesh)
    packet = mesh.store.packet(event.key, event.packet)
    mesh.store.objects.put(event.key, seal("packet", {**packet.body(), "job": "other"}))
    with pytest.raises(ChecksumError, match="does not hold packet"):
        mesh.shard().run(event)


def test_a_packet_in_another_role_is_refused(mesh: MeshBench) -> None:
    _, event = leaf_event(mesh)
    with pytest.raises(MeshError, match="is for leaf, the event says divide"):
        mesh.shard().run(event.model_copy(update={"role": "divide"}))


def test_two_shards_that_disagree_are_noticed(mesh: MeshBench) -> None:
    _, event = leaf_event(mesh)
    packet = mesh.store.packet(event.key, event.packet)
    mesh.shard().run(event)
    report = mesh.store.find_report(packet, event.packet)
    assert report is not None
    by = Invocation(event.packet, "leaf", "01", True, 1.0, 2.0)
    assert mesh.store.put_report(packet, report, by) is False
    with pytest.raises(MeshError, match="answered packet"):
        mesh.store.put_report(packet, report.model_copy(update={"evaluations": -1}), by)


def test_a_report_says_beside_its_bytes_who_made_it_and_when(mesh: MeshBench) -> None:
    staged, event = leaf_event(mesh)
    shard = mesh.shard()
    shard.clock.sleep(5)
    shard.run(event)
    keys = Keys(staged["run"]["job"], staged["run"]["fingerprint"])
    made = mesh.store.invocation(keys, "leaf", event.packet)
    assert made == Invocation(event.packet, "leaf", event.shard, True, shard.clock.time(), 0.0)
    assert mesh.store.invocation(keys, "divide", event.packet) is None


def test_long_cells_stay_in_s3(mesh: MeshBench) -> None:
    """Cells of 10,000 characters fill the literals; what a Lambda answers and a Map item stay small."""
    lines = ["text,y"] + [f"{chr(97 + n % 20) * 10_000}{n % 40},{n % 2}" for n in range(240)]
    staged = mesh.stage(mesh.upload("\n".join(lines)), n_layers=1, bucket=10, tau=50, seed=1)
    wave = mesh.leaves(staged)
    answers = mesh.run_wave(wave)

    for small in (staged, wave.body(), *answers, *mesh.items(wave)):
        assert len(str(small).encode()) < 4096
    assert mesh.assemble(staged).model_bytes > 100_000
