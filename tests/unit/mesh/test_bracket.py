"""Provisioned slots: switched on as asked, within the pace, and never anybody else's off."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from snakebatch.errors import BracketError, MeshError, PlanError
from snakebatch.local.lambdas.provisioned import ProvisionedConcurrency
from snakebatch.mesh.bracket import LONGEST_OPENING
from snakebatch.mesh.messages import parse
from snakebatch.mesh.requests import BracketEvent
from snakebatch.mesh.routing import Ring
from snakebatch.planner.rate import LEAST_INVOCATION, SPAWN_RATE, WINDOW, max_concurrency
from tests.support.brackets import PREFIX, BracketBench, Death, Killed, arn

PUT, DELETE = "put_provisioned_concurrency_config", "delete_provisioned_concurrency_config"


def test_slots_go_one_a_shard_and_then_evenly() -> None:
    assert set(Ring(95, 12).levels()) == {f"{n % 100:02d}" for n in range(95, 107)}
    assert set(Ring(0, 100).levels().values()) == {1}
    levels = Ring(7, 250).levels()
    assert sum(levels.values()) == 250
    assert set(levels.values()) == {2, 3}


def test_a_bracket_opens_and_is_ready_once_all_slots_are(bench: BracketBench) -> None:
    opened = bench.run("open", execution="a", job="job", slots=12)
    assert not opened["ready"]
    assert bench.on == Ring.of("job", 12).levels()
    started = bench.clock.time()
    answer = bench.open_until_ready(execution="a", job="job", slots=12)
    assert answer["ready"]
    assert answer["slots"] == 12
    assert 90 <= bench.clock.time() - started <= 120


def test_no_slots_ask_lambda_for_nothing(bench: BracketBench) -> None:
    bench.run("admit", execution="a", packets=1000)
    answer = bench.run("open", execution="a", job="job", slots=0)
    assert answer["ready"]
    assert answer["max_concurrency"] == max_concurrency(SPAWN_RATE, seconds=LEAST_INVOCATION)
    assert bench.run("close", execution="a")["closed"]
    assert bench.provisioned.requests == []


def test_slots_come_on_top_of_what_the_lease_allows(bench: BracketBench) -> None:
    admitted = bench.run("admit", execution="a", packets=1000, slots=12)
    assert admitted["max_concurrency"] == max_concurrency(SPAWN_RATE, slots=12, seconds=LEAST_INVOCATION)
    ready = bench.open_until_ready(execution="a", job="job", slots=12)
    assert ready["max_concurrency"] == admitted["max_concurrency"]


def test_a_hundred_shards_are_switched_within_the_control_plane_s_pace(bench: BracketBench) -> None:
    bench.open_until_ready(execution="a", job="job", slots=100)
    bench.run("close", execution="a")
    times = [time for time, _, _ in bench.provisioned.requests]
    assert len(times) >= 300
    for start in times:
        assert sum(start <= time < start + 1.0 for time in times) <= 15
    assert bench.on == {}


def test_two_brackets_add_up_and_never_switch_each_other_off(bench: BracketBench) -> None:
    bench.open_until_ready(execution="a", job="job", slots=12)
    bench.open_until_ready(execution="b", job="job", slots=20)
    both = Ring.of("job", 12).levels().keys()
    assert {shard for shard, level in bench.on.items() if level == 2} == both
    bench.run("close", execution="b")
    assert bench.on == Ring.of("job", 12).levels()
    bench.run("close", execution="a")
    assert bench.on == {}


def test_closing_says_what_was_open_and_how_long(bench: BracketBench) -> None:
    bench.open_until_ready(execution="a", job="job", slots=3)
    bench.clock.sleep(100)
    closed = bench.run("close", execution="a")
    assert (closed["closed"], closed["slots"]) == (True, 3)
    assert closed["open_seconds"] >= 190
    again = bench.run("close", execution="a")
    assert again == {"closed": True, "slots": 0, "open_seconds": 0.0, "memory_gb": 4.0}


def test_a_close_that_had_to_be_repeated_still_says_what_was_open(bench: BracketBench) -> None:
    """Else the receipt would leave the slots out of the run's cost."""
    bench.open_until_ready(execution="a", job="job", slots=3)
    bench.clock.sleep(100)
    bench.provisioned.requests_per_second = 0.0
    with pytest.raises(BracketError):
        bench.run("close", execution="a")
    bench.provisioned.requests_per_second = None
    closed = bench.run("close", execution="a")
    assert closed["slots"] == 3
    assert closed["open_seconds"] >= 190
    assert bench.function().table.read().records == {}


