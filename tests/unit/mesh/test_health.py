"""The gatherer's answer to probes: over a socket of loopback, with a simulated clock."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from aws_lambda_powertools import Logger

from gatherer.health import PATIENCE, Pulse, health_server
from gatherer.service import Service
from snakebatch.clock import SimulatedClock
from snakebatch.version import VERSION


def get(port: int, path: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_gatherer_that_looks_at_the_queue_is_alive() -> None:
    clock = SimulatedClock()
    pulse = Pulse(clock)
    clock.sleep(PATIENCE)
    with health_server(pulse, 0) as port:
        status, said = get(port, "/v9/health?from=probe")
    assert status == 200
    assert said["status"] == "ok"
    assert said["silent_seconds"] == PATIENCE
    assert said["version"] == VERSION


def test_a_silent_gatherer_is_not_until_it_looks_again() -> None:
    clock = SimulatedClock()
    pulse = Pulse(clock)
    with health_server(pulse, 0) as port:
        clock.sleep(PATIENCE + 1)
        assert get(port, "/v9/health")[0] == 503
        pulse.beat()
        assert get(port, "/v9/health")[0] == 200


@pytest.mark.parametrize("path", ["/", "/v9/healthy", "/v9"])
def test_any_other_path_is_unknown(path: str) -> None:
    with health_server(Pulse(SimulatedClock()), 0) as port:
        assert get(port, path)[0] == 404


class Receiving:
    """A drainer whose look takes a hundred seconds, and then ends the service."""

    def __init__(self, clock: SimulatedClock) -> None:
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
    )
    parts.running.run()
    assert pulse.silence() == 0.0
