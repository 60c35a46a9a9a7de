"""2 and 20 executions on a simulated clock: never above the rate, all served, nothing lost to a crash."""

from __future__ import annotations

import heapq
import random
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snakebatch.clock import SimulatedClock
from snakebatch.mesh.budget import Budget, Want
from snakebatch.planner.rate import SHORT_INVOCATION, SPAWN_RATE, WINDOW
from tests.support.brackets import BracketBench, arn
from tests.support.scale import scaled


@dataclass
class Run:
    """One execution: so many Maps of so many packets; it may die in one of them."""

    name: str
    maps: list[int]
    dies_in: int | None = None
    share: dict[str, float] = field(default_factory=dict)
    tries: int = 0
    done: int = 0
    pace: int = 0
    admitted: bool = False


@dataclass
class Crowd:
    """Plays executions against one bracket function, event by event, and notes every start of a child."""

    bench: BracketBench
    starts: list[float] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def play(self, runs: list[tuple[float, Run]]) -> None:
        order = count()
        clock = self.bench.clock
        now = clock.time()
        agenda = [(now + after, next(order), run) for after, run in runs]
        heapq.heapify(agenda)
        while agenda:
            moment, _, run = heapq.heappop(agenda)
            clock.sleep(moment - clock.time())
            following = self._step(run)
            self._check()
            if following is not None:
                heapq.heappush(agenda, (clock.time() + following, next(order), run))

    def _step(self, run: Run) -> float | None:
        """What the execution does now; returns the seconds until it does the next thing."""
        if not run.admitted:
            answer = self.bench.run(
                "admit", execution=run.name, packets=max(run.maps), tries=run.tries, **run.share
            )
            run.tries, run.admitted, run.pace = answer["tries"], answer["admitted"], answer["max_concurrency"]
            return 0.0 if run.admitted else float(answer["wait_seconds"])
        if run.done == len(run.maps):
            self.bench.run("close", execution=run.name)
            self.bench.end(run.name, "SUCCEEDED")
            self.ended.append(run.name)
            return None
        packets = run.maps[run.done]
        if run.done:
            run.pace = self.bench.renew(run.name, packets=packets, **run.share).max_concurrency
        seconds = self._start(packets, run.pace)
        run.done += 1
        if run.dies_in == run.done:
            self.bench.end(run.name)
            return None
        return seconds

    def _start(self, packets: int, pace: int) -> float:
        """Start a Map's children, as many at a time as its pace; returns how long it takes."""
        now = self.bench.clock.time()
        self.starts.extend(now + SHORT_INVOCATION * (number // pace) for number in range(packets))
        return SHORT_INVOCATION * -(-packets // pace)

    def _check(self) -> None:
        budget = self.bench.function().leases.read()
        assert sum(lease.share for lease in budget.leases.values()) <= SPAWN_RATE + 1e-6

    def fullest_window(self) -> int:
        """The most starts in any window of the rate's rule."""
        starts = sorted(self.starts)
        return max(bisect_left(starts, start + WINDOW) - number for number, start in enumerate(starts))


def test_two_share_and_both_end(bench: BracketBench) -> None:
    crowd = Crowd(bench)
    crowd.play([(0.0, Run("a", [5, 400, 300])), (3.0, Run("b", [5, 200, 200]))])
    assert sorted(crowd.ended) == ["a", "b"]
    assert crowd.fullest_window() <= SPAWN_RATE * WINDOW
    assert bench.function().leases.read().leases == {}


def test_two_and_one_dies_holding_everything(bench: BracketBench) -> None:
    crowd = Crowd(bench)
    crowd.play([(0.0, Run("dies", [1000, 1000], dies_in=1)), (3.0, Run("b", [5, 200]))])
    assert crowd.ended == ["b"]
    assert crowd.fullest_window() <= SPAWN_RATE * WINDOW
    assert bench.function().leases.read().leases == {}


@pytest.mark.parametrize("seed", range(1, scaled(1, 2) + 1))
def test_twenty_share_everyone_is_served_and_no_lease_is_lost(bench: BracketBench, seed: int) -> None:
    draw = random.Random(seed)
    crowd = Crowd(bench)
    runs = []
    for number in range(20):
        maps = [draw.choice([5, 30, 200]) for _ in range(draw.randint(1, 3))]
        share = draw.choice([{}, {}, {"min_share": 0.3}, {"max_share": 0.5}])
        dies_in = draw.randint(1, len(maps)) if number % 4 == 0 else None
        runs.append((draw.uniform(0, 60), Run(f"run-{number:02d}", maps, dies_in, share)))
    crowd.play(runs)
    survivors = {run.name for _, run in runs if run.dies_in is None}
    assert set(crowd.ended) == survivors
    assert crowd.fullest_window() <= SPAWN_RATE * WINDOW
    # What the last dead held goes to the next who asks for all of it.
    bench.clock.sleep(100)
    crowd.play([(0.0, Run("last", [1000], share={"min_share": 1.0}))])
    assert crowd.ended[-1] == "last"
    budget = bench.function().leases.read()
    assert (budget.leases, budget.queue) == ({}, {})


def test_first_come_first_served_in_a_crowd(bench: BracketBench) -> None:
    """All ask for the whole rate, so that only one runs at a time."""
    crowd = Crowd(bench)
    crowd.play([(float(n), Run(f"{n:02d}", [200], share={"min_share": 1.0})) for n in range(8)])
    assert crowd.ended == [f"{n:02d}" for n in range(8)]
    assert crowd.fullest_window() <= SPAWN_RATE * WINDOW


HOLDERS = [arn(f"run-{number}") for number in range(6)]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["grant", "renew", "release", "dead", "alive"]),
        st.sampled_from(HOLDERS),
        st.floats(0.1, 1.0),
        st.floats(0.1, 1.0),
        st.integers(0, 500),
        st.floats(0, 100),
    ),
    max_size=60,
)


@settings(max_examples=scaled(50, 200), deadline=None)
@given(STEPS)
def test_whatever_happens_the_shares_never_pass_the_rate(steps: list[Any]) -> None:
    budget, now = Budget(), SimulatedClock().time()
    for action, holder, least, most, packets, passing in steps:
        now += passing
        shares = sorted((least * SPAWN_RATE, most * SPAWN_RATE))
        want = Want(least=shares[0], ceiling=shares[1], packets=packets)
        if action == "grant":
            budget.grant(holder, want, now, SPAWN_RATE)
        elif action == "renew":
            # An execution's minimum and maximum stay what they were.
            held = budget.leases.get(holder)
            asked = held.want.model_copy(update={"packets": packets}) if held else want
            budget.renew(holder, asked, now, SPAWN_RATE)
        elif action == "release":
            budget.release(holder, now)
        else:
            budget.heard_of(holder, action == "alive", now)
        budget.free(now, SPAWN_RATE)
        cooling = sum(part.share for part in budget.cooling)
        held_now = sum(lease.share for lease in budget.leases.values())
        assert held_now + cooling <= SPAWN_RATE + 1e-6
        assert all(lease.share >= lease.want.least - 1e-6 for lease in budget.leases.values())
        assert not budget.leases.keys() & budget.queue.keys()
