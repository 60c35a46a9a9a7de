"""Training with several processes: same bytes, no fork bomb, nothing left behind, errors that say what."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from snakebatch import Snake
from snakebatch.engine import worker_processes
from snakebatch.errors import EngineError, InputError
from tests.support.plugins import LICENSED, installed

ROOT = Path(__file__).parents[3]
ROWS = [{"y": number % 3, "x": number * 7 % 31, "t": f"w{number % 5}"} for number in range(90)]
SMALL: dict[str, Any] = {"n_layers": 3, "bucket": 10}

SCRIPT = """
import sys
print("started")
from snakebatch import Snake
rows = [{"y": number % 3, "x": number * 7 % 31, "t": f"w{number % 5}"} for number in range(90)]
Snake(rows, "y", n_layers=3, bucket=10, workers=2).to_json(sys.argv[1])
"""


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Every process that is started."""
    started: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen):  # type: ignore[type-arg]  # it takes what Popen takes
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            started.append(self)

    monkeypatch.setattr(worker_processes.subprocess, "Popen", Recorded)
    return started


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_the_bytes_do_not_depend_on_the_workers(
    workers: int, children: list[subprocess.Popen[bytes]]
) -> None:
    expected = "".join(Snake(ROWS, "y", **SMALL).model.pieces())
    assert "".join(Snake(ROWS, "y", workers=workers, **SMALL).model.pieces()) == expected
    assert len(children) == min(workers, 3)
    assert all(child.returncode == 0 for child in children)


@pytest.mark.parametrize("way", ["file", "-", "-c"])
def test_a_script_needs_no_main_guard(way: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    argv = {"file": [str(script)], "-": ["-"], "-c": ["-c", SCRIPT]}[way]
    done = subprocess.run(
        [sys.executable, *argv, "model.json"],
        input=SCRIPT if way == "-" else None,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "started\n"), done.stderr
    Snake(ROWS, "y", **SMALL).to_json(tmp_path / "alone.json")
    assert (tmp_path / "model.json").read_bytes() == (tmp_path / "alone.json").read_bytes()


def test_what_a_worker_raises_is_raised_here(children: list[subprocess.Popen[bytes]]) -> None:
    close = [{"y": "a", "x": 1.0}, {"y": "b", "x": 1.0 + 2**-52}]
    with installed(LICENSED), pytest.raises(EngineError, match="gave up"):
        Snake(close, "y", n_layers=2, workers=2, engine="licensed")
    assert len(children) == 2
    assert all(child.poll() is not None for child in children)


def test_a_worker_that_dies_is_told_with_its_layers(
    children: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_processes, "_BOOT", "import sys; sys.stdin.read; sys.exit(9) # {path}")
    with pytest.raises(EngineError, match="trained layers 0, 2 ended with code 9"):
        Snake(ROWS, "y", workers=2, **SMALL)
    assert all(child.poll() is not None for child in children)


def test_without_an_interpreter_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(InputError, match="workers=1"):
        Snake(ROWS, "y", workers=2, **SMALL)
