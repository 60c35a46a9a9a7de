"""The gatherer's threads: they start, survive AWS's bad moments, stop, and do not hide a fault."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import EndpointConnectionError

from gatherer import service as service_module
from gatherer.health import Pulse
from gatherer.progress import Progress
from gatherer.service import Service
from snakebatch.clock import SimulatedClock


class Parts:
    """A drainer and an answerer in one, whose work is given."""

    def __init__(self, drain: Callable[[], object], answer: Callable[[], object]) -> None:
        self.progress = Progress()
        self.drain_once = drain
        self.answer_all = answer


def service(drain: Callable[[], object], answer: Callable[[], object]) -> Service:
    parts = Parts(drain, answer)
    pulse = Pulse(SimulatedClock())
    return Service(
        parts,  # type: ignore[arg-type]  # a fake
        parts,  # type: ignore[arg-type]  # a fake
        threads=4,
        logger=Logger("test"),
        pulse=pulse,
        stopping=threading.Event(),
    )


def test_four_receivers_drain_while_one_answers_until_it_is_stopped() -> None:
    together = threading.Barrier(4)
    looked, answered = threading.Event(), threading.Event()
    drained: set[str] = set()

    def drain() -> None:
        # Passes only when four threads are in it at once.
        together.wait(timeout=30)
        drained.add(threading.current_thread().name)
        looked.wait(timeout=30)
        running.asked.set()
        answered.wait(timeout=30)
        running.stop()

    rounds: list[int] = []

    def answer() -> None:
        # The first look is at what an earlier life left; the second comes because a receiver rang.
        rounds.append(1)
        (answered if looked.is_set() else looked).set()

    running = service(drain, answer)
    running.run()
    assert drained == {f"receiver-{index}" for index in range(4)}
    assert len(rounds) >= 2


def test_a_bad_moment_of_aws_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "RETRY_SECONDS", 0)
    tries: list[int] = []

    def answer() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
        running.stop()

    running = service(lambda: running.stopping.wait(30), answer)
    running.run()
    assert len(tries) == 3


def test_a_token_that_a_dead_gatherer_kept_is_found_without_a_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "LOOK_SECONDS", 0)
    looks: list[int] = []

    def answer() -> None:
        looks.append(1)
        if len(looks) == 3:
            running.stop()

    running = service(lambda: running.stopping.wait(30), answer)
    running.run()
    assert len(looks) == 3


def test_a_receivers_fault_ends_the_gatherer_too() -> None:
    def drain() -> None:
        raise RuntimeError("a receiver's fault")

    running = service(drain, lambda: None)
    with pytest.raises(RuntimeError, match="a receiver's fault"):
        running.run()
    assert running.stopping.is_set()


def test_a_fault_ends_the_gatherer_so_that_it_is_restarted() -> None:
    def answer() -> None:
        raise RuntimeError("a fault")

    running = service(lambda: running.stopping.wait(30), answer)
    with pytest.raises(RuntimeError, match="a fault"):
        running.run()
    assert running.stopping.is_set()
