"""A training through the pages: upload, watch it move, download the model, ask it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from snakebatch import Snake
from tests.browser.visitor import PENGUINS, Served, Visitor, keep_screenshot, seen

pytestmark = pytest.mark.slow

ENDED = ".live[data-state=ended]"


def rows_of_every_species() -> list[dict[str, Any]]:
    with PENGUINS.open(newline="") as file:
        found = {row["species"]: row for row in csv.DictReader(file) if all(row.values())}
    return list(found.values())


def as_asked(row: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    """The cells of a row as the page sends them: numbers as numbers."""
    cells: dict[str, Any] = {}
    for name in columns:
        try:
            cells[name] = float(row[name])
        except ValueError:
            cells[name] = row[name]
    return cells


def fill_form(page: Page) -> None:
    page.get_by_label("A CSV file with a header").set_input_files(PENGUINS)
    target = page.get_by_label("Target column")
    expect(target.locator("option")).to_have_count(8)
    target.select_option("species")
    page.get_by_label("Bucket").fill("40")
    page.get_by_label("Tau").fill("100")
    page.get_by_text("More parameters").click()
    page.get_by_label("Levels a wave").fill("1")


def ask(page: Page, row: dict[str, Any], columns: list[str]) -> tuple[str, dict[str, float], str]:
    """The page's answer about a row: prediction, probabilities, audit."""
    for name in columns:
        page.get_by_label(name, exact=True).fill(row[name])
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("asking the shards")).to_have_count(0)
    audit = page.locator("#ask-audit").inner_text()
    bars = page.locator("#ask-probabilities .bar").all()
    said = {
        str(bar.get_attribute("data-class")): float(str(bar.get_attribute("data-probability")))
        for bar in bars
    }
    return page.locator("#ask-prediction").inner_text(), said, audit


