"""The gatherer's answer to probes, and what its pulse is."""

from __future__ import annotations

import threading

from aws_lambda_powertools import Logger

from gatherer.health import PATIENCE, Pulse
from gatherer.progress import Progress
from gatherer.service import Service
from snakebatch.clock import SimulatedClock
from snakebatch.version import ENGINE, VERSION
from tests.support.api import ApiBench


def test_a_gatherer_that_looks_at_the_queue_is_alive(api: ApiBench) -> None:
    api.clock.sleep(PATIENCE)
    answer = api.anybody().get("/v9/health?from=probe")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "silent_seconds": PATIENCE,
        "version": VERSION,
        "engine": ENGINE,
    }


def test_a_silent_gatherer_is_not_until_it_looks_again(api: ApiBench) -> None:
    api.clock.sleep(PATIENCE + 1)
    assert api.anybody().get("/v9/health").status_code == 503
    api.pulse.beat()
    assert api.anybody().get("/v9/health").status_code == 200


class Receiving:
    """A drainer whose look takes a hundred seconds, and then ends the service."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.progress = Progress()
        self.clock = clock
        self.running: Service

    def drain_once(self) -> None:
        self.clock.sleep(100)
        self.running.stop()

    def answer_all(self) -> None:
        self.running.stopping.wait(30)


def test_a_look_at_the_queue_is_what_beats() -> None:
    clock = SimulatedClock()
    parts, pulse = Receiving(clock), Pulse(clock)
    parts.running = Service(
        parts,  # type: ignore[arg-type]  # a fake
        parts,  # type: ignore[arg-type]  # a fake
        threads=1,
        logger=Logger("test"),
        pulse=pulse,
        stopping=threading.Event(),
    )
    parts.running.run()
    assert pulse.silence() == 0.0


def test_the_part_that_has_been_silent_longest_counts() -> None:
    clock = SimulatedClock()
    pulse = Pulse(clock)
    pulse.beat("answerer")
    clock.sleep(PATIENCE + 1)
    pulse.beat("receivers")
    assert pulse.report()[0] is False
    pulse.beat("answerer")
    assert pulse.report()[0] is True
