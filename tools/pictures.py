"""``make pictures``: draws docs/pictures anew; ARGS="terminal live" draws these only.

``workflows`` come from the definitions, and are the same everywhere. The others are of something that ran
when they were made: ``run`` is a training's graph, ``terminal`` a session, ``live`` a page in a browser.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tools.recording import record
from tools.terminal_svg import draw_terminal

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs/pictures"
WORKFLOWS = ("train", "predict", "predict-batch")
COLUMNS = 110
TRAIN = "snakebatch train penguins --target species --bucket 40 --tau 100"
SESSION = (
    TRAIN,
    "snakebatch predict model.json penguins --probability --out predictions.csv",
    "head -n 3 predictions.csv",
    "snakebatch audit model.json penguins --row 3 | head -n 15",
)
_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
_ROWS, _SECONDS = 6_000, 60_000
_HALF_WAY = """() => {
  const leaf = document.querySelector(".machine [data-state=Leaf].running");
  return leaf !== null && /[3-9] of 16/.test(leaf.textContent);
}"""
_VIEW = {"width": 1180, "height": 860}


def workflows() -> None:
    """The graphs of the three workflows."""
    for name in WORKFLOWS:
        _snakebatch("graph", "--workflow", name, "-o", str(PICTURES / f"{name}.svg"), cwd=ROOT)


def run() -> None:
    """The graph of a training, as it ends."""
    with tempfile.TemporaryDirectory() as folder:
        words = [*TRAIN.split()[1:], "--graph", str(PICTURES / "run.svg")]
        _snakebatch(*words, cwd=Path(folder))


def terminal() -> None:
    """A training, its answers and an explanation, as a terminal shows them."""
    with tempfile.TemporaryDirectory() as folder:
        shown = record(SESSION, Path(folder), _PATH, COLUMNS)
    title = "A terminal in which snakebatch trains on the penguins, predicts, and explains an answer"
    (PICTURES / "terminal.svg").write_text(draw_terminal(shown, COLUMNS, title), encoding="utf-8")


def live() -> None:
    """The page of a training while it runs, in a browser."""
    from playwright.sync_api import sync_playwright

    chromium = subprocess.run([ROOT / "tools/find-chromium"], capture_output=True, text=True, check=True)
    with ExitStack() as stack:
        serve = [sys.executable, "-m", "snakebatch", "serve", "--port", "0", "--json"]
        served = stack.enter_context(subprocess.Popen(serve, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        stack.callback(served.terminate)
        assert served.stdout is not None
        said = json.loads(served.stdout.readline())
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=chromium.stdout.strip(), args=["--no-sandbox", "--disable-gpu"]
        )
        stack.callback(browser.close)
        # Bars that still move would show less than the words beside them.
        page = browser.new_page(viewport=_VIEW, color_scheme="light", reduced_motion="reduce")  # type: ignore[arg-type]  # a plain dict
        page.goto(said["login"])
        page.goto(f"{said['url']}/runs/{_start(said)}")
        page.wait_for_function(_HALF_WAY, timeout=_SECONDS)
        page.locator("#run-graph [data-state=Divide]").evaluate("box => box.scrollIntoView({block: 'start'})")
        page.screenshot(path=PICTURES / "live.png")


def _start(said: dict[str, Any]) -> str:
    """Start a training that takes some seconds; returns its id."""
    rows = [{"x": n % 997 / 7, "z": n * n % 1009 / 3, "y": n % 997 // 100} for n in range(_ROWS)]
    body = json.dumps({"rows": rows, "target": "y", "tau": 1000, "n_layers": 16}).encode()
    headers = {"Authorization": f"Bearer {said['key']}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{said['url']}/v9/train", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["model_id"])


def _snakebatch(*words: str, cwd: Path) -> None:
    subprocess.run([sys.executable, "-m", "snakebatch", *words], cwd=cwd, check=True)


DRAWN: dict[str, Callable[[], None]] = {
    "workflows": workflows, "run": run, "terminal": terminal, "live": live,
}  # fmt: skip


def main() -> None:
    """Draw what the command line names, or everything."""
    parser = argparse.ArgumentParser(description="Draw docs/pictures anew.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(DRAWN)} (default: all)")
    names = parser.parse_args().names or list(DRAWN)
    unknown = [name for name in names if name not in DRAWN]
    if unknown:
        parser.error(f"there is no picture {unknown[0]}: choose of {', '.join(DRAWN)}")
    PICTURES.mkdir(exist_ok=True)
    for name in names:
        DRAWN[name]()


if __name__ == "__main__":
    main()
