"""The lease: no two executions together over the rate, and nobody waits for ever behind the dead."""

from __future__ import annotations

import pytest

from snakebatch.errors import MeshError, PlanError
from snakebatch.mesh.bracket import FIRST_WAIT, LONGEST_QUEUE, LONGEST_WAIT
from snakebatch.mesh.budget import HOLD, VERIFY_AFTER, Budget, Want
from snakebatch.mesh.lease import LeaseTable
from snakebatch.planner.rate import (
    LEAST_INVOCATION,
    SHORT_INVOCATION,
    SPAWN_RATE,
    WINDOW,
    max_concurrency,
    rate_for,
)
from tests.support.brackets import BracketBench, arn
from tests.support.mesh import TABLE, MeshBench

WHOLE = max_concurrency(SPAWN_RATE, seconds=LEAST_INVOCATION)
"""Children of a Map of many packets, for who has the whole rate."""

LEAST = SPAWN_RATE / 10
EVENTS_A_TURN = 9
"""History events of one round of Admit, Admitted? and AwaitTurn."""


def admit(bench: BracketBench, name: str, packets: int = 5, **fields: object) -> float:
    """The rate given; 0 where it has to wait."""
    answer = bench.run("admit", execution=name, packets=packets, **fields)
    assert answer["admitted"] == (answer["rate"] > 0)
    return float(answer["rate"])


def test_the_first_in_the_queue_goes_first(bench: BracketBench) -> None:
    assert admit(bench, "big", packets=1000) == pytest.approx(SPAWN_RATE, abs=1e-3)
    assert admit(bench, "second") == 0
    bench.clock.sleep(1)
    assert admit(bench, "third") == 0
    bench.run("close", execution="big")
    bench.clock.sleep(WINDOW)
    assert admit(bench, "third") == 0
    assert admit(bench, "second") > 0
    assert admit(bench, "third") > 0


def test_what_was_given_back_is_free_after_the_window_of_its_last_starts(bench: BracketBench) -> None:
    """Else what the one started in the last seconds and the other in the first would be too much together."""
    admit(bench, "a", packets=1000)
    bench.run("close", execution="a")
    assert admit(bench, "b") == 0
    bench.clock.sleep(WINDOW - 1)
    assert admit(bench, "b") == 0
    bench.clock.sleep(1)
    assert admit(bench, "b") > 0


def test_who_waits_is_told_when_enough_comes_back(bench: BracketBench) -> None:
    """Those ahead are served of it first; the growing waits begin anew once nothing more is coming."""
    admit(bench, "a", packets=1000)
    bench.run("admit", execution="first", packets=5, min_share=0.7, tries=12)
    bench.clock.sleep(1)
    bench.run("admit", execution="second", packets=5, min_share=0.5, tries=12)
    bench.run("close", execution="a")
    bench.clock.sleep(4)

    first = bench.run("admit", execution="first", packets=5, min_share=0.7, tries=12)
    assert (first["wait_seconds"], first["tries"]) == (WINDOW - 4, 0)
    second = bench.run("admit", execution="second", packets=5, min_share=0.5, tries=12)
    assert second["wait_seconds"] == WINDOW, "a whole window for the one ahead"
    bench.clock.sleep(WINDOW - 4)
    assert admit(bench, "first", min_share=0.7) > 0
    last = bench.run("admit", execution="second", packets=5, min_share=0.5, tries=0)
    assert (last["wait_seconds"], last["tries"]) == (FIRST_WAIT, 1)


def test_a_small_run_leaves_room_for_others(bench: BracketBench) -> None:
    assert all(admit(bench, name) > 0 for name in "abcd")


def test_few_packets_run_side_by_side_where_there_is_room(bench: BracketBench) -> None:
    """5 packets one after the other would keep to the rule too, and take five times as long."""
    first = bench.run("admit", execution="a", packets=5)
    assert first["max_concurrency"] == 5
    assert first["rate"] == pytest.approx(rate_for(5), abs=1e-3)
    second = bench.run("admit", execution="b", packets=5)
    assert second["rate"] == pytest.approx((SPAWN_RATE - rate_for(5)) / 2, abs=1e-3), "half of the rest"


