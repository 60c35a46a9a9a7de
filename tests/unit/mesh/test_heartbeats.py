"""Heartbeats: kept up while work goes on, for everybody who waits, and not for work that hangs."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from gatherer import heartbeats as module
from gatherer.heartbeats import HandedOverError, Heartbeats, TokenGoneError
from snakebatch.mesh.messages import GatherMessage
from tests.support.mesh import MeshBench
from tests.unit.mesh.test_gatherer import FakeStepFunctions

PATIENCE = 30
MESSAGE = GatherMessage(job="job", fingerprint="f" * 32, execution="test", token="token-1")


class Watched(FakeStepFunctions):
    """Sets an event once a condition holds after a call."""

    def __init__(self, *tokens: str, until: int = 5) -> None:
        super().__init__(*tokens)
        self.until = until
        self.reached = threading.Event()

    def send_task_heartbeat(self, **arguments: Any) -> None:
        try:
            super().send_task_heartbeat(**arguments)
        finally:
            if len(self.calls) >= self.until:
                self.reached.set()

    def beaten(self) -> set[str]:
        return {arguments["taskToken"] for name, arguments in self.calls if name == "heartbeat"}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.001)


def heartbeats(mesh: MeshBench, sfn: FakeStepFunctions, stopping: bool = False) -> Heartbeats:
    return Heartbeats(sfn, mesh.store, Logger("test"), lambda: stopping)  # type: ignore[arg-type]  # a fake


def another(token: str) -> GatherMessage:
    return MESSAGE.model_copy(update={"token": token, "execution": token})


def test_they_are_kept_up_while_one_step_takes_long(mesh: MeshBench) -> None:
    sfn = Watched("token-1", until=4)
    with heartbeats(mesh, sfn).during(MESSAGE):
        assert sfn.reached.wait(PATIENCE)
    assert sfn.names() == ["heartbeat"] * len(sfn.calls)


def test_none_comes_once_the_work_is_done(mesh: MeshBench) -> None:
    sfn = Watched("token-1", until=2)
    with heartbeats(mesh, sfn).during(MESSAGE):
        assert sfn.reached.wait(PATIENCE)
    assert "heartbeats" not in {thread.name for thread in threading.enumerate()}


def test_tokens_behind_the_one_at_work_are_kept_alive_and_dead_ones_forgotten(mesh: MeshBench) -> None:
    later = mesh.store.keep_pending(another("later"))
    mesh.store.keep_pending(another("dead"))
    sfn = Watched("token-1", "later", until=12)
    with heartbeats(mesh, sfn).during(MESSAGE):
        assert sfn.reached.wait(PATIENCE)
    assert sfn.beaten() == {"token-1", "later", "dead"}
    assert [arguments["taskToken"] for _, arguments in sfn.calls].count("dead") == 1
    assert mesh.store.pending_keys() == [later]


def test_a_kept_token_is_read_once(mesh: MeshBench, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        mesh.store.keep_pending(another(f"later-{number}"))
    reads: list[str] = []
    find = mesh.store.find_pending

    def counted(key: str) -> GatherMessage | None:
        reads.append(key)
        return find(key)

    monkeypatch.setattr(mesh.store, "find_pending", counted)
    sfn = Watched("token-1", "later-0", "later-1", "later-2", until=20)
    with heartbeats(mesh, sfn).during(MESSAGE):
        assert sfn.reached.wait(PATIENCE)
    assert len(reads) == len(set(reads)) == 3


def test_a_token_that_is_gone_before_ends_the_work_at_once(mesh: MeshBench) -> None:
    with pytest.raises(TokenGoneError), heartbeats(mesh, FakeStepFunctions()).during(MESSAGE):
        pytest.fail("there was nothing to do")


def test_a_token_that_goes_meanwhile_ends_the_work_at_its_next_step(mesh: MeshBench) -> None:
    sfn = Watched("token-1", until=4)
    sfn.gone_after = 1
    with heartbeats(mesh, sfn).during(MESSAGE) as step:
        assert sfn.reached.wait(PATIENCE)
        with pytest.raises(TokenGoneError):
            step()


def test_a_gatherer_that_is_to_end_ends_at_the_next_step(mesh: MeshBench) -> None:
    sfn = FakeStepFunctions("token-1")
    with pytest.raises(HandedOverError), heartbeats(mesh, sfn, stopping=True).during(MESSAGE) as step:
        step()


def test_work_that_hangs_is_no_longer_vouched_for(mesh: MeshBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STUCK_ROUNDS", 3)
    sfn = FakeStepFunctions("token-1")
    with heartbeats(mesh, sfn).during(MESSAGE):
        (thread,) = [found for found in threading.enumerate() if found.name == "heartbeats"]
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert sfn.names() == ["heartbeat"] * 3


def test_a_bad_moment_of_aws_ends_no_heartbeat(mesh: MeshBench) -> None:
    class Throttling(Watched):
        def _take(self, name: str, arguments: dict[str, Any], *, closes: bool) -> None:
            super()._take(name, arguments, closes=closes)
            if len(self.calls) == 2:
                raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slower"}}, name)

    sfn = Throttling("token-1", until=4)
    with heartbeats(mesh, sfn).during(MESSAGE) as step:
        assert sfn.reached.wait(PATIENCE)
        step()
