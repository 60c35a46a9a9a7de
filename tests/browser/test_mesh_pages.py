"""What the scripts of the mesh's pages do: keys on the grid, the replay, the planner's sliders, the paper."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from snakebatch.mesh.activity import replayed
from tests.browser.visitor import Visitor, keep_screenshot

pytestmark = pytest.mark.slow

STATES = """(moments) => moments.map((moment) => {
  const slider = document.getElementById("moment");
  slider.value = moment;
  slider.dispatchEvent(new Event("input"));
  return Object.fromEntries([...document.querySelectorAll("#grid-cells .cell")]
    .filter((cell) => !cell.classList.contains("idle"))
    .map((cell) => [cell.id.slice(5), cell.classList[1]]));
})"""
"""Moves the slider to each moment, exactly, and says what the cells show then. One call for all of them: the
script draws as it is told of the slider, so nothing is waited for, however slow the machine is.
"""


def test_the_grid_is_walked_by_keys_and_shows_a_shard(visitor: Visitor, finished: str) -> None:
    page = visitor.visit(f"/grid/v9?run={finished}")
    page.locator("#cell-00").focus()
    for key, cell in (
        ("ArrowRight", "01"),
        ("ArrowDown", "11"),
        ("End", "19"),
        ("Home", "10"),
        ("ArrowUp", "00"),
    ):
        page.keyboard.press(key)
        expect(page.locator(f"#cell-{cell}")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#cell-00")).to_be_focused()
    busy = page.locator("#grid-table tbody tr").first
    shard = str(busy.get_attribute("id"))[4:]
    page.locator(f"#cell-{shard}").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Shard {shard}")).to_be_visible()
    shown = page.locator("#shard-facts dd").all_inner_texts()
    assert shown == busy.locator("td").all_inner_texts()
    assert f"shard={shard}" in page.url
    page.reload()
    # CloudWatch may have answered since.
    assert page.locator("#shard-facts dd").all_inner_texts()[:-1] == shown[:-1]


def test_a_replay_shows_at_each_moment_what_the_times_say(visitor: Visitor, finished: str) -> None:
    page = visitor.visit(f"/grid/v9?run={finished}&replay=1")
    drawn = json.loads(page.locator("#timeline").text_content() or "")
    edges = {0.0, drawn["seconds"]}
    for packet in drawn["packets"]:
        edges |= {packet["began"], packet["ended"], (packet["began"] + packet["ended"]) / 2}
    moments = sorted(edges)
    shown = page.evaluate(STATES, moments)
    assert [
        moment for moment, states in zip(moments, shown, strict=True) if states != replayed(drawn, moment)
    ] == []
    page.evaluate(STATES, [moments[len(moments) // 2]])
    keep_screenshot(page, "replay-middle")


def test_a_replay_plays_to_its_end(visitor: Visitor, finished: str) -> None:
    page = visitor.visit(f"/grid/v9?run={finished}&replay=1")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.get_by_label("Speed").select_option("20")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    drawn = json.loads(page.locator("#timeline").text_content() or "")
    assert float(page.locator("#moment").input_value()) == pytest.approx(drawn["seconds"], abs=0.01)
    assert page.locator("#grid-cells .cell.done").count() == len({one["shard"] for one in drawn["packets"]})
    assert page.locator("#grid-cells").locator(".cell.waiting, .cell.running").count() == 0


def test_the_plan_follows_its_sliders(visitor: Visitor) -> None:
    page = visitor.visit("/economics")
    before = page.locator("#plan").inner_text()
    slider = page.get_by_label("Layers, slider")
    slider.focus()
    page.keyboard.press("End")
    expect(page.get_by_label("Layers", exact=True)).to_have_value("50")
    expect(page.locator("#plan")).not_to_have_text(before)
    expect(page).to_have_url(re.compile("n_layers=50"))
    field = page.get_by_label("Rows", exact=True)
    field.fill("many")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#rows-wrong")).to_have_text("not a whole number")
    field.fill("5000")
    expect(page.locator("#rows-wrong")).to_have_text("")
    visitor_sees = page.locator("#plan").inner_text()
    page.reload()
    assert page.locator("#plan").inner_text() == visitor_sees


def test_the_paper_trains_both_designs_by_its_button(visitor: Visitor) -> None:
    page = visitor.visit("/paper")
    page.get_by_role("button", name="Train both designs", exact=True).click()
    expect(page.get_by_text("The row that shows it best")).to_be_visible()
    keep_screenshot(page, "paper-shown")
    page.get_by_text("On a table of your own").click()
    page.get_by_label("CSV with a header").fill("kind,x\n" + "".join(f"{n % 2},{n}\n" for n in range(60)))
    page.get_by_role("button", name="Train both designs on it").click()
    expect(page.get_by_text("60 rows, 5 layers")).to_be_visible()