def test_what_is_being_closed_counts_for_nothing_and_can_be_opened_again(bench: BracketBench) -> None:
    bench.open_until_ready(session="s", slots=2, minutes=60)
    bench.provisioned.requests_per_second = 0.0
    with pytest.raises(BracketError):
        bench.run("close", session="s")
    brackets = bench.function().table.read()
    assert (brackets.wanted(), brackets.standing("session/s")) == ({}, "closed")
    assert brackets.sessions(bench.clock.time()) == []
    bench.provisioned.requests_per_second = None
    assert bench.open_until_ready(session="s", slots=2, minutes=60)["slots"] == 2
    assert len(bench.on) == 2


def test_an_account_of_ten_goes_on_on_demand_or_gives_up(bench: BracketBench) -> None:
    bench.provisioned.account_limit = 10
    bench.run("admit", execution="a", packets=1000, slots=4)
    answer = bench.run("open", execution="a", job="job", slots=4)
    assert answer["ready"]
    assert answer["slots"] == 0
    assert answer["max_concurrency"] == max_concurrency(SPAWN_RATE, seconds=LEAST_INVOCATION)
    assert "minimum value of [10]" in answer["reason"]
    assert bench.on == {}
    with pytest.raises(PlanError, match=r"can't be had: .*minimum value of \[10\].*L-B99A9384"):
        bench.run("open", execution="b", job="job", slots=4, slots_required=True)
    assert bench.on == {}


def test_what_went_through_before_a_refusal_is_switched_off(bench: BracketBench) -> None:
    bench.provisioned.account_limit = 140
    answer = bench.run("open", execution="a", job="job", slots=60)
    assert "minimum value of [100]" in answer["reason"]
    puts = [name for _, operation, name in bench.provisioned.requests if operation.startswith("Put")]
    assert len(puts) == 41, "after the refusal it asks no more"
    assert bench.on == {}


def test_a_refused_bracket_costs_the_other_nothing(bench: BracketBench) -> None:
    bench.provisioned.account_limit = 112
    bench.open_until_ready(execution="a", job="job", slots=12)
    assert bench.run("open", execution="b", job="job", slots=1)["reason"]
    assert bench.open_until_ready(execution="a", job="job", slots=12)["slots"] == 12
    assert bench.on == Ring.of("job", 12).levels()


def test_a_failed_allocation_ends_the_bracket_with_its_reason(bench: BracketBench) -> None:
    failing = f"{PREFIX}-{list(Ring.of('job', 5).levels())[3]}"
    bench.provisioned.failing = {failing: "FUNCTION_ERROR_INIT_FAILURE"}
    answer = bench.open_until_ready(execution="a", job="job", slots=5)
    assert answer["slots"] == 0
    assert answer["reason"] == f"{failing}: FUNCTION_ERROR_INIT_FAILURE"
    assert bench.on == {}
    with pytest.raises(PlanError, match="FUNCTION_ERROR_INIT_FAILURE"):
        bench.open_until_ready(execution="a", job="job", slots=5, slots_required=True)
    assert bench.on == {}


def test_slots_that_never_come_are_given_up(bench: BracketBench) -> None:
    bench.provisioned.seconds = 1e9
    started = bench.clock.time()
    answer = bench.open_until_ready(execution="a", job="job", slots=5)
    assert "within 10 minutes" in answer["reason"]
    assert LONGEST_OPENING < bench.clock.time() - started < LONGEST_OPENING + 60
    assert bench.on == {}


def test_throttling_is_outlasted(bench: BracketBench) -> None:
    """Somebody else deploys at the same time, and leaves 4 requests a second."""
    bench.provisioned.requests_per_second = 4.0
    assert bench.open_until_ready(execution="a", job="job", slots=40)["slots"] == 40
    bench.run("close", execution="a")
    assert bench.on == {}


