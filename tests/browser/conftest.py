"""A served system for all tests of a worker, and a browser for those of a file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.visitor import AXE, WAIT, Served, Visitor
from tests.support.handlers import ROOT

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

expect.set_options(timeout=WAIT)


def _missing(why: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, headless. One a file: Playwright's event loop would be in the way of other files' tests.

    Visitors share nothing by it: each has a profile of its own.
    """
    found = subprocess.run([ROOT / "tools/find-chromium"], capture_output=True, text=True, check=False)
    if found.returncode:
        _missing(found.stderr)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found.stdout.strip(), args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that looks for faults of accessibility."""
    if not AXE.exists():
        _missing("axe-core is not installed: make browser-env (needs Node)")
    return AXE.read_text()


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """``snakebatch serve`` on a free port."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "snakebatch", "serve", "--port", "0", "--processes", "2", "--json"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                log.seek(0)
                pytest.fail(f"snakebatch serve did not start: {log.read()}")
            said: dict[str, Any] = json.loads(line)
            yield Served(said["url"], said["login"], said["key"])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@pytest.fixture(scope="session")
def finished(served: Served) -> str:
    """The id of a training that has ended."""
    return served.train(bucket="40", tau="100", levels_per_wave="1")


@pytest.fixture
def visitor(browser: Browser, served: Served, tmp_path: Path) -> Iterator[Visitor]:
    """Somebody who has logged in by the link that was printed; fails on any fault of a page that they saw."""
    with Visitor.of(browser, served) as one:
        one.log_in()
        yield one
        assert one.faults == []
