"""docs/python.md says what is so: its examples run, and it names every parameter and every question."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from snakebatch import Snake
from tests.support.page_examples import run_examples

PAGE = (Path(__file__).parents[2] / "docs/python.md").read_text(encoding="utf-8")


def test_the_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run_examples("docs/python.md", 6)
    assert "Routing AND" in capsys.readouterr().out


def test_every_parameter_and_question_is_named() -> None:
    parameters = set(inspect.signature(Snake).parameters) - {"data"}
    questions = {name for name in dir(Snake) if name.startswith("get_")} - {"get_batch_prediction"}
    for name in sorted(parameters | questions | {"prune", "to_json"}):
        assert re.search(rf"\b{name}\b", PAGE), name


def test_the_defaults_are_the_codes() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| (\S+|from the content) \|", PAGE, re.MULTILINE))
    for name, parameter in inspect.signature(Snake).parameters.items():
        if name in table and parameter.default is not None:
            assert table[name].strip("`") == (
                f'"{parameter.default}"' if isinstance(parameter.default, str) else str(parameter.default)
            )
    assert len(table) == 9
