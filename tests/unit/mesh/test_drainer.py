"""What a receiver does with a batch that goes wrong in part, and how much of it all is kept in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import EndpointConnectionError

from gatherer import drainer as module
from gatherer.drainer import LAST_TRY, Drainer
from gatherer.progress import Progress
from snakebatch.local import deployment
from snakebatch.mesh.messages import GatherMessage
from tests.support.mesh import MeshBench
from tests.support.template import resources
from tests.unit.mesh.test_gatherer import send
from tests.unit.mesh.test_messages import LEAF

ASKED = GatherMessage(job="job", fingerprint="f" * 32, execution="test", token="token-1")


@pytest.fixture(autouse=True)
def _seen_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VISIBILITY_SECONDS", 0)


def dead(mesh: MeshBench) -> Iterator[tuple[str, str]]:
    """Body and reason of every dead letter."""
    answer = mesh.sqs.receive_message(
        QueueUrl=mesh.dlq_url, MaxNumberOfMessages=10, MessageAttributeNames=["reason"]
    )
    for message in answer.get("Messages", []):
        yield message["Body"], message["MessageAttributes"]["reason"]["StringValue"]


def refuse(*_: Any, **__: Any) -> None:
    raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")


def test_a_message_that_fails_stays_and_the_others_of_its_batch_go(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(mesh, json.dumps(ASKED.body()))
    send(mesh, LEAF.sealed())
    with monkeypatch.context() as bad_moment:
        bad_moment.setattr(mesh.store, "keep_pending", refuse)
        assert mesh.drainer.drain_once(wait_seconds=0) == 2
    assert mesh.rung == 0
    assert mesh.progress.totals() == {"leaves": 1, "failed": 1}

    assert mesh.drainer.drain_once(wait_seconds=0) == 1
    assert mesh.rung == 1
    assert len(mesh.store.pending_keys()) == 1
    assert mesh.drainer.drain_once(wait_seconds=0) == 0


@pytest.mark.parametrize("fault", [refuse, lambda _: 1 / 0])
def test_a_message_that_always_fails_reaches_the_dead_letters_with_its_reason(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    send(mesh, json.dumps(ASKED.body()))
    monkeypatch.setattr(mesh.store, "keep_pending", fault)
    for _ in range(LAST_TRY - 1):
        assert mesh.drainer.drain_once(wait_seconds=0) == 1
        assert list(dead(mesh)) == []
    mesh.drainer.drain_once(wait_seconds=0)
    ((body, reason),) = dead(mesh)
    assert json.loads(body) == ASKED.body()
    assert reason.startswith(("ZeroDivisionError: ", "EndpointConnectionError: "))
    assert mesh.drainer.drain_once(wait_seconds=0) == 0


def test_a_message_that_can_not_even_be_refused_stays(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mesh.sqs, "send_message", refuse)
    assert mesh.drainer.take("no message", tries=LAST_TRY) is False
    assert mesh.drainer.take(LEAF.sealed(), tries=LAST_TRY) is True


def test_the_last_try_is_the_queues_own() -> None:
    queue = resources()["ReportsQueue"]["Properties"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == LAST_TRY
    assert deployment._MAX_RECEIVE_COUNT == LAST_TRY


def test_what_was_not_deleted_is_counted_and_told(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def half_failing(**arguments: Any) -> dict[str, Any]:
        return {"Failed": [{"Id": "0", "Code": "ReceiptHandleIsInvalid", "SenderFault": True}]}

    monkeypatch.setattr(mesh.sqs, "delete_message_batch", half_failing)
    drainer = Drainer(
        mesh.sqs, mesh.queue_url, mesh.dlq_url, mesh.store, mesh.progress, lambda: None, Logger("undeleted")
    )
    send(mesh, LEAF.sealed())
    drainer.drain_once(wait_seconds=0)
    drainer.drain_once(wait_seconds=0)

    assert mesh.progress.totals() == {"leaves": 1, "repeated": 1, "undeleted": 2}
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["level"], said["messages"], said["codes"]) == ("WARNING", 1, ["ReceiptHandleIsInvalid"])


def leaf(job: str, node: str = "0") -> Any:
    return LEAF.model_copy(update={"job": job, "node": node})


def test_progress_forgets_the_job_that_was_quiet_longest() -> None:
    progress = Progress(most_jobs=2)
    for job in ("a", "b", "a", "c"):
        progress.count(leaf(job))
    assert progress.of("b", LEAF.fingerprint) is None
    assert progress.of("a", LEAF.fingerprint) is not None
    assert progress.of("c", LEAF.fingerprint) is not None


def test_progress_is_bounded_in_leaves_too() -> None:
    progress = Progress(most_leaves=10)
    for number in range(6):
        assert progress.count(leaf("a", f"{number:b}"))
    for number in range(50):
        assert progress.count(leaf("b", f"{number:b}")) is (number < 10)
    assert progress.of("a", LEAF.fingerprint) is None
    crowded = progress.of("b", LEAF.fingerprint)
    assert crowded is not None
    assert (len(crowded.seen), crowded.leaves, crowded.whole) == (10, 10, False)
    assert progress.count(leaf("b", "0")) is False
    assert progress.count(leaf("c"))