def test_a_lambda_out_of_reach_says_so_and_the_next_request_goes_on(bench: BracketBench) -> None:
    bench.provisioned.requests_per_second = 0.0
    answer = bench.run("open", execution="a", job="job", slots=3)
    assert not answer["ready"]
    assert "put off 6 requests" in answer["reason"]
    bench.provisioned.requests_per_second = None
    ready = bench.run("ready", execution="a", slots=3)
    while not ready["ready"]:
        bench.clock.sleep(ready["wait_seconds"])
        ready = bench.run("ready", execution="a", slots=3)
    assert (ready["slots"], ready["reason"]) == (3, None)


def test_a_lambda_that_stays_out_of_reach_is_done_without(bench: BracketBench) -> None:
    bench.provisioned.requests_per_second = 0.0
    answer = bench.open_until_ready(execution="a", job="job", slots=3)
    assert answer["slots"] == 0
    assert "put off 6 requests" in answer["reason"]
    with pytest.raises(BracketError, match="put off 6 requests"):
        bench.run("close", execution="a")
    bench.provisioned.requests_per_second = None
    bench.run("close", execution="a")
    assert bench.function().table.read().shards == {}


def test_a_shard_that_can_not_be_switched_off_keeps_no_other_on(bench: BracketBench) -> None:
    bench.open_until_ready(execution="a", job="job", slots=12)
    first = min(bench.on)
    bench.refuse(DELETE, {first})
    for _ in range(2):
        with pytest.raises(BracketError, match="own trouble"):
            bench.run("close", execution="a")
        assert [*bench.on] == [first]


def test_a_shard_that_can_not_be_switched_off_keeps_nobody_from_opening(bench: BracketBench) -> None:
    bench.open_until_ready(execution="a", job="job", slots=1)
    bench.refuse(DELETE, {*bench.on})
    with pytest.raises(BracketError):
        bench.run("close", execution="a")
    assert bench.open_until_ready(execution="b", job="other", slots=3)["slots"] == 3


def test_giving_up_ends_before_the_function_does(bench: BracketBench) -> None:
    """A Lambda that never answers: each request takes its whole read timeout."""

    def silent(**arguments: Any) -> Any:
        bench.clock.sleep(10)
        raise ReadTimeoutError(endpoint_url="https://lambda")

    bench.provisioned.put_provisioned_concurrency_config = silent  # type: ignore[method-assign]  # its fate
    bench.run("open", execution="a", job="job", slots=3)
    bench.clock.sleep(LONGEST_OPENING)
    bench.provisioned.delete_provisioned_concurrency_config = silent  # type: ignore[method-assign]  # its fate
    before = bench.clock.time()
    assert bench.run("ready", execution="a", slots=3)["ready"]
    assert bench.clock.time() - before < 120


def test_who_holds_the_switch_may_take_it_again(bench: BracketBench) -> None:
    """DynamoDB's client repeats a write whose answer was lost, and then finds what it wrote itself."""
    switching = bench.function().switching
    assert switching._take("one")
    assert switching._take("one")
    assert not switching._take("another")


def test_closing_does_not_wait_for_what_another_is_about_to_get(bench: BracketBench) -> None:
    with pytest.raises(Killed):
        bench.run("open", Death(PUT, 3), execution="a", job="job", slots=12)
    before = bench.clock.time()
    assert bench.run("close", execution="b")["closed"]
    assert bench.clock.time() == before


def test_an_execution_that_was_stopped_while_it_opened_leaves_nothing(bench: BracketBench) -> None:
    """Its event came before its record was written, so nobody would close it."""
    bench.end("a")
    bench.run("close", execution="a")
    bench.run("open", execution="a", job="job", slots=3)
    assert bench.on == {}
    assert bench.function().table.read().records == {}


@pytest.mark.parametrize("call", [1, 2, 7, 12])
def test_a_crash_between_two_puts_can_be_closed(bench: BracketBench, call: int) -> None:
    with pytest.raises(Killed):
        bench.run(
            "open", Death("put_provisioned_concurrency_config", call), execution="a", job="job", slots=12
        )
    assert len(bench.on) == call - 1
    assert list(bench.function().table.read().records) == [arn("a")], "the intent was there before the first"
    bench.clock.sleep(200)  # the dead one's switch is taken from it
    bench.run("close", execution="a")
    assert bench.on == {}


