"""The committed results of the published bench are those of this engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snakebatch import Snake
from snakebatch.cli_model import answers
from snakebatch.version import ENGINE
from tests.bench.three_sets import PARAMETERS, RESULTS, ROOT, model_id, passes, scores, table
from tests.support.datasets import BENCH_SETS, TARGET

REPORT = json.loads(RESULTS.read_text(encoding="utf-8"))
ENTRIES = {(entry["set"], entry["pass"]): entry for entry in REPORT["results"]}


def test_the_results_are_of_this_engine_and_complete() -> None:
    assert REPORT["engine"] == ENGINE
    assert REPORT["parameters"] == PARAMETERS
    assert list(ENTRIES) == [(name, label) for name in BENCH_SETS for label in ("perfect-fit", "held-out")]
    assert not any(Path(entry["model"]).is_absolute() for entry in ENTRIES.values())


@pytest.mark.parametrize(("name", "label"), ENTRIES)
def test_the_models_are_made_again_and_answer_as_written(name: str, label: str, tmp_path: Path) -> None:
    entry: dict[str, Any] = ENTRIES[name, label]
    taught, asked = passes(BENCH_SETS[name]())[label]
    snake = Snake(taught, TARGET, noise=0, **PARAMETERS)
    snake.to_json(tmp_path / "model.json")
    assert model_id(tmp_path / "model.json") == entry["model_id"], "another model: `make bench ARGS=sets`"
    found = scores(snake.model, answers(snake.model, list(asked)), asked)
    assert found == {metric: entry[metric] for metric in found}


def test_the_readme_shows_them() -> None:
    assert table(REPORT) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_goals_are_met() -> None:
    for (name, label), entry in ENTRIES.items():
        if name != "quadratic":
            assert entry["accuracy"] == 1.0
        else:
            assert entry["r2"] >= (1.0 if label == "perfect-fit" else 0.98)
