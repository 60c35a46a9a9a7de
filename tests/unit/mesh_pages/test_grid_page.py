"""The grid shows what the store says, escaped and whole, live and replayed."""

from __future__ import annotations

import html
import json
import re
from collections import Counter

import pytest

from gatherer.pages.grid import words
from snakebatch.mesh.activity import ShardView, replayed, timeline
from tests.support.pages import PagesBench, check_page, said
from tests.unit.mesh_pages.test_activity_reader import do, look, staged

NASTY = "run-<script>alert(1)</script>&'"


def cells(page: str) -> dict[str, tuple[str, str]]:
    """Shard -> its classes, and what is said of it."""
    found = re.findall(r'id="cell-(\d\d)" class="cell ([^"]*)".*?aria-label="([^"]*)"', page)
    return {shard: (classes, html.unescape(label)) for shard, classes, label in found}


def test_an_empty_account_has_a_hundred_idle_shards(pages: PagesBench) -> None:
    page = pages.get("/grid/v9")
    assert "No training runs now" in said(page)
    assert {classes for classes, _ in cells(page).values()} == {"idle none"}
    assert len(cells(page)) == 100
    assert "Every shard is idle" in said(page)


def test_a_running_run_shows_where_each_packet_is(pages: PagesBench) -> None:
    staging, wave = staged(pages)
    items = pages.mesh.items(wave)
    do(pages, wave, items[:1])
    pages.workflow.map("run", running=1)
    page = pages.get("/grid/v9?run=run")
    shown = cells(page)
    handed = Counter(item.shard for item in pages.mesh.store.items(pages.mesh.keys(staging), "run", 0))
    handed.update(item["shard"] for item in items)
    assert {shard for shard, (classes, _) in shown.items() if classes != "idle none"} == set(handed)
    assert shown[items[1]["shard"]][0] == "running leaf"
    for item in items[2:]:
        assert shown[item["shard"]][0] == "waiting leaf"
    done = shown[items[0]["shard"]]
    assert done[0] == "done leaf"
    assert "1 done" in done[1]
    assert done[1].endswith("cold")


def test_the_shards_of_a_finished_run_ran_what_the_store_says(pages: PagesBench) -> None:
    staging, wave = staged(pages)
    do(pages, wave, pages.mesh.items(wave))
    pages.workflow.end("run")
    keys = pages.mesh.keys(staging)
    counts = Counter(
        item.shard for number in range(2) for item in pages.mesh.store.items(keys, "run", number)
    )
    page = pages.get("/grid/v9?run=run")
    rows = re.findall(r'<tr id="row-(\d\d)">(.*?)</tr>', page)
    shown = {shard: re.findall(r"<td[^>]*>([^<]*)</td>", row) for shard, row in rows}
    assert {shard: int(values[4]) for shard, values in shown.items()} == counts
    assert {values[1] for values in shown.values()} == {"done"}
    assert f"Done {counts.total()}" in said(page)
    assert "data-live" not in page
    assert "replay=1" in page


def test_a_shard_is_shown_in_detail_without_scripts(pages: PagesBench) -> None:
    _, wave = staged(pages)
    items = pages.mesh.items(wave)
    do(pages, wave, items)
    shard = items[0]["shard"]
    text = pages.text(f"/grid/v9?run=run&shard={shard}")
    assert f"Shard {shard} " in text
    assert re.search(rf"Shard {shard} .*Role leaf State done In flight 0 Waiting 0 Done 1", text)


def test_all_that_run_or_just_ended_are_on_one_grid(pages: PagesBench) -> None:
    for name in ("one", "two"):
        _, wave = staged(pages, name)
        do(pages, wave, pages.mesh.items(wave), name)
    pages.workflow.end("one")
    both = pages.ask("GET", "/live/grid").json()
    assert {run["model_id"] for run in both["runs"]} == {"one", "two"}
    alone = pages.ask("GET", "/live/grid?run=one").json()
    assert both["totals"]["done"] > alone["totals"]["done"] > 0
    pages.clock.sleep(61)
    assert [run["model_id"] for run in pages.ask("GET", "/live/grid").json()["runs"]] == ["two"]


def test_a_replay_carries_the_times_of_the_reports_once(pages: PagesBench) -> None:
    _, wave = staged(pages)
    items = pages.mesh.items(wave)
    do(pages, wave, items)
    pages.workflow.end("run")
    page = pages.get("/grid/v9?run=run&replay=1")
    carried = json.loads(re.findall(r'<script type="application/json" id="timeline">(.*?)</script>', page)[0])
    assert carried == timeline(look(pages))
    leaves = [packet for packet in carried["packets"] if packet["role"] == "leaf"]
    assert [packet["shard"] for packet in leaves] == [item["shard"] for item in items]
    middle = (leaves[0]["began"] + leaves[0]["ended"]) / 2
    assert replayed(carried, middle)[items[0]["shard"]] == "running"


def test_a_run_that_runs_is_not_replayed(pages: PagesBench) -> None:
    staged(pages)
    assert "data-live" in pages.get("/grid/v9?run=run&replay=1")


def test_a_run_nobody_knows_is_a_page_that_says_so(pages: PagesBench) -> None:
    assert "No such run" in pages.text("/grid/v9?run=nobody", 404)


@pytest.mark.parametrize("query", ["shard=1", "shard=123", "shard=ab", "replay=maybe", "run=a%20b"])
def test_what_can_be_no_shard_or_run_is_refused(pages: PagesBench, query: str) -> None:
    assert pages.ask("GET", f"/grid/v9?{query}").status_code == 422


def test_a_name_is_text_whatever_it_holds(pages: PagesBench) -> None:
    """Step Functions takes no such name; who lists something else must not be able to run it."""
    pages.workflow.start(NASTY)
    for address in ("/grid/v9", "/concurrency"):
        page = pages.get(address)
        assert "<script>alert" not in page
    assert NASTY in said(pages.get("/grid/v9"))
    pages.workflow.end(NASTY, "FAILED")
    assert NASTY in said(pages.get("/economics"))


def test_an_error_is_text_whatever_it_holds(pages: PagesBench) -> None:
    pages.workflow.start("run")
    pages.workflow.end("run", "FAILED", error="<b>E</b>", cause="<img src=x onerror=alert(1)>")
    page = pages.get("/economics")
    assert "<img" not in page
    assert "<b>E</b>: <img src=x onerror=alert(1)>" in said(page)


def test_fragments_are_what_the_page_includes(pages: PagesBench) -> None:
    from gatherer.pages.grid import grid_fragments, look_at_grid

    _, wave = staged(pages)
    do(pages, wave, pages.mesh.items(wave)[:1])
    seen = look_at_grid(pages.state, "run")
    page = pages.get("/grid/v9?run=run")
    for name, fragment in grid_fragments(seen, "/grid/v9?run=run&").items():
        check_page(fragment)
        assert f'id="{name}"' in page
        assert fragment.strip() in page


def test_a_shard_in_words() -> None:
    assert words(ShardView("07")) == "Shard 07: idle"
    busy = ShardView(
        "08", "running", "leaf", waiting=2, in_flight=1, done=3, cold=True, seconds=1.25, throttles=4
    )
    assert words(busy) == (
        "Shard 08: leaf, at work, 1 in flight, 2 waiting, 3 done, last 1.25 s, cold, 4 throttled"
    )