def test_a_crash_right_after_a_put_can_be_closed_too(bench: BracketBench) -> None:
    """What Lambda did and the table does not know: the table knows that it does not know."""
    with pytest.raises(Killed):
        bench.run("open", Death("put_item", 4), execution="a", job="job", slots=2)
    assert len(bench.on) == 2
    bench.clock.sleep(200)
    bench.run("close", execution="a")
    assert bench.on == {}


def test_a_close_that_dies_is_finished_by_the_next(bench: BracketBench) -> None:
    bench.open_until_ready(execution="a", job="job", slots=12)
    with pytest.raises(Killed):
        bench.run("close", Death(DELETE, 5), execution="a")
    assert len(bench.on) == 8
    bench.clock.sleep(200)
    bench.run("close", execution="a")
    assert bench.on == {}


def test_while_another_switches_closing_waits_and_then_calls_for_a_retry(bench: BracketBench) -> None:
    bench.open_until_ready(execution="a", job="job", slots=2)
    assert bench.function().switching._take("another")
    with pytest.raises(BracketError, match="close it again"):
        bench.run("close", execution="a")
    bench.clock.sleep(200)
    bench.run("close", execution="a")
    assert bench.on == {}


def test_slots_that_somebody_switched_off_by_hand_come_back_while_it_opens(bench: BracketBench) -> None:
    bench.run("open", execution="a", job="job", slots=2)
    shard = next(iter(bench.on))
    bench.provisioned.delete_provisioned_concurrency_config(
        FunctionName=f"{PREFIX}-{shard}", Qualifier="live"
    )
    assert bench.open_until_ready(execution="a", slots=2, job="job")["slots"] == 2
    assert len(bench.on) == 2


def test_slots_never_bring_a_window_over_the_rate() -> None:
    """What is beside the slots keeps the rule; a warm slot spawns nothing."""
    for slots in (0, 5, 200):
        on_demand = max_concurrency(SPAWN_RATE, slots=slots) - slots
        assert on_demand * (1 + WINDOW / 0.7) <= SPAWN_RATE * WINDOW


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"action": "close"}, "execution and session"),
        ({"action": "close", "execution": arn("a"), "session": "b"}, "execution and session"),
        ({"action": "sweep", "session": "b"}, "none"),
        ({"action": "admit", "session": "b"}, "admitted"),
        ({"action": "open", "session": "b"}, "one slot"),
        ({"action": "open", "session": "b", "slots": 1, "minutes": 0}, "minutes"),
        ({"action": "close", "execution": "name-only"}, "execution"),
        ({"action": "admit", "execution": arn("a"), "min_share": 0.01}, "min_share"),
    ],
)
def test_an_event_that_says_too_little_or_too_much_is_refused(fields: dict[str, object], says: str) -> None:
    with pytest.raises(MeshError, match=says):
        parse(BracketEvent, fields)


def test_a_pace_stands_between_any_two_requests(bench: BracketBench) -> None:
    bench.run("open", execution="a", job="job", slots=30)
    times = [time for time, _, _ in bench.provisioned.requests]
    assert all(after - before >= 0.0999 for before, after in pairwise(times))


def test_one_that_never_gets_ready_does_not_hold_up_another(bench: BracketBench) -> None:
    stuck = Ring.of("stuck", 3).levels()
    slow = ProvisionedConcurrency(bench.provisioned.exists, bench.clock, seconds=1e9)
    answer = bench.provisioned.get_provisioned_concurrency_config

    def get(*, FunctionName: str, Qualifier: str) -> dict[str, Any]:
        if FunctionName[-2:] in stuck:
            slow.put_provisioned_concurrency_config(
                FunctionName=FunctionName, Qualifier=Qualifier, ProvisionedConcurrentExecutions=1
            )
            return slow.get_provisioned_concurrency_config(FunctionName=FunctionName, Qualifier=Qualifier)
        return answer(FunctionName=FunctionName, Qualifier=Qualifier)

    bench.provisioned.get_provisioned_concurrency_config = get  # type: ignore[method-assign]  # one shard's fate
    bench.run("open", execution="stuck", job="stuck", slots=3)
    assert min(stuck) < min(Ring.of("job", 3).levels()), "the stuck ones would be asked first"
    assert bench.open_until_ready(execution="b", job="job", slots=3)["slots"] == 3
    assert bench.function().table.read().standing(arn("stuck")) == "allocating"
