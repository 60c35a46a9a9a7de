"""The nets under a bracket, each alone: here those of the event rule and of the sweep.

That of the graph needs the workflow: tests/workflow/test_train_slots.py.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from snakebatch.errors import BracketError
from snakebatch.mesh.budget import VERIFY_AFTER
from snakebatch.mesh.sweep import LONGEST_RUN
from tests.support import eventbridge
from tests.support.brackets import PREFIX, BracketBench, Death, Killed, arn
from tests.support.handlers import ROOT
from tests.support.template import FUNCTION, resources
from tests.support.template import arn as deployed_arn

PUT, DELETE = "put_provisioned_concurrency_config", "delete_provisioned_concurrency_config"
LIST = "list_provisioned_concurrency_configs"
TRAIN = deployed_arn("TrainMachine")


def hand_over(bench: BracketBench, payload: dict[str, Any]) -> dict[str, Any]:
    """What EventBridge does with a target's payload."""
    holder = {"execution": payload["execution"].rpartition(":")[2]} if "execution" in payload else {}
    return bench.run(payload["action"], **holder)


@pytest.fixture
def opened(bench: BracketBench) -> BracketBench:
    """An execution with a lease and 12 slots, old enough for DescribeExecution to know it."""
    bench.run("admit", execution="a", packets=1000, slots=12)
    assert bench.open_until_ready(execution="a", job="job", slots=12)["slots"] == 12
    bench.clock.sleep(VERIFY_AFTER)
    return bench


def nothing_is_left(bench: BracketBench) -> None:
    function = bench.function()
    assert bench.on == {}
    assert function.table.read().records == {}
    assert function.table.read().shards == {}
    assert function.leases.read().leases == {}


# The event rule, alone: the graph did nothing, and there is no sweep


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_the_event_of_an_end_without_success_closes(opened: BracketBench, status: str) -> None:
    opened.end("a", status)
    for payload in eventbridge.delivered(eventbridge.status_event(arn("a"), TRAIN, status)):
        hand_over(opened, payload)
    nothing_is_left(opened)


@pytest.mark.parametrize(
    ("machine", "status"), [(TRAIN, "RUNNING"), (TRAIN, "SUCCEEDED"), (f"{TRAIN}-other", "FAILED")]
)
def test_other_events_close_nothing(machine: str, status: str) -> None:
    assert eventbridge.delivered(eventbridge.status_event(arn("a"), machine, status)) == []


def test_an_event_that_comes_twice_or_late_does_no_harm(opened: BracketBench) -> None:
    """Two executions on the same shards: the second delivery must not count down the other's."""
    opened.run("admit", execution="b", packets=5, slots=12)
    opened.open_until_ready(execution="b", job="job", slots=12)
    opened.end("a")
    (payload,) = eventbridge.delivered(eventbridge.status_event(arn("a"), TRAIN, "ABORTED"))
    hand_over(opened, payload)
    hand_over(opened, payload)
    assert sum(opened.on.values()) == 12
    assert list(opened.function().table.read().records) == [arn("b")]


def test_the_event_closes_what_a_crash_left_half_open(bench: BracketBench) -> None:
    with pytest.raises(Killed):
        bench.run("open", Death(PUT, 6), execution="a", job="job", slots=12)
    bench.end("a", "TIMED_OUT")
    bench.clock.sleep(200)
    (payload,) = eventbridge.delivered(eventbridge.status_event(arn("a"), TRAIN, "TIMED_OUT"))
    hand_over(bench, payload)
    nothing_is_left(bench)


@pytest.mark.parametrize("late", ["renew", "admit"])
def test_an_invocation_that_outlives_its_execution_takes_nothing_again(
    opened: BracketBench, late: str
) -> None:
    """Stopped while NextWave or Admit was at it: the event came and went before they were done."""
    opened.end("a")
    (payload,) = eventbridge.delivered(eventbridge.status_event(arn("a"), TRAIN, "ABORTED"))
    hand_over(opened, payload)
    if late == "renew":
        assert opened.renew("a", 100).max_concurrency == 1
    else:
        assert not opened.run("admit", execution="a", packets=1000, slots=12)["admitted"]
    nothing_is_left(opened)
    assert opened.function().leases.read().queue == {}


def test_an_execution_that_goes_on_after_its_end_gets_its_lease_anew(opened: BracketBench) -> None:
    """As by a redrive: it runs, whatever was given back before."""
    opened.run("close", execution="a")
    opened.clock.sleep(VERIFY_AFTER)
    assert opened.renew("a", 100).max_concurrency > 1
    assert list(opened.function().leases.read().leases) == [arn("a")]


# The sweep, alone: neither graph nor event did anything


