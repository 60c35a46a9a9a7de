"""The gatherer: durable before deleted, complete before assembled, and harmless twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from gatherer.answering import HEARTBEAT_SECONDS, Answerer
from gatherer.progress import Progress
from snakebatch.clock import SimulatedClock
from snakebatch.mesh.messages import GatherMessage
from snakebatch.mesh.requests import WaveRef
from tests.support.mesh import BUCKET, MeshBench
from tests.support.tables import overlapping
from tests.unit.mesh.test_messages import LEAF

SMALL: dict[str, Any] = {"n_layers": 2, "bucket": 30, "tau": 90, "seed": 7}


class FakeStepFunctions:
    """Takes answers to task tokens, each once, as Step Functions does."""

    def __init__(self, *tokens: str, gone_after: int | None = None) -> None:
        self.open = set(tokens)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.gone_after = gone_after

    def _take(self, name: str, arguments: dict[str, Any], *, closes: bool) -> None:
        self.calls.append((name, arguments))
        if self.gone_after is not None and len(self.calls) > self.gone_after:
            self.open.clear()
        if arguments["taskToken"] not in self.open:
            raise ClientError({"Error": {"Code": "TaskTimedOut", "Message": "gone"}}, name)
        if closes:
            self.open.discard(arguments["taskToken"])

    def send_task_success(self, **arguments: Any) -> None:
        self._take("success", arguments, closes=True)

    def send_task_failure(self, **arguments: Any) -> None:
        self._take("failure", arguments, closes=True)

    def send_task_heartbeat(self, **arguments: Any) -> None:
        self._take("heartbeat", arguments, closes=False)

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


class TickingClock(SimulatedClock):
    """A second passes at every look."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def time(self) -> float:
        self.looks += 1
        return float(self.looks)


def answerer(mesh: MeshBench, sfn: FakeStepFunctions) -> Answerer:
    return Answerer(sfn, mesh.assembler, TickingClock(), Logger("test"))  # type: ignore[arg-type]  # a fake


def trained(mesh: MeshBench) -> tuple[dict[str, Any], GatherMessage]:
    staged = mesh.stage(mesh.upload(overlapping(300)), job="job", **SMALL)
    mesh.run_wave(mesh.leaves(staged))
    run = staged["run"]
    return staged, GatherMessage(job="job", fingerprint=run["fingerprint"], execution="test", token="token-1")


def send(mesh: MeshBench, body: str) -> None:
    mesh.sqs.send_message(QueueUrl=mesh.queue_url, MessageBody=body)


def drain(mesh: MeshBench) -> None:
    while mesh.drainer.drain_once(wait_seconds=0):
        continue


def test_leaves_are_counted_once_however_often_and_in_whatever_order_they_are_reported(
    mesh: MeshBench,
) -> None:
    staged, _ = trained(mesh)
    messages = [message.sealed() for message in mesh.received()]
    for body in (messages + messages)[::-1]:
        send(mesh, body)
    drain(mesh)

    progress = mesh.progress.of("job", staged["run"]["fingerprint"])
    assert progress is not None
    assert progress.leaves == len(messages)
    assert progress.rows == {0: 300, 1: 300}
    assert mesh.received() == []


