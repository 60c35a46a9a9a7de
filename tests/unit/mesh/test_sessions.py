"""Sessions: slots that several jobs share, and that end by their time."""

from __future__ import annotations

from snakebatch.mesh.routing import Ring
from tests.support.brackets import BracketBench, arn


def test_the_jobs_of_a_session_share_its_slots(bench: BracketBench) -> None:
    bench.open_until_ready(session="afternoon", slots=12, minutes=30)
    first = bench.run("admit", execution="a", packets=1000, joins_session=True, max_share=0.5)
    assert first["slots"] == 12
    second = bench.run("admit", execution="b", packets=1000, joins_session=True)
    assert second["slots"] == 0, "the first has them until its next wave"
    renewed = bench.renew("a", packets=1000, max_share=0.5)
    assert (renewed.slots, renewed.ring) == (6, Ring.of("session/afternoon", 12))
    assert bench.renew("b", packets=1000).slots == 6
    bench.run("close", execution="a")
    assert bench.renew("b", packets=1000).slots == 12
    assert len(bench.on) == 12, "a job's end does not end the session"


def test_a_job_with_slots_of_its_own_takes_none_of_a_session(bench: BracketBench) -> None:
    bench.open_until_ready(session="afternoon", slots=12, minutes=30)
    bench.run("admit", execution="a", packets=1000, slots=3, joins_session=False)
    assert bench.open_until_ready(execution="a", job="job", slots=3)["slots"] == 3
    assert sum(bench.on.values()) == 15


def test_a_session_is_listed_with_those_who_use_it(bench: BracketBench) -> None:
    bench.open_until_ready(session="afternoon", slots=12, minutes=30)
    bench.run("admit", execution="a", packets=1000, joins_session=True)
    (listed,) = bench.run("list")["brackets"]
    assert (listed["holder"], listed["slots"], listed["standing"]) == ("session/afternoon", 12, "ready")
    assert listed["executions"] == [arn("a")]
    assert listed["expiry"] - listed["opened"] == 1800


def test_a_session_ends_at_its_expiry_and_by_hand(bench: BracketBench) -> None:
    bench.open_until_ready(session="a", slots=2, minutes=30)
    bench.open_until_ready(session="b", slots=3, minutes=60)
    bench.clock.sleep(30 * 60)
    assert bench.run("expire") == {"closed": 1}
    assert len(bench.on) == 3
    assert bench.run("close", session="b")["slots"] == 3
    assert bench.on == {}


def test_a_session_that_is_opened_again_lasts_longer_and_may_grow(bench: BracketBench) -> None:
    bench.open_until_ready(session="a", slots=2, minutes=30)
    bench.clock.sleep(20 * 60)
    bench.open_until_ready(session="a", slots=5, minutes=30)
    bench.clock.sleep(20 * 60)
    assert bench.run("expire") == {"closed": 0}
    assert len(bench.on) == 5


def test_a_job_that_has_slots_of_its_own_by_plan_reserves_none_of_a_session(bench: BracketBench) -> None:
    bench.open_until_ready(session="afternoon", slots=12, minutes=30)
    bench.run("admit", execution="a", packets=1000, slots=3)
    bench.open_until_ready(execution="a", job="job", slots=3)
    paced = bench.renew("a", packets=1000, slots=3)
    assert (paced.slots, paced.ring) == (3, Ring.of("job", 3))
    assert bench.function().leases.read().leases[arn("a")].session is None


def test_a_session_that_was_closed_is_no_longer_counted_on(bench: BracketBench) -> None:
    bench.open_until_ready(session="afternoon", slots=12, minutes=30)
    bench.run("admit", execution="a", packets=1000, joins_session=True)
    assert bench.renew("a", packets=1000).slots == 12
    bench.run("close", session="afternoon")
    assert bench.renew("a", packets=1000).slots == 0


def test_of_several_sessions_the_one_with_most_to_give_is_joined(bench: BracketBench) -> None:
    for name, slots in (("small", 2), ("large", 9), ("middle", 4)):
        bench.open_until_ready(session=name, slots=slots, minutes=30)
    assert bench.run("admit", execution="a", packets=50, joins_session=True)["slots"] == 9
    assert bench.run("admit", execution="b", packets=5, joins_session=True)["slots"] == 4
