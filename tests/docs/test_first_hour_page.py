"""docs/first-hour.md: its examples give what the page says, on the model that `make train` leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from snakebatch import Snake
from snakebatch.files import DATA_FOLDER
from tests.support.page_examples import run_examples


def test_the_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    # What the Makefile's `train` asks for, in process: the same bytes (tests/workflow/test_train_bytes.py).
    trained = Snake(DATA_FOLDER / "penguins.csv", target_index="species", bucket=40, tau=100, noise=0)
    trained.to_json("out/penguins.model.json")
    run_examples("docs/first-hour.md", 5)
    said = capsys.readouterr().out
    for text in ("Routing AND", "Lookalike AND", "a finite number", " invocations at once at most"):
        assert text in said
