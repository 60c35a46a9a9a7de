"""docs/chaos.md: its table is of a run that was as it should be, and names every kind."""

from __future__ import annotations

import re
from pathlib import Path

from snakebatch.chaos.kinds import KINDS

PAGE = (Path(__file__).resolve().parents[2] / "docs/chaos.md").read_text()
ROW = re.compile(r"^([a-z0-9-]+) +(\d+) +(\d+) +(\d+)$", re.MULTILINE)
ROWS = {kind: (int(injected), int(survived)) for kind, injected, survived, _ in ROW.findall(PAGE)}


def test_the_table_has_every_kind_and_each_struck() -> None:
    assert ROWS.keys() == KINDS.keys()
    assert all(survived <= injected and injected for injected, survived in ROWS.values())


def test_the_sums_are_those_of_the_table_and_nothing_was_wrong() -> None:
    total = sum(injected for injected, _ in ROWS.values())
    assert f"200 runs of seed 1: {total} faults of {len(KINDS)} kinds" in PAGE
    assert "0 lost leaves, 0 wrong models, 0 leaks" in PAGE
    assert total >= 2000
