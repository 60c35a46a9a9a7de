"""Plans: the same for the same seed, others for others, and with all kinds of fault in them."""

from __future__ import annotations

from collections import Counter

from snakebatch.chaos.kinds import END, KINDS, SLOTS, SLOTS_PUT
from snakebatch.chaos.plan import FEWEST, MOST, plan

PLANS = [plan("s", number) for number in range(1, 201)]


def test_same_seed_same_faults() -> None:
    assert [plan("s", number) for number in range(1, 201)] == PLANS


def test_another_seed_or_number_is_another_plan() -> None:
    assert len({(made.shape, made.faults) for made in PLANS}) == len(PLANS)
    assert plan("t", 1).faults != plan("s", 1).faults


def test_two_hundred_plans_have_every_kind() -> None:
    planned = Counter(fault.kind.name for made in PLANS for fault in made.faults)
    assert planned.keys() == KINDS.keys()


def test_a_plan_has_one_hard_fault_at_most_and_each_end_once() -> None:
    for made in PLANS:
        assert FEWEST - 3 <= len(made.faults) <= MOST + 1
        assert sum(fault.kind.hard for fault in made.faults) <= 1
        assert len({fault.kind for fault in made.faults if fault.kind.moment == END}) <= 1
        assert [fault.number for fault in made.faults] == list(range(1, len(made.faults) + 1))


def test_what_strikes_slots_is_planned_for_who_has_some() -> None:
    assert {made.shape.slots for made in PLANS} == {0, 2}
    for made in PLANS:
        moments = {fault.kind.moment for fault in made.faults}
        assert made.shape.slots or not moments & {SLOTS, SLOTS_PUT}


def test_faults_are_within_their_kinds() -> None:
    for made in PLANS:
        for fault in made.faults:
            assert 1 <= fault.at <= fault.kind.latest
            assert 1 <= fault.times <= fault.kind.times
            assert 0 <= fault.draw < 1
            assert fault.kind.name in fault.mark


def test_the_jobs_are_of_many_shapes_and_their_tables_the_same_each_time() -> None:
    shapes = {made.shape for made in PLANS}
    assert len(shapes) > 50
    shape = PLANS[0].shape
    assert shape.table() == shape.table()
    assert shape.table().count("\n") == shape.rows + 1
    assert shape.input()["target"] == "y"
