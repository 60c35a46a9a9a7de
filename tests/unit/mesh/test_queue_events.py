"""The gatherer as a function on the queue: what it takes in is durable, and it answers at once."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from gatherer.drainer import Drainer
from gatherer.progress import Progress
from gatherer.queue_events import QueueEvents
from tests.support.mesh import MeshBench
from tests.unit.mesh.test_gatherer import FakeStepFunctions, answerer, trained
from tests.unit.mesh.test_messages import LEAF


def gatherer(mesh: MeshBench, sfn: FakeStepFunctions) -> QueueEvents:
    asked = threading.Event()
    drainer = Drainer(
        mesh.sqs, mesh.queue_url, mesh.dlq_url, mesh.store, Progress(), asked.set, Logger("test")
    )
    return QueueEvents(drainer, answerer(mesh, sfn), asked)


def pending(mesh: MeshBench) -> list[str]:
    return mesh.store.pending_keys()


def test_a_model_that_is_asked_for_is_assembled_in_the_same_invocation(mesh: MeshBench) -> None:
    _, message = trained(mesh)
    sfn = FakeStepFunctions(message.token)

    result = gatherer(mesh, sfn).run([(LEAF.sealed(), 1), (message.model_dump_json(), 1)])

    assert result == {"messages": 2, "answered": True}
    assert sfn.names()[-1] == "success"
    assert not pending(mesh)


def test_leaves_alone_wake_nobody(mesh: MeshBench) -> None:
    sfn = FakeStepFunctions()
    assert gatherer(mesh, sfn).run([(LEAF.sealed(), 1)]) == {"messages": 1, "answered": False}
    assert not sfn.calls


def test_what_cannot_be_read_goes_to_the_dead_letters(mesh: MeshBench) -> None:
    gatherer(mesh, FakeStepFunctions()).run([("no message", 1)])
    (dead,) = mesh.sqs.receive_message(QueueUrl=mesh.dlq_url)["Messages"]
    assert dead["Body"] == "no message"


def test_an_error_of_aws_lets_the_batch_come_again(mesh: MeshBench, monkeypatch: pytest.MonkeyPatch) -> None:
    _, message = trained(mesh)
    sfn = FakeStepFunctions(message.token)
    function = gatherer(mesh, sfn)

    def refuse(**arguments: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slower"}}, "SendTaskSuccess")

    with monkeypatch.context() as bad_moment:
        bad_moment.setattr(sfn, "send_task_success", refuse)
        with pytest.raises(ClientError, match="Throttling"):
            function.run([(message.model_dump_json(), 1)])
    assert len(pending(mesh)) == 1

    assert function.run([(message.model_dump_json(), 1)])["answered"]
    assert sfn.names()[-1] == "success"
    assert not pending(mesh)