def test_the_sweep_closes_what_no_running_execution_holds(opened: BracketBench) -> None:
    opened.run("admit", execution="b", packets=5, slots=3)
    opened.open_until_ready(execution="b", job="job", slots=3)
    opened.clock.sleep(VERIFY_AFTER)
    opened.end("a", "TIMED_OUT")
    swept = hand_over(opened, eventbridge.scheduled("BracketSweepRule"))
    assert swept == {"closed": 1, "expired": 0, "released": 1, "leaked_slots": 12}
    assert sum(opened.on.values()) == 3, "the running one keeps its own"
    opened.end("b", "ABORTED")
    assert hand_over(opened, eventbridge.scheduled("BracketSweepRule"))["leaked_slots"] == 3
    nothing_is_left(opened)


def test_the_sweep_switches_off_what_no_record_explains(bench: BracketBench) -> None:
    """Somebody's console, a table that was restored, an older deployment: wherever it comes from."""
    for shard, qualifier, level in (("00", "live", 1), ("57", "live", 4), ("57", "12", 2)):
        bench.provisioned.put_provisioned_concurrency_config(
            FunctionName=f"{PREFIX}-{shard}", Qualifier=qualifier, ProvisionedConcurrentExecutions=level
        )
    assert hand_over(bench, eventbridge.scheduled("BracketSweepRule"))["leaked_slots"] == 7
    assert bench.provisioned.levels == {}


def test_the_sweep_mends_what_differs_from_the_records(opened: BracketBench) -> None:
    first, second, *_ = opened.on
    opened.provisioned.put_provisioned_concurrency_config(
        FunctionName=f"{PREFIX}-{first}", Qualifier="live", ProvisionedConcurrentExecutions=9
    )
    opened.provisioned.delete_provisioned_concurrency_config(
        FunctionName=f"{PREFIX}-{second}", Qualifier="live"
    )
    assert hand_over(opened, eventbridge.scheduled("BracketSweepRule"))["leaked_slots"] == 8
    assert set(opened.on.values()) == {1}
    assert len(opened.on) == 12


@pytest.mark.parametrize("call", [1, 6, 12])
def test_the_sweep_closes_what_a_crash_left_half_open(bench: BracketBench, call: int) -> None:
    with pytest.raises(Killed):
        bench.run("open", Death(PUT, call), execution="a", job="job", slots=12)
    bench.end("a", "ABORTED")
    bench.clock.sleep(200)
    assert hand_over(bench, eventbridge.scheduled("BracketSweepRule"))["leaked_slots"] == call - 1
    nothing_is_left(bench)


def test_the_sweep_leaves_a_running_execution_alone(opened: BracketBench) -> None:
    swept = hand_over(opened, eventbridge.scheduled("BracketSweepRule"))
    assert swept == {"closed": 0, "expired": 0, "released": 0, "leaked_slots": 0}
    assert len(opened.on) == 12
    assert list(opened.function().leases.read().leases) == [arn("a")]


def test_the_sweep_does_not_take_a_start_that_step_functions_has_not_told_of_for_an_end(
    bench: BracketBench,
) -> None:
    bench.run("open", execution="a", job="job", slots=2)
    del bench.executions.statuses[arn("a")]
    assert hand_over(bench, eventbridge.scheduled("BracketSweepRule"))["closed"] == 0
    assert len(bench.on) == 2


def test_the_sweep_keeps_what_it_can_not_ask_about(opened: BracketBench) -> None:
    opened.executions.reachable = False
    assert hand_over(opened, eventbridge.scheduled("BracketSweepRule"))["closed"] == 0
    assert len(opened.on) == 12


def test_the_sweep_and_the_expiry_close_sessions_by_their_time(bench: BracketBench) -> None:
    for rule in ("BracketSweepRule", "BracketExpiryRule"):
        bench.open_until_ready(session="afternoon", slots=5, minutes=30)
        assert len(bench.on) == 5
        hand_over(bench, eventbridge.scheduled(rule))
        assert len(bench.on) == 5, "not before"
        bench.clock.sleep(30 * 60)
        swept = hand_over(bench, eventbridge.scheduled(rule))
        assert swept.get("leaked_slots", 0) == 0, "a session's end is no leak"
        nothing_is_left(bench)


def test_a_sweep_that_can_not_switch_fails_so_that_it_is_missed(opened: BracketBench) -> None:
    """The alarm on sweeps that stay out is for this."""
    opened.end("a")
    assert opened.function().switching._take("another")
    with pytest.raises(BracketError, match="sweep again"):
        hand_over(opened, eventbridge.scheduled("BracketSweepRule"))