def test_who_comes_first_leaves_to_the_others_what_they_need(bench: BracketBench) -> None:
    admit(bench, "big", packets=1000)
    for name in "abc":
        assert admit(bench, name, packets=1000) == 0
    bench.run("close", execution="big")
    bench.clock.sleep(WINDOW)
    assert admit(bench, "a", packets=1000) == pytest.approx(SPAWN_RATE - 2 * LEAST, abs=1e-3)
    assert admit(bench, "b", packets=1000) == pytest.approx(LEAST, abs=1e-3)
    assert admit(bench, "c", packets=1000) == pytest.approx(LEAST, abs=1e-3)


def test_a_share_lies_between_its_minimum_and_its_maximum(bench: BracketBench) -> None:
    assert admit(bench, "a", packets=1000, max_share=0.5) == pytest.approx(SPAWN_RATE / 2, abs=1e-3)
    assert admit(bench, "b", packets=5, min_share=0.3) == pytest.approx(0.3 * SPAWN_RATE, abs=1e-3)
    assert admit(bench, "c", packets=1000, min_share=0.3) == 0, "0.2 is free, which is too little for it"
    assert admit(bench, "d", packets=1000) == 0, "and who came later does not overtake it"


def test_asking_again_gives_the_same_share(bench: BracketBench) -> None:
    assert admit(bench, "a", packets=100) == admit(bench, "a", packets=9)


def test_a_wave_gives_back_what_others_need_and_takes_what_is_free(bench: BracketBench) -> None:
    admit(bench, "a", packets=1000)
    assert admit(bench, "b", packets=1000) == 0
    paced = bench.renew("a", packets=1000)
    assert paced.max_concurrency == max_concurrency(0.9 * SPAWN_RATE, seconds=LEAST_INVOCATION)
    assert admit(bench, "b", packets=1000) == 0, "it is free once the window is over"
    bench.clock.sleep(WINDOW)
    assert admit(bench, "b", packets=1000) == pytest.approx(LEAST, abs=1e-3)
    bench.run("close", execution="a")
    bench.clock.sleep(WINDOW)
    assert bench.renew("b", packets=1000).max_concurrency == max_concurrency(
        SPAWN_RATE, seconds=LEAST_INVOCATION
    )


def test_a_small_wave_leaves_the_rest_to_others(bench: BracketBench) -> None:
    admit(bench, "a", packets=1000)
    bench.renew("a", packets=5)
    bench.clock.sleep(WINDOW)
    assert admit(bench, "b", packets=1000) == pytest.approx(SPAWN_RATE - rate_for(5), abs=1e-3)


def test_a_crashed_holder_s_lease_returns_to_who_waits(bench: BracketBench) -> None:
    admit(bench, "dead", packets=1000)
    admit(bench, "waiting")
    bench.end("dead")
    bench.clock.sleep(VERIFY_AFTER)
    assert admit(bench, "waiting") == 0, "its last starts may be seconds old"
    bench.clock.sleep(WINDOW)
    assert admit(bench, "waiting") > 0


def test_who_died_in_the_queue_stops_blocking(bench: BracketBench) -> None:
    admit(bench, "a", packets=1000, max_share=0.5)
    assert admit(bench, "dead", packets=1000, min_share=0.9) == 0
    bench.end("dead", "TIMED_OUT")
    bench.clock.sleep(VERIFY_AFTER)
    assert admit(bench, "b") > 0


def test_a_lease_of_who_runs_outlasts_any_expiry(bench: BracketBench) -> None:
    """A wave may take hours, without a word from the execution."""
    admit(bench, "long", packets=1000)
    for _ in range(5):
        bench.clock.sleep(HOLD)
        assert admit(bench, "waiting") == 0
        bench.run("close", execution="waiting")
    assert bench.renew("long", packets=1000).max_concurrency == max_concurrency(
        SPAWN_RATE, seconds=LEAST_INVOCATION
    )


def test_where_nobody_can_be_asked_the_expiry_decides(bench: BracketBench) -> None:
    admit(bench, "silent", packets=1000)
    bench.executions.reachable = False
    bench.clock.sleep(HOLD - 200)
    assert admit(bench, "waiting") == 0
    bench.clock.sleep(200)
    assert admit(bench, "waiting") == 0
    bench.clock.sleep(WINDOW)
    assert admit(bench, "waiting") > 0


