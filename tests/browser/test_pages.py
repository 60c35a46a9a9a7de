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
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}, "has_touch": True},
    "phone-dark": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}, "has_touch": True},
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
RULES_OF = {"light": RULES, "dark": IN_THE_DARK, "phone": ON_A_PHONE, "phone-dark": ON_A_PHONE}


def settled(page: Page) -> None:
    """Wait until a page that is live has its first news, and one that was fetched is whole."""
    page.wait_for_load_state("load")
    line = page.locator("[data-live]")
    if line.count():
        expect(line.first).to_have_attribute("data-state", "ended" if "/runs/" in page.url else "live")
    # Colours that change slowly would be measured half way.
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0)))")


@pytest.mark.parametrize("look", [*LOOKS][: scaled(3, 4)])
def test_every_page_is_without_fault(
    look: str, browser: Browser, served: Served, finished: str, request: pytest.FixtureRequest
) -> None:
    axe = request.getfixturevalue("axe") if _has_axe() else None
    grave: list[str] = []
    with Visitor.of(browser, served, **LOOKS[look]) as visitor:
        visitor.log_in()
        for name, path in PAGES.items():
            page = visitor.visit(path.format(run=finished))
            assert visitor.faults == [], name
            settled(page)
            expect(page.locator("h1")).to_have_count(1)
            keep_screenshot(page, f"{name}-{look}")
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, f"{name} scrolls sideways by {wide} pixels"
            if axe is not None:
                grave += [f"{name}: {fault}" for fault in faults_of(page, axe, RULES_OF[look])]
            page.close()
        assert visitor.faults == []
    assert grave == []


def _has_axe() -> bool:
    return os.environ.get("CI") == "true" or AXE.exists()


def faults_of(page: Page, axe: str, rules: dict[str, Any] = RULES) -> list[str]:
    """The grave faults that axe finds."""
    # Evaluated, and not added as a script: the page's own security policy forbids that, as it should.
    page.evaluate(axe)
    found = page.evaluate("(rules) => axe.run(document, rules)", rules)
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:120]} {node['failureSummary'][:300]}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"][:3]
    ]


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_login_is_without_fault(look: str, browser: Browser, served: Served, axe: str) -> None:
    with Visitor.of(browser, served, **LOOKS[look]) as visitor:
        page = visitor.visit("/runs")
        assert page.url.startswith(f"{served.url}/login")
        keep_screenshot(page, f"login-{look}")
        assert faults_of(page, axe) == []
        page.get_by_label("Key").fill("not the key")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("unknown or revoked")
        assert faults_of(page, axe) == []
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