def test_a_token_is_durable_before_its_message_is_deleted(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, message = trained(mesh)
    mesh.received()
    send(mesh, json.dumps(message.body()))
    kept: list[int] = []
    delete: Callable[..., Any] = mesh.sqs.delete_message_batch

    def look_then_delete(**arguments: Any) -> Any:
        kept.append(len(list(mesh.store.pending())))
        return delete(**arguments)

    monkeypatch.setattr(mesh.sqs, "delete_message_batch", look_then_delete)
    drain(mesh)
    assert kept == [1]
    assert mesh.rung == 1


def test_a_wrong_checksum_goes_to_the_dead_letters_with_its_reason(mesh: MeshBench) -> None:
    send(mesh, LEAF.sealed().replace('"rows":900', '"rows":901'))
    send(mesh, "not json")
    drain(mesh)
    dead = mesh.sqs.receive_message(
        QueueUrl=mesh.dlq_url, MaxNumberOfMessages=10, MessageAttributeNames=["reason"]
    )["Messages"]
    reasons = sorted(message["MessageAttributes"]["reason"]["StringValue"] for message in dead)
    assert reasons[0] == "ChecksumError: the message is not what its checksum says"
    assert reasons[1].startswith("MeshError: the message is not JSON")
    assert mesh.progress.of(LEAF.job, LEAF.fingerprint) is None


def test_a_complete_run_is_assembled_and_its_token_completed(mesh: MeshBench) -> None:
    staged, message = trained(mesh)
    mesh.store.keep_pending(message)
    sfn = FakeStepFunctions("token-1")
    answerer(mesh, sfn).answer_all()

    name, arguments = sfn.calls[-1]
    assert name == "success"
    assert len(arguments["output"]) < 1000
    assert list(mesh.store.pending()) == []
    assert mesh.store.find_assembled(mesh.keys(staged), "test") is not None


def test_heartbeats_are_kept_up_while_it_works(mesh: MeshBench) -> None:
    _, message = trained(mesh)
    mesh.store.keep_pending(message)
    sfn = FakeStepFunctions("token-1")
    one = answerer(mesh, sfn)
    one.answer_all()
    looks = one.clock.looks  # type: ignore[attr-defined]  # the ticking clock's
    assert sfn.names().count("heartbeat") >= looks // (HEARTBEAT_SECONDS + 2) > 1


def test_tokens_behind_the_one_at_work_are_kept_alive_and_dead_ones_forgotten(mesh: MeshBench) -> None:
    _, message = trained(mesh)
    key = mesh.store.keep_pending(message)
    for token in ("later", "dead"):
        mesh.store.keep_pending(message.model_copy(update={"token": token, "execution": token}))
    sfn = FakeStepFunctions("token-1", "later")
    answerer(mesh, sfn).answer(key, message)

    assert "later" in [arguments["taskToken"] for name, arguments in sfn.calls if name == "heartbeat"]
    assert sfn.open == {"later"}
    assert [kept.token for _, kept in mesh.store.pending()] == ["later"]


def test_two_gatherers_at_once_write_the_same_bytes(mesh: MeshBench) -> None:
    """Both take up the same token from S3; each has a disk of its own; the first answer counts."""
    staged, message = trained(mesh)
    mesh.store.keep_pending(message)
    sfn = FakeStepFunctions("token-1")
    pending = list(mesh.store.pending())
    answerer(mesh, sfn).answer(*pending[0])
    first = mesh.read(mesh.assemble(staged).model)
    assembled = mesh.keys(staged).execution("test", "assembled.json")
    mesh.store.objects.delete(assembled)
    sfn.open.add("token-1")
    answerer(mesh, sfn).answer(*pending[0])

    assert mesh.read(mesh.assemble(staged).model) == first
    sfn_gone = FakeStepFunctions()
    answerer(mesh, sfn_gone).answer(*pending[0])
    assert sfn_gone.names() == ["heartbeat"]


def test_a_workflow_that_stopped_waiting_ends_the_work(mesh: MeshBench) -> None:
    staged, message = trained(mesh)
    mesh.store.keep_pending(message)
    sfn = FakeStepFunctions("token-1", gone_after=1)
    answerer(mesh, sfn).answer_all()
    assert "success" not in sfn.names()
    assert list(mesh.store.pending()) == []
    assert mesh.store.find_assembled(mesh.keys(staged), "test") is None


def test_a_lost_report_is_named(mesh: MeshBench) -> None:
    staged, message = trained(mesh)
    manifest = mesh.store.manifest(mesh.keys(staged), "test")
    lost = manifest.packets[1].packet
    mesh.store.objects.delete(mesh.keys(staged).report("leaf", lost))
    mesh.store.keep_pending(message)
    sfn = FakeStepFunctions("token-1")
    answerer(mesh, sfn).answer_all()
    name, arguments = sfn.calls[-1]
    assert (name, arguments["error"]) == ("failure", "MeshError")
    assert lost in arguments["cause"]


def test_leaves_that_are_no_model_fail_the_workflow_by_name(mesh: MeshBench) -> None:
    staged, message = trained(mesh)
    wave = WaveRef.model_validate(mesh.leaves(staged).body())
    assert wave.pending == 0
    manifest = mesh.store.manifest(mesh.keys(staged), "test")
    mesh.store.put_manifest(manifest.model_copy(update={"packets": manifest.packets[:1]}))
    mesh.store.keep_pending(message)
    sfn = FakeStepFunctions("token-1")
    answerer(mesh, sfn).answer_all()
    name, arguments = sfn.calls[-1]
    assert (name, arguments["error"]) == ("failure", "InvariantError")


def test_progress_forgets_the_oldest_job() -> None:
    progress = Progress(most_jobs=2)
    for job in ("a", "b", "c"):
        assert progress.count(LEAF.model_copy(update={"job": job}))
    assert progress.of("a", LEAF.fingerprint) is None
    assert progress.of("c", LEAF.fingerprint) is not None


def test_nothing_appears_under_the_models_name_when_an_upload_breaks(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        yield b"x" * (20 << 20)
        yield b"y" * (20 << 20)
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="disk"):
        mesh.store.objects.upload("model.json", broken())
    assert mesh.store.objects.find("model.json") is None
    assert mesh.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


def test_a_large_object_arrives_in_parts(mesh: MeshBench) -> None:
    pieces = [bytes([65 + n]) * (3 << 20) for n in range(9)]
    assert mesh.store.objects.upload("large", iter(pieces)) == 27 << 20
    assert mesh.store.objects.get("large") == b"".join(pieces)
