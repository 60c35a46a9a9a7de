"""``make fuzz``: look for inputs that break a promise of tests/fuzz/targets.py.

    make fuzz ARGS="table --seconds 600"     # or model, message; nothing: all three, a minute each

Coverage guides it where atheris is installed (``make checks-env`` brings it on Linux); hypothesis, whose
findings stay in .hypothesis, does it elsewhere. What reaches something new is kept in tests/data/corpus, the
smallest input of each kind, and read again by every run of the tests. Ends with another code than 0 where a
promise is broken; the input is then under build/.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.finding import prepare
from tests.fuzz.seeds import CORPUS, LONGEST, dictionary, seeds
from tests.support.handlers import ROOT

NAMES = ("table", "model", "message")
LONGEST_KEPT = 1024
"""Bytes of a file that is kept: what a large one reaches, a smaller one nearly always does too."""

SECONDS_AN_INPUT = 20


def fuzz(target: str, seconds: int, runs: int) -> int:
    """Fuzz one target and keep what reaches something new; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="snakebatch-fuzz-") as folder:
        found, kept, words = Path(folder) / "found", Path(folder) / "kept", Path(folder) / "words"
        found.mkdir()
        kept.mkdir()
        words.write_text(dictionary(target))
        for number, data in enumerate(seeds(target)):
            (found / f"seed-{number}").write_bytes(data)
        command = [str(launcher(Path(folder) / "launch", target))]
        limits = [f"-max_total_time={seconds}", f"-runs={runs}", f"-max_len={LONGEST}"]
        care = [f"-timeout={SECONDS_AN_INPUT}", "-rss_limit_mb=3000", f"-artifact_prefix={ROOT}/build/"]
        (ROOT / "build").mkdir(exist_ok=True)
        code = subprocess.run(
            [*command, f"-dict={words}", *limits, *care, str(found)], cwd=ROOT, check=False
        ).returncode
        if code == 0:
            merge = [*command, "-merge=1", f"-max_len={LONGEST_KEPT}", str(kept), str(found)]
            code = subprocess.run(merge, cwd=ROOT, check=False, capture_output=True).returncode
        if code == 0:
            keep(target, kept)
    return code


def launcher(path: Path, target: str) -> Path:
    """A script that starts the target with whatever libFuzzer is to be told."""
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.fuzz.guided {target} "$0" "$@"\n')
    path.chmod(0o755)
    return path


def keep(target: str, kept: Path) -> None:
    """Put what was kept in place of the corpus; files are named by their content."""
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for path in kept.iterdir():
        path.replace(folder / path.name)
    print(f"kept {sum(1 for _ in folder.iterdir())} inputs in {folder.relative_to(ROOT)}")


def main() -> int:
    """Fuzz the targets that the arguments name."""
    parser = argparse.ArgumentParser(prog="make fuzz", description="Look for inputs that break a promise.")
    parser.add_argument("target", nargs="?", choices=NAMES, help="what to fuzz (default: all three)")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    parser.add_argument(
        "--runs", type=int, default=-1, help="inputs for each target (default: as many as fit)"
    )
    asked = parser.parse_args()
    targets = [asked.target] if asked.target else NAMES
    if prepare():
        return max(fuzz(target, asked.seconds, asked.runs) for target in targets)
    from tests.fuzz.unguided import search

    print("atheris is not here (make checks-env): hypothesis looks instead, without coverage to guide it")
    for target in targets:
        search(target, asked.runs if asked.runs > 0 else 200 * asked.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
