"""Every page, in both themes and on a phone: no fault, no sideways scrolling, open to everybody."""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visitor import AXE, Served, Visitor, keep_screenshot
from tests.support.scale import scaled

pytestmark = pytest.mark.slow

PAGES = {
    "home": "/",
    "runs": "/runs",
    "run": "/runs/{run}",
    "batches": "/runs?kind=batch",
    "grid": "/grid/v9",
    "replay": "/grid/v9?run={run}",
    "concurrency": "/concurrency",
    "economics": "/economics",
    "architecture": "/architecture",
    "math": "/math",
    "paper": "/paper",
}
SCREENS: dict[str, dict[str, Any]] = {
    "desk": {},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True},
}
GRAVE = ("serious", "critical")
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
IN_THE_DARK = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
ON_A_PHONE = {
    "runOnly": {"type": "rule", "values": ["scrollable-region-focusable", "target-size"]},
    "resultTypes": ["violations"],
}
"""What may differ by the colours, and by the width: all rules take seconds a page."""
LOOKS = {
    "desk": {"light": RULES, "dark": IN_THE_DARK},
    "phone": dict.fromkeys(("light", "dark")[: scaled(1, 2)], ON_A_PHONE),
}
"""The themes of each screen, and what axe looks for in each."""


def settled(page: Page) -> None:
    """Wait until a page that is live has its first news, and one that was fetched is whole."""
    page.wait_for_load_state("load")
    line = page.locator("[data-live]")
    if line.count():
        expect(line.first).to_have_attribute("data-state", "ended" if "/runs/" in page.url else "live")
    # Colours that change slowly would be measured half way.
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0)))")


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_is_without_fault(
    screen: str, browser: Browser, served: Served, finished: str, request: pytest.FixtureRequest
) -> None:
    axe = request.getfixturevalue("axe") if _has_axe() else None
    grave: list[str] = []
    with Visitor.of(browser, served, **SCREENS[screen]) as visitor:
        visitor.log_in()
        page: Page | None = None
        for name, path in PAGES.items():
            page = visitor.visit(path.format(run=finished), page)
            assert visitor.faults == [], name
            grave += faults_in_each_theme(page, axe, screen, name)
        assert visitor.faults == []
    assert grave == []


def faults_in_each_theme(page: Page, axe: str | None, screen: str, name: str) -> list[str]:
    """The grave faults of a page; it stays open while the reader's system goes over to the dark."""
    grave: list[str] = []
    if axe is not None:
        # Evaluated, and not added as a script: the page's own security policy forbids that, as it should.
        page.evaluate(axe)
    for theme, rules in LOOKS[screen].items():
        page.emulate_media(color_scheme=theme)
        settled(page)
        expect(page.locator("h1")).to_have_count(1)
        keep_screenshot(page, f"{name}-{screen}-{theme}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} scrolls sideways by {wide} pixels"
        if axe is not None:
            grave += [f"{name}, {theme}: {fault}" for fault in faults_of(page, rules)]
    return grave


def _has_axe() -> bool:
    return os.environ.get("CI") == "true" or AXE.exists()


def faults_of(page: Page, rules: dict[str, Any]) -> list[str]:
    """The grave faults that axe finds, which is there already."""
    found = page.evaluate("(rules) => axe.run(document, rules)", rules)
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:120]} {node['failureSummary'][:300]}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"][:3]
    ]


def test_the_login_is_without_fault(browser: Browser, served: Served, axe: str) -> None:
    with Visitor.of(browser, served) as visitor:
        page = visitor.visit("/runs")
        assert page.url.startswith(f"{served.url}/login")
        assert faults_in_each_theme(page, axe, "desk", "login") == []
        page.get_by_label("Key").fill("not the key")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("unknown or revoked")
        assert faults_in_each_theme(page, axe, "desk", "login-refused") == []
        page.get_by_label("Key").fill(served.key)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/runs")


def test_the_theme_is_the_reader_s_choice_and_is_remembered(visitor: Visitor) -> None:
    page = visitor.visit("/")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Switch between dark and light").click()
    dark = page.evaluate(background)
    assert dark != light
    page.goto(f"{visitor.served.url}/runs")
    assert page.evaluate(background) == dark


def test_a_run_that_is_not_there_is_a_page_that_says_so(visitor: Visitor) -> None:
    page = visitor.visit("/runs/nothing")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    refused, visitor.faults = visitor.faults, []
    assert all("404" in fault for fault in refused)
