"""What cars.py says of the workflow: the command that it names gives the model that it names, to the byte."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from snakebatch import Snake, cli

ROOT = Path(__file__).resolve().parents[2]


def test_the_workflow_gives_what_snake_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (ROOT / "examples/cars.py").read_text()
    (command,) = re.findall(r"^# (snakebatch train .*)$", script, re.MULTILINE)
    (call,) = re.findall(r"^# (Snake\(.*\))$", script, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")

    assert cli.main(shlex.split(command)[1:]) == 0

    in_process = eval(call, {"Snake": Snake})
    in_process.to_json(tmp_path / "in_process.json")
    assert (tmp_path / "out/cars.model.json").read_bytes() == (tmp_path / "in_process.json").read_bytes()
