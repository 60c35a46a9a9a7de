"""Inside an environment: the clock that is set, the handler that raises; and a clock that hurries outside."""

from __future__ import annotations

import json
import threading

import pytest

from snakebatch.chaos.gathering import WAITS
from snakebatch.chaos.hasty import HastyClock
from snakebatch.chaos.inside import ORDERS, Clock, CrashError, disturbed

DAY = 86_400.0


def orders(monkeypatch: pytest.MonkeyPatch, **given: object) -> None:
    monkeypatch.setenv(ORDERS, json.dumps(given))


def test_the_clock_is_set_with_each_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    handler = disturbed(lambda event, context: clock.time(), clock)
    orders(monkeypatch, now=DAY)
    assert handler({}, None) == pytest.approx(DAY, abs=60)
    orders(monkeypatch, now=50 * DAY)
    assert handler({}, None) == pytest.approx(50 * DAY, abs=60)


def test_sleeping_passes_all_of_the_time_and_takes_a_hundredth() -> None:
    clock = Clock()
    clock.set(DAY)
    clock.sleep(1.0)
    assert clock.time() - DAY >= 0.99


@pytest.mark.parametrize(("when", "worked"), [("before", 0), ("after", 1)])
def test_a_handler_crashes_before_its_work_or_after_it(
    monkeypatch: pytest.MonkeyPatch, when: str, worked: int
) -> None:
    done: list[int] = []
    handler = disturbed(lambda event, context: done.append(1), Clock())
    orders(monkeypatch, crash=[when, "chaos fault 1"])
    with pytest.raises(CrashError, match="chaos fault 1"):
        handler({}, None)
    assert len(done) == worked


def test_an_order_is_for_one_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = disturbed(lambda event, context: event, Clock())
    orders(monkeypatch, crash=["before", "chaos fault 1"])
    with pytest.raises(CrashError):
        handler({}, None)
    assert handler("hello", None) == "hello"


def test_the_gatherer_s_waits_have_the_names_that_chaos_shortens() -> None:
    for module, name in WAITS:
        assert getattr(__import__(module, fromlist=[name]), name) > 0


# The clock of Step Functions


def test_a_hasty_clock_hurries_to_what_is_waited_for() -> None:
    clock = HastyClock(speed=1e6)
    begun = clock.time()
    clock.sleep(DAY)
    assert clock.time() - begun >= DAY
    clock.close()


def test_a_hasty_clock_stands_while_somebody_works() -> None:
    clock = HastyClock(speed=1e6)
    done = threading.Event()
    with clock.holding():
        begun = clock.time()
        clock.call_at(begun + DAY, done.set)
        assert clock.time() == begun
        assert not done.is_set()
    assert done.wait(10)
    clock.close()


def test_a_jump_makes_what_was_waited_for_due() -> None:
    clock = HastyClock(speed=1e-6)
    done, never = threading.Event(), threading.Event()
    clock.call_at(clock.time() + DAY, never.set).cancel()
    clock.call_at(clock.time() + DAY, done.set)
    clock.jump(2 * DAY)
    assert done.wait(10)
    assert not never.is_set()
    clock.close()
