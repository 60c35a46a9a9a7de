"""The site of docs/: it builds without a warning, all is found in it, and it asks nobody for anything."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote, urlsplit

import pytest

from tests.support.handlers import ROOT
from tests.support.site import Site, built_site

DOCS = ROOT / "docs"
KEY_PAGES = (
    "index",
    "docs/index",
    "docs/first-hour",
    "docs/migration",
    "docs/architecture",
    "docs/format",
    "docs/operations",
    "docs/economics",
    "docs/decisions/index",
    "docs/reference/snake",
    "docs/reference/cli",
    "README",
    "CONTRIBUTING",
    "CHANGELOG",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return built_site(tmp_path_factory)


def test_it_builds_without_a_warning(site: Site) -> None:
    assert (site.code, site.said) == (0, "")
    assert {f"{name}.html" for name in KEY_PAGES} <= set(site.pages)


def test_every_link_leads_to_a_page_and_a_place_in_it(site: Site) -> None:
    broken = []
    for name, page in site.pages.items():
        for _, target in page.links:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path)))
            path = name if not parts.path else path
            if not (site.folder / path).is_file():
                broken.append(f"{name}: {target}")
            elif (
                parts.fragment and path in site.pages and unquote(parts.fragment) not in site.pages[path].ids
            ):
                broken.append(f"{name}: {target}: there is no such place")
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(site: Site) -> None:
    """Only a link that is clicked leaves the site; it can be served, or opened, from any folder."""
    for name, page in site.pages.items():
        loaded = [target for tag, target in page.links if tag != "a" and not target.startswith("data:")]
        assert all(not urlsplit(target).netloc and not target.startswith("/") for target in loaded), name
        assert not any(target.startswith(("/", "file:")) for _, target in page.links), name
    for path in [*site.folder.rglob("*.css"), *site.folder.rglob("*.js")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"url\(\s*[\"']?(https?:)?//|@import\s+[\"'](https?:)?//", text), path.name
        assert not re.search(r"(fetch|importScripts|import)\(\s*[\"'](https?:)?//", text), path.name


def test_every_picture_is_told_to_who_can_t_see_it(site: Site) -> None:
    pictures = {
        name: re.findall(r"<img\b[^>]*>", page.path.read_text(encoding="utf-8"))
        for name, page in site.pages.items()
    }
    assert {"README.html", "examples/cars.html", "examples/weather.html"} <= {
        name for name, found in pictures.items() if found
    }
    untold = [
        f"{name}: {picture[:200]}"
        for name, found in pictures.items()
        for picture in found
        if "_static/" not in picture and not re.search(r'\balt="[^"]+ [^"]+"', picture)  # those are Sphinx's
    ]
    assert untold == []


def test_every_page_of_docs_can_be_navigated_to(site: Site) -> None:
    front = site.pages["docs/index.html"]
    reached = {
        posixpath.normpath(posixpath.join("docs", target)) for tag, target in front.links if tag == "a"
    }
    pages = {path.relative_to(ROOT) for path in DOCS.rglob("*.md")}
    pages -= {path for path in pages if path.as_posix() in ("docs/README.md", "docs/index.md")}
    assert len(pages) > 50
    assert {path.with_suffix(".html").as_posix() for path in pages} <= reached


def test_the_front_page_and_the_navigation_have_the_same_pages() -> None:
    told = _groups(r"^## (.+)\n((?:(?!## ).*\n?)*)", r"^- \[[^\]]+\]\(([^)#]+)\)", "docs/README.md")
    shown = _groups(r":caption: (.+)\n\n((?:.+\n)+)```", r"^([^`\n]+)$", "docs/index.md")
    assert told == shown


def _groups(section: str, entry: str, page: str) -> dict[str, list[str]]:
    """The pages of each group, by their path from the root, without a suffix."""
    found = {}
    for name, text in re.findall(section, (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE):
        links = re.findall(entry, text, re.MULTILINE)
        paths = [
            posixpath.normpath(posixpath.join("/docs", link)).removesuffix(".md").removesuffix(".ipynb")
            for link in links
        ]
        found[name] = paths
    return found


def test_every_decision_is_listed_by_its_title() -> None:
    listed = re.findall(
        r"^- \[(\d{3})\]\((\S+)\): (.+)$", (DOCS / "decisions/index.md").read_text(), re.MULTILINE
    )
    titles = []
    for path in sorted(DOCS.glob("decisions/[0-9]*.md")):
        number, title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").split(". ", 1)
        titles.append((number, path.name, title))
    assert listed == titles
    assert all(name.startswith(f"{number}-") for number, name, _ in titles)
