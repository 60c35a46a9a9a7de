"""Who polls is told within a second, also where looking takes longer; what is told says how old it is."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from gatherer.api import status_cache
from gatherer.api.status_cache import FRESH_SECONDS, StatusCache
from snakebatch.clock import SimulatedClock
from snakebatch.errors import UnknownJobError
from snakebatch.mesh.job_status import JobStatus


class Looker:
    """Looks that wait for the gate, and count."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.looks = 0
        self.error: Exception | None = None

    def __call__(self, model_id: str) -> JobStatus:
        self.looks += 1
        assert self.gate.wait(60)
        if self.error is not None:
            raise self.error
        return JobStatus(
            model_id=model_id, status="RUNNING", state=f"look {self.looks}", started=0.0, seconds=0.0
        )


@pytest.fixture
def looker(monkeypatch: pytest.MonkeyPatch) -> Looker:
    monkeypatch.setattr(status_cache, "WAIT_SECONDS", 0.01)
    return Looker()


def told(answer: tuple[bytes, float]) -> tuple[Any, float]:
    return JobStatus.model_validate_json(answer[0]).state, answer[1]


def test_while_a_look_takes_long_the_last_one_is_told_with_its_age(looker: Looker) -> None:
    clock = SimulatedClock()
    cache = StatusCache(looker, lambda _: False, clock)

    async def poll() -> None:
        assert told(await cache.status("a")) == ("look 1", 0.0)
        looker.gate.clear()
        clock.sleep(5 * FRESH_SECONDS)
        for _ in range(3):
            assert told(await cache.status("a")) == ("look 1", 5 * FRESH_SECONDS)
        looker.gate.set()
        while cache._looking:
            await asyncio.sleep(0)
        assert told(await cache.status("a")) == ("look 2", 0.0)

    asyncio.run(poll())
    assert looker.looks == 2


def test_a_job_that_nobody_has_looked_at_is_waited_for(looker: Looker) -> None:
    cache = StatusCache(looker, lambda _: False, SimulatedClock())
    looker.gate.clear()

    async def poll() -> None:
        asked = [asyncio.create_task(cache.status("a")) for _ in range(20)]
        done, _ = await asyncio.wait(asked, timeout=0.05)
        assert not done
        looker.gate.set()
        assert {told(answer) for answer in await asyncio.gather(*asked)} == {("look 1", 0.0)}

    asyncio.run(poll())
    assert looker.looks == 1


def test_a_few_looks_at_a_time_leave_threads_for_others(looker: Looker) -> None:
    cache = StatusCache(looker, lambda _: False, SimulatedClock())
    looker.gate.clear()

    async def poll() -> None:
        asked = [asyncio.create_task(cache.status(f"job-{number}")) for number in range(50)]
        await asyncio.wait(asked, timeout=0.2)
        assert looker.looks <= status_cache._LOOKS
        looker.gate.set()
        await asyncio.gather(*asked)

    asyncio.run(poll())
    assert looker.looks == 50


def test_a_look_that_fails_is_told_to_who_waits_and_tried_again(looker: Looker) -> None:
    clock = SimulatedClock()
    cache = StatusCache(looker, lambda _: False, clock)

    async def poll() -> None:
        await cache.status("a")
        looker.error = UnknownJobError("there is no job 'a'")
        looker.gate.clear()
        clock.sleep(FRESH_SECONDS)
        assert told(await cache.status("a"))[0] == "look 1", "nothing new is known yet"
        looker.gate.set()
        while cache._looking:
            await asyncio.sleep(0)
        with pytest.raises(UnknownJobError):
            await cache.status("a")

    asyncio.run(poll())
    assert looker.looks == 3
