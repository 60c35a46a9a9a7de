"""The site of the documentation, built once for all tests of a run, and what its pages hold."""

from __future__ import annotations

import fcntl
import os
import subprocess
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.handlers import ROOT

PYTHON = ROOT / "build/venv-docs/bin/python"

_TARGETS = {"a": "href", "link": "href", "img": "src", "script": "src", "source": "src", "iframe": "src"}


@dataclass
class Page(HTMLParser):
    """What a page of HTML asks for (``links``: tag and target), and what can be linked to (``ids``)."""

    path: Path
    ids: set[str] = field(default_factory=set)
    links: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.ids.add(str(found["id"]))
        target = found.get(_TARGETS.get(tag, ""))
        if target is not None:
            self.links.append((tag, target))


@dataclass(frozen=True)
class Site:
    """A built site: its folder, and what the build said."""

    folder: Path
    code: int
    said: str

    @cached_property
    def pages(self) -> dict[str, Page]:
        """Each page by its path in the site."""
        found = sorted(self.folder.rglob("*.html"))
        return {path.relative_to(self.folder).as_posix(): Page(path) for path in found}

    @cached_property
    def names(self) -> dict[str, str]:
        """What the reference documents: each name, and its kind."""
        header, _, packed = (self.folder / "objects.inv").read_bytes().partition(b"using zlib.\n")
        assert header.startswith(b"# Sphinx inventory version 2")
        lines = zlib.decompress(packed).decode().splitlines()
        return {line.split()[0]: line.split()[1] for line in lines if line.split()[1].startswith("py:")}


def built_site(folders: pytest.TempPathFactory) -> Site:
    """The site, built by whichever worker of the run comes first."""
    if not PYTHON.exists():
        why = "the environment of the site is not here: make docs-env"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    base = folders.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, said = shared / "site", shared / "site.said"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            ended = subprocess.run(
                [ROOT / "tools/make-docs", folder],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                check=False,
            )
            said.write_text(f"{ended.returncode}\n{ended.stdout}{ended.stderr}")
    first, _, text = said.read_text().partition("\n")
    return Site(folder, int(first), text)
