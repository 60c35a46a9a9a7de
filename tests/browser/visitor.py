"""A visitor of the pages: a profile of the browser that notes every fault, and what moved."""

from __future__ import annotations

import json
import os
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from tests.support.handlers import ROOT
from tests.support.scale import FULL

PENGUINS = ROOT / "snakebatch/data/penguins.csv"
SCREENSHOTS = ROOT / "build/screenshots"
AXE = ROOT / "build/axe/node_modules/axe-core/axe.min.js"
WAIT = 60_000
"""Milliseconds that anything may take on a slow machine."""

WATCH = """
addEventListener("DOMContentLoaded", () => {
  const seen = (window.seenStates = {});
  const note = (name, state) => ((seen[name] ??= []).at(-1) === state ? 0 : seen[name].push(state));
  const look = () => {
    for (const state of document.querySelectorAll("svg.machine [data-state]"))
      note(state.dataset.state, state.classList[2]);
    for (const bar of document.querySelectorAll("svg.machine .bar"))
      note("bar of " + bar.parentNode.dataset.state, bar.getAttribute("width"));
    for (const cell of document.querySelectorAll("#grid-cells .cell")) note(cell.id, cell.classList[1]);
  };
  look();
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
});
"""
"""Notes each state that a box of the graph or a cell of the grid shows, in order."""


@dataclass(frozen=True)
class Served:
    """What ``snakebatch serve --json`` printed."""

    url: str
    login: str
    key: str

    def ask(self, path: str, data: bytes | None = None, **headers: str) -> Any:
        """Ask the API, as a program does; the answer's JSON."""
        request = urllib.request.Request(
            self.url + path, data, {"Authorization": f"Bearer {self.key}", **headers}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def train(self, **parameters: str) -> str:
        """Train on the penguins until the end; returns the job's id."""
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in {"target": "species", **parameters}.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="p.csv"\r\n\r\n'
        body = "".join([*parts, head]).encode() + PENGUINS.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        model_id = str(self.ask("/v9/train", body, **{"Content-Type": kind})["model_id"])
        # The stream ends when the run does: no clock is needed here.
        request = urllib.request.Request(
            f"{self.url}/live/runs/{model_id}?stream=1", headers={"Authorization": f"Bearer {self.key}"}
        )
        with urllib.request.urlopen(request, timeout=300) as stream:
            assert any(line.startswith(b"event: end") for line in stream)
        assert self.ask(f"/v9/status/{model_id}")["status"] == "SUCCEEDED"
        return model_id


@dataclass
class Visitor:
    """One profile. ``faults`` are errors on consoles, and requests that failed or were refused."""

    context: BrowserContext
    served: Served
    faults: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def of(cls, browser: Browser, served: Served, **options: Any) -> Iterator[Visitor]:
        """A visitor with a fresh profile; options are those of Playwright's ``new_context``."""
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(WAIT)
        context.add_init_script(WATCH)
        visitor = cls(context, served)
        context.on("page", visitor._listen)
        try:
            yield visitor
        finally:
            context.close()

    def log_in(self) -> None:
        """Follow the link that was printed; the profile has its cookie from then on. Nothing is drawn."""
        answer = self.context.request.get(self.served.login)
        assert (answer.status, answer.url) == (200, f"{self.served.url}/")

    def visit(self, path: str, tab: Page | None = None) -> Page:
        """A page, in a tab of its own where none is given: each is a process more of the browser."""
        page = tab or self.context.new_page()
        page.goto(self.served.url + path)
        return page

    def _listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text} {message.location}")

    def _failed(self, request: Request) -> None:
        # A stream that its page closes is not at fault; nor is a download, which the browser takes over.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"{request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.url}: {response.status}")


def seen(page: Page) -> dict[str, list[str]]:
    """What each box and cell has shown so far."""
    found: dict[str, list[str]] = page.evaluate("window.seenStates")
    return found


def keep_screenshot(page: Page, name: str) -> None:
    """Keep the whole page as an artefact, where somebody may look for it: of CI and of ``make test-full``."""
    if os.environ.get("CI") != "true" and not FULL:
        return
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
