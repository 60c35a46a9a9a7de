"""Links of every Markdown page, as who reads it in a repository follows them: files, headings, hosts.

What the pages' external links answer is asked by `make docs-links`, which needs a network; here their form is
looked at, and whether we know the host.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.support.handlers import ROOT

PAGES = sorted(
    {
        *ROOT.glob("*.md"),
        *(path for folder in ("docs", "examples", "snakebatch") for path in (ROOT / folder).rglob("*.md")),
    }
)
HOSTS = {
    *("docs.aws.amazon.com", "github.com", "semver.org"),
    *("archive.ics.uci.edu", "catalog.data.gov", "creativecommons.org", "www.weather.gov"),
}
"""Who is linked to: primary sources, which keep their addresses for years, and issues that users wrote."""

_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)|^\[[^\]\n]+\]: (\S+)|<(https?://[^>\s]+)>", re.MULTILINE)
_BARE = re.compile(r"https?://[^\s)>\"'`\\]+")
_OURS = re.compile(r"https?://(127\.0\.0\.1|localhost|host\.docker\.internal)\b")


def prose(page: Path) -> str:
    """A page without its code."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def links(page: Path) -> list[str]:
    return [next(filter(None, found)) for found in _LINK.findall(prose(page))]


@cache
def anchors(page: Path) -> frozenset[str]:
    """The places of a page, named as GitHub names headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found: list[str] = []
    for title in re.findall(r"^#{1,6} (.+?)\s*$", text, re.MULTILINE):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        again = sum(1 for name in found if name == slug or re.fullmatch(rf"{re.escape(slug)}-\d+", name))
        found.append(f"{slug}-{again}" if again else slug)
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_links_to_is_there(page: Path) -> None:
    for link in links(page):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        assert target.exists(), link
        # Sphinx would take it for the name of something, and may find one.
        assert not target.is_dir(), f"{link} is a folder: write its name as code, or link to a page of it"
        assert target.is_relative_to(ROOT), link
        if parts.fragment and target.suffix == ".md":
            assert unquote(parts.fragment) in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_external_links_are_well_formed_and_go_where_we_know(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for address in {*_BARE.findall(text), *(link for link in links(page) if urlsplit(link).scheme)}:
        if not _OURS.match(address):
            parts = urlsplit(address)
            assert (parts.scheme, parts.hostname in HOSTS, parts.port) == ("https", True, None), address