def test_a_lost_lease_is_asked_for_anew_at_the_next_wave(bench: BracketBench) -> None:
    """Somebody resumes an execution whose lease had been taken back."""
    assert bench.renew("resumed", packets=1000).max_concurrency == max_concurrency(
        SPAWN_RATE, seconds=LEAST_INVOCATION
    )
    assert bench.renew("another", packets=1000).max_concurrency == 1
    assert bench.function().leases.read().queue == {}


def test_waits_grow_and_stay_far_from_the_history_s_end(bench: BracketBench) -> None:
    admit(bench, "big", packets=1000)
    waits: list[float] = []

    def wait() -> None:
        while True:
            answer = bench.run("admit", execution="patient", packets=5, tries=len(waits))
            waits.append(answer["wait_seconds"])
            bench.clock.sleep(answer["wait_seconds"])

    with pytest.raises(PlanError, match="try again after them"):
        wait()
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT
    assert LONGEST_QUEUE <= sum(waits) <= LONGEST_QUEUE + LONGEST_WAIT
    assert len(waits) * EVENTS_A_TURN < 25_000 / 10


def test_few_are_asked_of_at_a_time(bench: BracketBench) -> None:
    admit(bench, "big", packets=1000)
    for number in range(40):
        admit(bench, f"waiting-{number:02d}")
    bench.clock.sleep(VERIFY_AFTER)
    bench.executions.asked.clear()
    admit(bench, "waiting-39")
    assert len(bench.executions.asked) == 10
    assert arn("big") in bench.executions.asked, "the longest silent first"


def test_two_writers_at_once_both_count(mesh: MeshBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second writer read before the first wrote: its write is refused, and it reads again."""
    first, second = (LeaseTable(mesh.dynamodb, TABLE, mesh.clock) for _ in range(2))
    read = second.item.read
    raced = iter([True])

    def late() -> tuple[Budget, int]:
        answer = read()
        if next(raced, False):
            first.ask("first", first.want(1000), [])
        return answer

    monkeypatch.setattr(second.item, "read", late)
    assert second.ask("second", second.want(5), []) is None
    assert list(first.read().leases) == ["first"]


def test_a_table_that_never_stands_still_is_an_error(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = LeaseTable(mesh.dynamodb, TABLE, mesh.clock)
    table.ask("a", table.want(5), [])
    held = Budget(leases={"a": table.read().leases["a"]})
    monkeypatch.setattr(table.item, "read", lambda: (held.model_copy(deep=True), 99))
    with pytest.raises(MeshError, match="changed under"):
        table.release("a")


def test_nothing_is_written_where_nothing_changed(mesh: MeshBench) -> None:
    table = LeaseTable(mesh.dynamodb, TABLE, mesh.clock)
    table.ask("a", table.want(5), [])
    version = table.item.read()[1]
    table.release("nobody")
    assert table.item.read()[1] == version


def test_what_is_taken_follows_from_the_packets() -> None:
    want = Want(least=1.0, ceiling=8.0, packets=60)
    assert want.share_of(16.0) == 8.0, "its maximum, though side by side they would need more"
    assert want.share_of(7.0) == 60 / WINDOW
    assert want.share_of(5.0) == 5.0
    assert want.model_copy(update={"packets": 2}).share_of(16.0) == rate_for(2)
    assert want.model_copy(update={"packets": 0}).share_of(16.0) == 1.0


def test_a_low_rate_is_shared_by_as_few_as_keep_it_together(mesh: MeshBench) -> None:
    """One child at a time starts 1.53 a second, whatever part of the rate it was given."""
    table = LeaseTable(mesh.dynamodb, TABLE, mesh.clock, total=5.0)
    leases = [table.ask(name, table.want(1), []) for name in "abcd"]
    admitted = [lease for lease in leases if lease is not None]
    assert len(admitted) == 3
    starts = sum(max_concurrency(lease.share) * (1 + WINDOW / SHORT_INVOCATION) for lease in admitted)
    assert starts <= 5.0 * WINDOW
    assert LeaseTable(mesh.dynamodb, TABLE, mesh.clock, total=0.5).want(1).least == 0.5
