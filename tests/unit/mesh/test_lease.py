"""The lease: no two executions together over the rate, and nobody waits for ever behind the dead."""

from __future__ import annotations

import random

import pytest

from snakebatch.clock import SimulatedClock
from snakebatch.errors import MeshError, PlanError
from snakebatch.mesh.bracket import MOST_TRIES, Bracket
from snakebatch.mesh.lease import HOLD, LEAST_SHARE, QUEUE_HOLD, Budget, LeaseTable
from snakebatch.mesh.requests import BracketEvent
from snakebatch.planner.rate import SPAWN_RATE
from tests.support.mesh import TABLE, MeshBench


@pytest.fixture
def leases(mesh: MeshBench) -> LeaseTable:
    return LeaseTable(mesh.dynamodb, TABLE, mesh.clock)


def later(mesh: MeshBench, seconds: float) -> None:
    assert isinstance(mesh.clock, SimulatedClock)
    with mesh.clock.holding():
        mesh.clock.sleep(seconds)


def test_shares_never_pass_the_rate_together() -> None:
    draw, budget, now = random.Random(1), Budget(), 0.0
    for _ in range(2000):
        now += draw.random() * 100
        name = f"run-{draw.randrange(12)}"
        if draw.random() < 0.3:
            budget.release(name)
        else:
            budget.ask(name, LEAST_SHARE, draw.uniform(LEAST_SHARE, SPAWN_RATE), now, SPAWN_RATE)
        assert sum(share for share, _ in budget.leases.values()) <= SPAWN_RATE + 1e-6


def test_the_first_in_the_queue_goes_first(leases: LeaseTable, mesh: MeshBench) -> None:
    assert leases.ask("big", packets=1000) == SPAWN_RATE
    assert leases.ask("second", packets=5) is None
    later(mesh, 1)
    assert leases.ask("third", packets=5) is None
    leases.release("big")
    assert leases.ask("third", packets=5) is None
    assert leases.ask("second", packets=5) == LEAST_SHARE
    assert leases.ask("third", packets=5) == LEAST_SHARE


def test_a_small_run_leaves_room_for_others(leases: LeaseTable) -> None:
    shares = [leases.ask(name, packets=5) for name in ("a", "b", "c")]
    assert shares == [LEAST_SHARE] * 3


def test_asking_again_gives_the_same_share(leases: LeaseTable) -> None:
    assert leases.ask("a", packets=100) == leases.ask("a", packets=9)


def test_who_died_in_the_queue_or_with_a_lease_stops_blocking(leases: LeaseTable, mesh: MeshBench) -> None:
    leases.ask("dead", packets=1000)
    leases.ask("impatient", packets=5)
    later(mesh, QUEUE_HOLD + 1)
    assert leases.ask("waiting", packets=5) is None
    later(mesh, HOLD)
    assert leases.ask("waiting", packets=5) == LEAST_SHARE


def test_a_renewed_lease_lives_on(leases: LeaseTable, mesh: MeshBench) -> None:
    leases.ask("a", packets=1000)
    later(mesh, HOLD - 10)
    assert leases.renew("a")
    later(mesh, HOLD - 10)
    assert leases.ask("b", packets=5) is None
    assert not leases.renew("nobody")


def test_two_writers_at_once_both_count(mesh: MeshBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second writer read before the first wrote: its write is refused, and it reads again."""
    first, second = (LeaseTable(mesh.dynamodb, TABLE, mesh.clock) for _ in range(2))
    read = second._read
    raced = iter([True])

    def late() -> tuple[Budget, int]:
        answer = read()
        if next(raced, False):
            first.ask("first", packets=1000)
        return answer

    monkeypatch.setattr(second, "_read", late)
    assert second.ask("second", packets=5) is None
    assert list(first.read().leases) == ["first"]


def test_a_table_that_never_stands_still_is_an_error(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = LeaseTable(mesh.dynamodb, TABLE, mesh.clock)
    table.ask("a", packets=5)
    monkeypatch.setattr(table, "_read", lambda: (Budget(), 99))
    with pytest.raises(MeshError, match="changed under"):
        table.release("a")


def test_the_bracket_admits_waits_and_gives_up(leases: LeaseTable) -> None:
    bracket = Bracket(leases)
    asking = BracketEvent(action="admit", execution="a", packets=1000)
    admitted = bracket.run(asking)
    assert admitted["admitted"]
    assert admitted["max_concurrency"] == 10
    other = bracket.run(asking.model_copy(update={"execution": "b"}))
    assert other["admitted"] is False
    assert other["tries"] == 1
    with pytest.raises(PlanError, match="try again"):
        bracket.run(asking.model_copy(update={"execution": "b", "tries": MOST_TRIES - 1}))
    bracket.run(BracketEvent(action="close", execution="a"))
    assert bracket.run(asking.model_copy(update={"execution": "b"}))["admitted"]


def test_closing_what_was_never_opened_is_no_error(leases: LeaseTable) -> None:
    assert Bracket(leases).run(BracketEvent(action="close", execution="never")) == {"closed": True}


def test_slots_are_refused_where_no_stack_provides_them(leases: LeaseTable) -> None:
    with pytest.raises(PlanError, match="ask for 0"):
        Bracket(leases).run(BracketEvent(action="open", execution="a", slots=3))