def test_a_leak_is_told_with_its_owner_also_where_it_can_not_be_switched_off(opened: BracketBench) -> None:
    """What nobody can switch off is what the alarm is for."""
    opened.end("a")
    opened.refuse(DELETE, {*opened.on})
    with pytest.raises(BracketError, match="own trouble"):
        hand_over(opened, eventbridge.scheduled("BracketSweepRule"))
    assert opened.leaks == [(12, [arn("a")])]


@pytest.mark.parametrize(("operation", "left"), [(DELETE, 2), (LIST, 0)])
def test_shards_in_trouble_keep_no_other_on(opened: BracketBench, operation: str, left: int) -> None:
    """What a shard does not tell is in the records still, so that it is switched off all the same."""
    opened.end("a")
    troubled = sorted(opened.on)[:2]
    opened.refuse(operation, troubled)
    with pytest.raises(BracketError, match="own trouble"):
        hand_over(opened, eventbridge.scheduled("BracketSweepRule"))
    assert [*opened.on] == troubled[:left]


def test_a_shard_that_does_not_tell_what_it_has_keeps_what_is_its_holder_s(opened: BracketBench) -> None:
    before, shards = dict(opened.on), dict(opened.function().table.read().shards)
    opened.refuse(LIST, {sorted(opened.on)[3]})
    with pytest.raises(BracketError, match="own trouble"):
        hand_over(opened, eventbridge.scheduled("BracketSweepRule"))
    assert opened.on == before
    assert opened.function().table.read().shards == shards
    assert opened.leaks == [(0, [])]


def test_a_bracket_that_is_closed_during_a_sweep_is_no_leak(opened: BracketBench) -> None:
    """An alarm that cries wolf is not read."""
    listed = opened.provisioned.list_provisioned_concurrency_configs

    def listing(**arguments: Any) -> Any:
        opened.function().table.item.change(lambda brackets: brackets.records.pop(arn("a"), None))
        return listed(**arguments)

    opened.provisioned.list_provisioned_concurrency_configs = listing  # type: ignore[method-assign]
    hand_over(opened, eventbridge.scheduled("BracketSweepRule"))
    assert opened.leaks == [(0, [])]
    assert opened.on == {}


def test_a_bracket_older_than_any_execution_is_closed_though_nobody_can_be_asked(
    opened: BracketBench,
) -> None:
    opened.executions.reachable = False
    opened.clock.sleep(LONGEST_RUN)
    assert hand_over(opened, eventbridge.scheduled("BracketSweepRule"))["leaked_slots"] == 12
    assert opened.on == {}


def test_no_execution_lasts_longer_than_the_sweep_believes() -> None:
    assert json.loads((ROOT / "statemachine/train.asl.json").read_text())["TimeoutSeconds"] == LONGEST_RUN


def test_the_sweep_keeps_the_control_plane_s_pace(opened: BracketBench) -> None:
    opened.provisioned.requests.clear()
    opened.end("a")
    hand_over(opened, eventbridge.scheduled("BracketSweepRule"))
    times = [time for time, _, _ in opened.provisioned.requests]
    assert len(times) == 112
    assert times[-1] - times[0] >= 11


# The template


def test_the_sweep_is_hourly_and_every_rule_may_call_the_function() -> None:
    rules = eventbridge.rules()
    assert rules["BracketSweepRule"]["ScheduleExpression"] == "rate(1 hour)"
    assert rules["BracketExpiryRule"]["ScheduleExpression"] == "rate(5 minutes)"
    called = deployed_arn("BracketFunction")
    assert {target["Arn"] for rule in rules.values() for target in rule["Targets"]} == {called}
    permission = eventbridge.resolved(resources()["BracketRulePermission"]["Properties"])
    assert permission["FunctionName"] == called
    assert permission["Principal"] == "events.amazonaws.com"
    for name in rules:
        assert deployed_arn(name).startswith(permission["SourceArn"].removesuffix("*"))


def test_the_alarms_go_by_what_the_sweep_says() -> None:
    alarms = {
        body["Properties"]["MetricName"]: body["Properties"]
        for name, body in resources().items()
        if body["Type"] == "AWS::CloudWatch::Alarm" and name.startswith("Bracket")
    }
    handler = (eventbridge.resources()["BracketFunction"]["Type"], alarms.keys())
    assert handler == (FUNCTION, {"LeakedSlots", "Sweeps"})
    assert alarms["LeakedSlots"]["Threshold"] == 0
    assert alarms["Sweeps"]["TreatMissingData"] == "missing", "no sweep, no metric: INSUFFICIENT_DATA"
    for alarm in alarms.values():
        assert alarm["Namespace"] == "SnakeBatch"
        assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Ref": "Prefix"}}]