def test_a_training_from_the_upload_to_the_answer(visitor: Visitor, tmp_path: Path) -> None:
    grid = visitor.visit("/grid/v9")
    expect(grid.locator(".live[data-state=live]")).to_be_visible()
    page = visitor.visit("/")
    fill_form(page)
    keep_screenshot(page, "home-filled")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/runs/*")

    expect(page.locator("svg.machine .state.running").first).to_be_visible()
    keep_screenshot(page, "run-moving")
    expect(page.locator(ENDED)).to_be_visible()
    expect(page.locator('[data-state="Trained"].succeeded')).to_be_visible()
    states = seen(page)
    assert {state for shown in states.values() for state in shown} >= {"idle", "running", "succeeded"}
    # Looked at once a second, a box that ran for less may be seen done at once; none goes back to idle.
    for name in ("Stage", "Divide", "NextWave", "Leaf", "Settle"):
        assert states[name][-1] == "succeeded", name
        assert "idle" not in states[name][1:], name
    assert [states[name][0] for name in ("NextWave", "Leaf", "Settle")] == ["idle"] * 3
    assert sum("running" in shown for shown in states.values()) >= 2
    assert states["bar of Leaf"][0] == "0"
    assert len(set(states["bar of Leaf"])) >= 2
    cells = {name: shown for name, shown in seen(grid).items() if name.startswith("cell-")}
    assert len(cells) == 100
    assert sum(len(shown) > 1 for shown in cells.values()) >= 3, "no shard of the grid moved"
    keep_screenshot(grid, "grid-after")
    grid.close()

    with page.expect_download() as download:
        page.get_by_role("link", name="Download model.json").click()
    path = tmp_path / "model.json"
    download.value.save_as(path)
    model = Snake(str(path))
    columns = [name for name in rows_of_every_species()[0] if name != "species"]
    for row in rows_of_every_species():
        prediction, probability, audit = ask(page, row, columns)
        asked = as_asked(row, columns)
        assert prediction == model.get_prediction(asked) == row["species"]
        assert probability == model.get_probability(asked)
        assert audit.strip() == str(model.get_audit(asked)).strip()
    keep_screenshot(page, "run-asked")


def test_a_training_by_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.visit("/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    reach(page, "sample")
    page.keyboard.press("Enter")
    expect(page.locator("select#target")).to_have_value("species")
    reach(page, "submit")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*")
    expect(page.locator(ENDED)).to_be_visible()
    reach(page, "ask-1")
    page.keyboard.type("Torgersen")
    page.keyboard.press("Enter")
    expect(page.locator("#ask-prediction")).to_be_visible()


def reach(page: Page, element: str) -> None:
    """Go on with Tab until the element of that id has the focus, which must be visible."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == element:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline not in ("none", ""), f"{element} shows no focus"
            return
    pytest.fail(f"{element} can't be reached by Tab")


def test_without_scripts_the_form_is_sent_and_the_run_can_be_read(browser: Browser, served: Served) -> None:
    with Visitor.of(browser, served, java_script_enabled=False) as visitor:
        page = visitor.context.new_page()
        page.goto(served.login)
        page.get_by_label("A CSV file with a header").set_input_files(PENGUINS)
        page.get_by_label("Layers").fill("0")
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.locator("#target-wrong")).to_have_text("Field required")
        expect(page.locator("#n_layers-wrong")).to_contain_text("greater than or equal to 1")
        page.get_by_label("A CSV file with a header").set_input_files(PENGUINS)
        page.get_by_label("Target column").fill("species")
        page.get_by_label("Layers").fill("2")
        page.get_by_role("button", name="Start", exact=True).click()
        page.wait_for_url("**/runs/*")
        expect(page.locator("svg.machine")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Training")


def test_what_is_wrong_is_said_at_its_field(visitor: Visitor) -> None:
    page = visitor.visit("/")
    start = page.get_by_role("button", name="Start", exact=True)
    start.click()
    expect(page.locator("#file-wrong")).to_contain_text("choose a file")
    expect(page.get_by_label("A CSV file with a header")).to_be_focused()
    fill_form(page)
    page.get_by_label("Layers").fill("0")
    start.click()
    expect(page.locator("#n_layers-wrong")).to_contain_text("greater than or equal to 1")
    expect(page.get_by_label("Layers")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#file-wrong")).to_be_empty()
    # The server's refusal of it stands on the console, as every refusal does.
    refused, visitor.faults = visitor.faults, []
    assert all("422" in fault for fault in refused)


def test_a_run_that_failed_says_why_and_what_to_do(visitor: Visitor, tmp_path: Path) -> None:
    table = tmp_path / "one-class.csv"
    table.write_text("x,y\n" + "".join(f"{n},same\n" for n in range(20)))
    page = visitor.visit("/")
    page.get_by_label("A CSV file with a header").set_input_files(table)
    page.get_by_label("Target column").select_option("y")
    page.get_by_text("More parameters").click()
    page.get_by_label("Cost at most, $").fill("0.0000001")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/runs/*")
    expect(page.locator(ENDED)).to_be_visible()
    expect(page.get_by_text("What to do:")).to_be_visible()
    expect(page.locator("svg.machine .state.failed")).to_have_count(1)
    keep_screenshot(page, "run-failed")


def test_a_job_is_deleted_after_a_question(visitor: Visitor, served: Served) -> None:
    model_id = served.train(n_layers="1")
    page = visitor.visit(f"/runs/{model_id}")
    page.get_by_role("button", name="Stop and delete").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Stop and delete").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url("**/runs")
    listed = served.ask("/v9/jobs")
    assert model_id not in [job["model_id"] for job in listed["jobs"]]


def test_a_run_s_live_data_are_there_for_programs(served: Served, finished: str) -> None:
    said = served.ask(f"/live/runs/{finished}")
    assert said["status"] == "SUCCEEDED"
    outcomes = {state["name"]: state["outcome"] for state in said["states"]}
    assert (outcomes["Trained"], outcomes["TrainingFailed"]) == ("succeeded", "idle")
    json.dumps(said)
