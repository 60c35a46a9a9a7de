"""The gatherer: durable before deleted, complete before assembled, and harmless twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from gatherer import heartbeats
from gatherer.answering import MOST_TRIES, Answerer
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


def answerer(mesh: MeshBench, sfn: FakeStepFunctions) -> Answerer:
    return Answerer(sfn, mesh.assembler, Logger("test"))  # type: ignore[arg-type]  # a fake


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
        kept.append(len(mesh.store.pending_keys()))
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
    assert mesh.store.pending_keys() == []
    assert mesh.store.find_assembled(mesh.keys(staged), "test") is not None


def test_two_gatherers_at_once_write_the_same_bytes(mesh: MeshBench) -> None:
    """Both take up the same token from S3; each has a disk of its own; the first answer counts."""
    staged, message = trained(mesh)
    key = mesh.store.keep_pending(message)
    sfn = FakeStepFunctions("token-1")
    answerer(mesh, sfn).answer(key, message)
    first = mesh.read(mesh.assemble(staged).model)
    assembled = mesh.keys(staged).execution("test", "assembled.json")
    mesh.store.objects.delete(assembled)
    sfn.open.add("token-1")
    answerer(mesh, sfn).answer(key, message)

    assert mesh.read(mesh.assemble(staged).model) == first
    sfn_gone = FakeStepFunctions()
    answerer(mesh, sfn_gone).answer(key, message)
    assert sfn_gone.names() == ["heartbeat"]


def endless(job: str, fingerprint: str, execution: str, step: Callable[[], None]) -> Any:
    """In place of an assembly: steps until it is told to end."""
    for _ in range(10_000):
        step()
        threading.Event().wait(0.001)
    pytest.fail("nobody ended it")


def test_a_workflow_that_stopped_waiting_ends_the_work(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, message = trained(mesh)
    mesh.store.keep_pending(message)
    monkeypatch.setattr(heartbeats, "HEARTBEAT_SECONDS", 0.001)
    monkeypatch.setattr(mesh.assembler, "assemble", endless)
    sfn = FakeStepFunctions("token-1", gone_after=1)
    answerer(mesh, sfn).answer_all()
    assert set(sfn.names()) == {"heartbeat"}
    assert mesh.store.pending_keys() == []


def test_a_gatherer_that_is_told_to_end_leaves_the_model_to_the_next_one(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged, message = trained(mesh)
    mesh.store.keep_pending(message)
    mesh.store.keep_pending(message.model_copy(update={"token": "token-2"}))
    sfn = FakeStepFunctions("token-1", "token-2")
    stopping = threading.Event()
    ending = Answerer(sfn, mesh.assembler, Logger("test"), stopping.is_set)  # type: ignore[arg-type]  # a fake

    def told_meanwhile(job: str, fingerprint: str, execution: str, step: Callable[[], None]) -> Any:
        stopping.set()
        step()
        pytest.fail("it went on")

    with monkeypatch.context() as patched:
        patched.setattr(mesh.assembler, "assemble", told_meanwhile)
        ending.answer_all()
    assert set(sfn.names()) == {"heartbeat"}
    assert len(mesh.store.pending_keys()) == 2

    answerer(mesh, sfn).answer_all()
    assert sfn.names().count("success") == 2
    assert mesh.store.find_assembled(mesh.keys(staged), "test") is not None


def throttled(*_: Any, **__: Any) -> Any:
    raise ClientError({"Error": {"Code": "SlowDown", "Message": "slower"}}, "GetObject")


def test_one_model_that_fails_keeps_no_other_waiting(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the place at which this gatherer begins, both are tried in one look."""
    _, message = trained(mesh)
    mesh.store.keep_pending(message)
    bad = mesh.store.keep_pending(message.model_copy(update={"token": "token-2", "execution": "bad"}))
    sfn = FakeStepFunctions("token-1", "token-2")
    assemble = mesh.assembler.assemble

    def half(job: str, fingerprint: str, execution: str, step: Any) -> Any:
        return throttled() if execution == "bad" else assemble(job, fingerprint, execution, step)

    monkeypatch.setattr(mesh.assembler, "assemble", half)
    trying = answerer(mesh, sfn)
    for tries in range(1, MOST_TRIES + 1):
        with pytest.raises(ClientError, match="SlowDown"):
            trying.answer_all()
        assert sfn.open == {"token-2"}
        assert mesh.store.pending_keys() == ([bad] if tries < MOST_TRIES else [])


def test_a_fault_of_one_assembly_leaves_that_model_to_the_workflow(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, message = trained(mesh)
    mesh.store.keep_pending(message)
    monkeypatch.setattr(mesh.assembler, "assemble", lambda *_: 1 / 0)
    sfn = FakeStepFunctions("token-1")
    Answerer(sfn, mesh.assembler, Logger("fault")).answer_all()  # type: ignore[arg-type]  # a fake
    assert sfn.names() == ["heartbeat"]
    assert mesh.store.pending_keys() == []
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["level"], said["job"], said["execution"]) == ("ERROR", "job", "test")
    assert said["exception_name"] == "ZeroDivisionError"


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
