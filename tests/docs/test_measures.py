"""What `make bench` measures, in small: the same functions over fewer items and rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import gather, map_items
from tests.bench.__main__ import MEASURES, USUAL


def test_the_usual_measures_are_there() -> None:
    assert set(USUAL) < MEASURES.keys()


def test_the_map_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_items, "ITEMS", 20)
    (seconds,) = map_items.measure(1)
    assert seconds > 0


def test_the_assembly_is_measured(tmp_path: Path) -> None:
    gather.make_job(tmp_path, 300, "overlap")
    found = gather.assemble(tmp_path)
    assert found["seconds"] > 0
    assert found["peak_mib"] > 0
    assert found["sha256"].keys() == {"model", "model_stripped"}
