"""The director: what is due strikes at its moment, once for each call, and only while a run is disturbed."""

from __future__ import annotations

from snakebatch.chaos.director import Director
from snakebatch.chaos.kinds import INVOKE, KINDS, S3, S3_READ
from snakebatch.chaos.plan import Fault


def fault(kind: str, at: int, times: int = 1, number: int = 1) -> Fault:
    return Fault(number, KINDS[kind], at, times, 0.5)


def test_a_fault_strikes_at_its_moment_and_no_other() -> None:
    director = Director()
    cold = fault("cold-start", at=2)
    director.begin([cold])
    assert [director.at(moment) for moment in (S3, INVOKE, S3, INVOKE, INVOKE)] == [
        None,
        None,
        None,
        cold,
        None,
    ]


def test_a_fault_goes_on_for_the_same_target() -> None:
    director = Director()
    throttle = fault("throttle", at=1, times=3)
    director.begin([throttle])
    targets = ("a", "b", "a", "b", "a", "a")
    expected = [throttle, None, throttle, None, throttle, None]
    assert [director.at(INVOKE, target=target) for target in targets] == expected


def test_of_two_that_are_due_the_second_waits_for_the_next_moment() -> None:
    director = Director()
    first, second = fault("s3-slow", at=1), fault("s3-503", at=1, number=2)
    director.begin([second, first])
    assert [director.at(S3, S3_READ) for _ in range(3)] == [first, second, None]


def test_only_what_happened_is_counted() -> None:
    director = Director()
    director.begin([fault("cold-start", at=1)])
    taken = director.at(INVOKE)
    assert taken is not None
    assert director.strikes == []
    director.struck(taken)
    director.struck(taken, "request 7")
    assert [strike.evidence for strike in director.strikes] == [(taken.mark,), ("request 7",)]


def test_nothing_strikes_before_it_begins_or_when_it_rests() -> None:
    director = Director()
    assert director.at(INVOKE) is None
    director.begin([fault("cold-start", at=1)])
    director.rest()
    assert director.at(INVOKE) is None
    director.struck(fault("cold-start", at=1))
    assert director.strikes == []


def test_a_new_run_counts_from_nothing() -> None:
    director = Director()
    late = fault("cold-start", at=2)
    for _ in range(2):
        director.begin([late])
        assert director.at(INVOKE) is None
    assert director.at(INVOKE) == late
