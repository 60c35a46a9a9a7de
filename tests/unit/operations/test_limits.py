"""What deploy-check says of accounts of several sizes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snakebatch.operations.limits import Account, advise

USUAL = Account(
    region="eu-west-3",
    concurrency=1000,
    unreserved=1000,
    own_reserved=0,
    code_bytes_used=0,
    code_bytes_allowed=80_530_636_800,
    spawn_per_minute=1000,
)
YOUNG = replace(USUAL, concurrency=10, unreserved=10, spawn_per_minute=None)


def test_a_usual_account_reserves_nine_at_most() -> None:
    advice = advise(USUAL, 9)
    assert advice.problems == []
    assert advice.reserved_most == 9
    assert advice.reserved == 9
    assert advice.rate == pytest.approx(1000 / 60)


@pytest.mark.parametrize(
    ("account", "reserved", "says"),
    [
        (USUAL, 10, "ShardReservedConcurrency=9"),
        (YOUNG, 1, "ShardReservedConcurrency=0"),
        (replace(USUAL, unreserved=300), 3, "ShardReservedConcurrency=2"),
        (replace(USUAL, code_bytes_used=80_530_000_000), 0, "L-2ACBD22F"),
        (replace(USUAL, vcpus=1), 0, "GathererMode=lambda"),
        (replace(USUAL, orphan_bucket="sb-jobs"), 0, "choose another Prefix"),
    ],
)
def test_what_can_t_be_deployed_is_a_problem_that_says_what_to_set(
    account: Account, reserved: int, says: str
) -> None:
    (problem,) = advise(account, reserved).problems
    assert says in problem


def test_a_raise_that_would_do_is_named() -> None:
    (problem,) = advise(USUAL, 10).problems
    assert "by 100" in problem
    raised = replace(USUAL, concurrency=1100, unreserved=1100)
    assert advise(raised, 10).problems == []


def test_a_young_account_deploys_without_reservation_and_without_slots() -> None:
    advice = advise(YOUNG, 0)
    assert advice.problems == []
    assert advice.reserved_most == advice.slots_most == 0
    assert any("L-B99A9384" in note for note in advice.notes)
    assert any("FunctionMemory=3008" in note for note in advice.notes)
    assert not any("FunctionMemory" in note for note in advise(USUAL, 0).notes)
    assert any("slots 0" in note for note in advice.notes)
    assert any("L-A1AFA3CF" in note for note in advice.notes)


def test_what_this_deployment_holds_already_is_free_for_it() -> None:
    deployed = replace(USUAL, unreserved=100, own_reserved=900)
    assert advise(deployed, 9).problems == []


def test_slots_are_those_that_are_reserved_where_shards_reserve() -> None:
    assert advise(USUAL, 2).slots_most == 200
    assert advise(USUAL, 0).slots_most == 900


def test_a_machine_that_could_not_be_replaced_is_noted() -> None:
    advice = advise(replace(USUAL, vcpus=2), 0)
    assert advice.problems == []
    assert any("L-1216C47A" in note for note in advice.notes)
    assert advise(replace(USUAL, vcpus=5), 0).notes == []


def test_a_higher_spawn_quota_is_a_higher_rate() -> None:
    raised = advise(replace(USUAL, spawn_per_minute=6000), 0)
    assert raised.rate == 100
    assert raised.children > advise(USUAL, 0).children
