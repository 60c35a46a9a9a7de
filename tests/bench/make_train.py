"""How long `make train` takes once it is set up."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def measure(runs: int) -> list[float]:
    """Seconds of the whole command, a value a run."""
    subprocess.run(["make", "--silent", "setup"], cwd=ROOT, check=True)
    return [_run() for _ in range(runs)]


def _run() -> float:
    started = time.perf_counter()
    subprocess.run(["make", "--silent", "train"], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - started
