"""The site of docs/ in a browser, from its files: nothing runs over the edge, every picture shows."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.support.site import built_site

PAGES = (
    "README",
    "docs/index",
    "docs/architecture",
    "docs/deploy",
    "docs/economics",
    "docs/migration",
    "docs/quality",
    "docs/reference/cli",
    "docs/reference/mesh-snake",
)
WIDTHS = (1280, 360)


def test_pages_keep_within_the_window_and_show_their_pictures(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = built_site(tmp_path_factory)
    asked: set[str] = set()
    page = browser.new_page()
    page.on("request", lambda request: asked.add(urlsplit(request.url).scheme))
    for name in PAGES:
        page.goto((site.folder / f"{name}.html").as_uri(), wait_until="load")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("innerWidth") == width
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"
        # A table may be wider than its column: then it scrolls in itself.
        tables = page.locator("article table")
        wide = tables.evaluate_all("all => all.filter(one => !one.closest('.table-wrapper')).length")
        assert wide == 0, name
        blank = page.locator("article img").evaluate_all(
            "all => all.filter(one => !(one.complete && one.naturalWidth)).map(one => one.src)"
        )
        assert blank == [], name
    assert asked <= {"file", "data", "blob"}
