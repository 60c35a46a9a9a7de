"""What the grid says of packets and shards, against counting one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as some

from snakebatch.mesh.activity import Handed, RunActivity, replayed, shard_views, timeline, totals
from snakebatch.mesh.invocation import Invocation
from snakebatch.mesh.messages import Role
from snakebatch.mesh.routing import SHARDS, shard_name

START = 1_750_000_000.0
ROLES: tuple[Role, ...] = ("divide", "conquer", "leaf")


def invocation(
    packet: str, shard: str, *, role: Role = "leaf", at: float = 0.0, took: float = 1.0
) -> Invocation:
    return Invocation(packet, role, shard, at < 1, START + at, took)


@some.composite
def activities(draw: some.DrawFn) -> RunActivity:
    """A run somewhere in its course: whole waves done, the last one begun."""
    shard = some.integers(0, 7).map(shard_name)
    sizes = draw(some.lists(some.integers(1, 8), min_size=1, max_size=3))
    handed, made = [], {}
    reported: set[str] = set()
    for wave, size in enumerate(sizes):
        last = wave == len(sizes) - 1
        for number in range(size):
            one = Handed(f"{wave}-{number}", draw(some.sampled_from(ROLES)), wave, draw(shard))
            handed.append(one)
            if not last or draw(some.booleans()):
                reported.add(one.packet)
                if draw(some.integers(0, 9)):
                    at, took = draw(some.integers(0, 40)) / 4, draw(some.integers(1, 12)) / 4
                    made[one.packet] = invocation(one.packet, one.shard, role=one.role, at=at, took=took)
    ended = draw(some.none() | some.just(START + 60))
    open_packets = [one.packet for one in handed if one.packet not in reported]
    failed = draw(some.sets(some.sampled_from(open_packets))) if open_packets and ended else set()
    return RunActivity(
        model_id="run",
        status="RUNNING" if ended is None else "FAILED",
        started=START - 1,
        ended=ended,
        handed=tuple(handed),
        reported=frozenset(reported),
        invocations=made,
        at_work=draw(some.integers(0, 6)),
        failed=frozenset(failed),
    )


@settings(deadline=None, max_examples=60)
@given(activities())
def test_every_packet_is_in_one_state(run: RunActivity) -> None:
    at_work, waiting = run.in_flight(), run.waiting()
    open_packets = [one for one in run.handed if one.packet not in run.reported | run.failed]
    assert at_work + waiting == (open_packets if run.running else [])
    assert len(at_work) == (min(run.at_work, len(open_packets)) if run.running else 0)


@settings(deadline=None, max_examples=60)
@given(some.lists(activities(), max_size=3))
def test_shards_count_what_their_packets_are(runs: Sequence[RunActivity]) -> None:
    views = shard_views(runs, {"03": 7})
    assert [view.shard for view in views] == [shard_name(number) for number in range(SHARDS)]
    for view in views:
        mine = [(run, one) for run in runs for one in run.handed if one.shard == view.shard]
        assert view.done == sum(one.packet in run.reported for run, one in mine)
        assert view.in_flight == sum(one in run.in_flight() for run, one in mine)
        assert view.waiting == sum(one in run.waiting() for run, one in mine)
        assert view.failed == sum(one.packet in run.failed for run, one in mine)
        made = [run.invocations[one.packet] for run, one in mine if one.packet in run.invocations]
        assert view.cold_starts == sum(one.cold for one in made)
        assert view.ended == max((one.ended for one in made), default=None)
        assert (view.state == "idle") == (not (view.done or view.in_flight or view.waiting or view.failed))
        assert (view.state == "running") == (view.in_flight > 0)
        assert view.throttles == (7 if view.shard == "03" else 0)
    summed = totals(views, runs)
    assert summed.done == sum(len(run.reported) for run in runs)
    assert summed.throttles == 7
    assert summed.shards_at_work == len({one.shard for run in runs for one in run.in_flight()})


def test_nobody_knows_throttles_where_nobody_was_asked() -> None:
    views = shard_views([])
    assert {view.throttles for view in views} == {None}
    assert totals(views, []).throttles is None
    assert {view.state for view in views} == {"idle"}


@settings(deadline=None, max_examples=60)
@given(activities(), some.integers(-2, 60))
def test_a_replay_shows_what_the_times_say(run: RunActivity, quarter: int) -> None:
    drawn, moment = timeline(run), quarter / 4
    assert drawn["unknown"] == len(run.reported) - len(drawn["packets"])
    assert drawn["seconds"] == max((packet["ended"] for packet in drawn["packets"]), default=0)
    expected: dict[str, set[str]] = {}
    for packet in drawn["packets"]:
        assert 0 <= packet["handed"] <= packet["began"] <= packet["ended"]
        if packet["handed"] <= moment:
            at_work = packet["began"] <= moment < packet["ended"]
            state = "running" if at_work else "done" if packet["ended"] <= moment else "waiting"
            expected.setdefault(packet["shard"], set()).add(state)
    order = ["running", "waiting", "done"]
    assert replayed(drawn, moment) == {
        shard: next(state for state in order if state in states) for shard, states in expected.items()
    }


@settings(deadline=None, max_examples=60)
@given(activities())
def test_at_its_end_a_replay_has_done_what_was_reported(run: RunActivity) -> None:
    drawn = timeline(run)
    done = replayed(drawn, drawn["seconds"])
    assert set(done.values()) <= {"done"}
    counts = Counter(packet["shard"] for packet in drawn["packets"])
    known = [one for one in run.handed if one.packet in run.reported and one.packet in run.invocations]
    assert counts == Counter(one.shard for one in known)


def test_a_wave_is_handed_out_when_the_one_before_has_ended() -> None:
    handed = (Handed("a", "divide", 0, "01"), Handed("b", "divide", 0, "02"), Handed("c", "leaf", 1, "01"))
    made = {
        "a": invocation("a", "01", role="divide", at=1, took=2),
        "b": invocation("b", "02", role="divide", at=1, took=4),
        "c": invocation("c", "01", at=8, took=1),
    }
    run = RunActivity("run", "SUCCEEDED", START, START + 10, handed, frozenset(made), made)
    times = [(one["shard"], one["handed"], one["began"], one["ended"]) for one in timeline(run)["packets"]]
    assert times == [("01", 0, 1, 3), ("02", 0, 1, 5), ("01", 5, 8, 9)]
    assert replayed(timeline(run), 6) == {"01": "waiting", "02": "done"}
