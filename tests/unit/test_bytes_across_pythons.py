"""The same seed gives the same bytes on the oldest and the newest Python."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from snakebatch import Snake
from snakebatch.files import find_table
from tests.support.datasets import Row, quadratic, three_class_mixed

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import json, sys
from snakebatch import Snake
data, target, parameters, out = json.loads(sys.stdin.read())
Snake(data, target, **parameters).to_json(out)
"""

CODES = [
    {"y": code[:2], "code": code, "n": n % 7}
    for n, code in enumerate(f"{k:x}-Ünï{k * k % 97}" for k in range(300))
]

CASES: dict[str, tuple[str | list[Row], str, str]] = {
    "penguins": (str(find_table("penguins")), "species", "auto"),
    "numbers": (quadratic(500), "y", "scientific"),
    "mixed": (three_class_mixed(500), "y", "balanced"),
    "spelling": (CODES, "y", "cryptographic"),
    "words": (CODES, "y", "linguistic"),
    "edges": (CODES, "y", "hef"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_model_is_the_same_file(case: str, compared_python: Path, tmp_path: Path) -> None:
    data, target, profile = CASES[case]
    parameters = {"n_layers": 2, "bucket": 30, "tau": 100, "noise": 0, "seed": 11, "oppose_profile": profile}
    Snake(data, target, **parameters).to_json(tmp_path / "ours.json")
    subprocess.run(
        [compared_python, "-c", SCRIPT],
        input=json.dumps([data, target, parameters, str(tmp_path / "theirs.json")]),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        check=True,
    )
    assert (tmp_path / "ours.json").read_bytes() == (tmp_path / "theirs.json").read_bytes()
