"""What the reader says of a run is what the store and the workflow say, and it asks for each report once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from snakebatch.errors import UnknownJobError
from snakebatch.mesh.activity import RunActivity, shard_views
from snakebatch.mesh.requests import ShardEvent, WaveRef
from tests.support.pages import PagesBench, SlowEngine
from tests.support.tables import three_classes


def staged(pages: PagesBench, name: str = "run") -> tuple[dict[str, Any], WaveRef]:
    """A run whose leaves are handed out, and none of them made."""
    pages.workflow.start(name)
    uri = pages.mesh.upload(three_classes(600), f"{name}.csv")
    said = pages.mesh.stage(uri, name, n_layers=2, tau=60, bucket=20, job=name)
    return said, pages.mesh.leaves(said, name)


def do(pages: PagesBench, wave: WaveRef, items: list[dict[str, str]], name: str = "run") -> None:
    """Make some packets' reports, each on a cold shard, one after the other."""
    for item in items:
        shard = pages.mesh.shard(item["shard"], SlowEngine(pages.clock))
        shard.run(ShardEvent.model_validate({**item, "role": wave.next, "execution": name}))


def look(pages: PagesBench, name: str = "run") -> RunActivity:
    return pages.state.reader.look(pages.state.reader.find(name))


def test_a_run_that_is_not_staged_does_nothing(pages: PagesBench) -> None:
    pages.workflow.start("run")
    run = look(pages)
    assert (run.handed, run.reported, run.running) == ((), frozenset(), True)


def test_packets_are_at_work_waiting_or_done(pages: PagesBench) -> None:
    _, wave = staged(pages)
    items = pages.mesh.items(wave)
    assert len(items) >= 2
    pages.workflow.map("run", running=1)
    run = look(pages)
    divided = [one for one in run.handed if one.role == "divide"]
    assert {one.packet for one in divided} == run.reported
    assert [one.packet for one in run.in_flight()] == [items[0]["packet"]]
    assert [one.packet for one in run.waiting()] == [item["packet"] for item in items[1:]]

    do(pages, wave, items[:1])
    run = look(pages)
    assert items[0]["packet"] in run.reported
    assert [one.packet for one in run.in_flight()] == [items[1]["packet"]]
    made = run.invocations[items[0]["packet"]]
    assert (made.shard, made.role, made.cold) == (items[0]["shard"], "leaf", True)
    assert made.seconds > 1


def test_shards_have_run_what_their_items_say(pages: PagesBench) -> None:
    staging, wave = staged(pages)
    items = pages.mesh.items(wave)
    do(pages, wave, items)
    pages.workflow.end("run")
    run = look(pages)
    keys = pages.mesh.keys(staging)
    handed = [item for number in range(2) for item in pages.mesh.store.items(keys, "run", number)]
    expected = Counter(item.shard for item in handed)
    views = {view.shard: view for view in shard_views([run])}
    assert {shard: view.done for shard, view in views.items() if view.done} == expected
    assert sum(expected.values()) == len(run.reported)


def test_each_report_is_looked_at_once(pages: PagesBench) -> None:
    _, wave = staged(pages)
    items = pages.mesh.items(wave)
    asked: Counter[str] = Counter()
    pages.mesh.s3.meta.events.register(
        "provide-client-params.s3.HeadObject", lambda params, **_: asked.update([params["Key"]])
    )
    for item in items:
        do(pages, wave, [item])
        look(pages)
        look(pages)
    assert max(asked.values()) == 1
    assert sum("/leaf/reports/" in path for path in asked) == len(items)
    pages.workflow.end("run")
    look(pages)
    before = pages.workflow.calls.copy(), asked.copy()
    last = look(pages)
    assert last is look(pages)
    assert asked == before[1]
    assert pages.workflow.calls["describe_map_run"] == before[0]["describe_map_run"]


def test_what_a_child_failed_at_is_named(pages: PagesBench) -> None:
    _, wave = staged(pages)
    items = pages.mesh.items(wave)
    do(pages, wave, items[:1])
    pages.workflow.map("run")
    pages.workflow.fail_child("run", items[1])
    pages.workflow.end("run", "FAILED", error="MeshError", cause="one")
    run = look(pages)
    assert run.failed == {items[1]["packet"]}
    assert not run.in_flight()
    assert not run.waiting()
    view = next(view for view in shard_views([run]) if view.shard == items[1]["shard"])
    assert (view.state, view.failed) == ("failed", 1)


def test_reports_tell_of_a_run_whose_items_have_expired(pages: PagesBench) -> None:
    staging, wave = staged(pages)
    do(pages, wave, pages.mesh.items(wave))
    pages.workflow.end("run")
    for key in list(pages.mesh.store.objects.keys("waves/")):
        pages.mesh.store.objects.delete(key)
    run = look(pages)
    waves = pages.state.reader.jobs.waves(pages.mesh.store.run(pages.mesh.keys(staging), "run"))
    assert {one.packet for one in run.handed} == {packet for wave in waves for packet in wave.packets}
    assert run.reported == {one.packet for one in run.handed}


def test_an_unknown_run_is_named(pages: PagesBench) -> None:
    with pytest.raises(UnknownJobError, match="nobody"):
        pages.state.reader.find("nobody")


def test_runs_of_the_last_hour_are_those_that_ended_in_it_or_run(pages: PagesBench) -> None:
    for name in ("old", "just", "now"):
        pages.workflow.start(name)
    pages.workflow.end("old")
    pages.clock.sleep(4000)
    pages.workflow.end("just")
    since = pages.clock.time() - 3600
    assert [one.model_id for one in pages.state.reader.since(since)] == ["now", "just"]
