"""README's table of costs is what `snakebatch plan` says."""

from __future__ import annotations

import json

import pytest

from snakebatch import cli
from snakebatch.planner.prices import prices
from tests.support.handlers import ROOT

README = (ROOT / "README.md").read_text()
ROWS = (10_000, 100_000, 1_000_000, 8_000_000)
FUNCTION_GB = 4.0
"""FunctionMemory's default."""


def line(rows: int, capsys: pytest.CaptureFixture[str]) -> str:
    """A row of the table, by the command that stands above it."""
    words = f"plan --rows {rows} --layers 5 --where mesh --memory {FUNCTION_GB:g} --json"
    assert cli.main(words.split()) == 0, "Stage would refuse it: it plans with FunctionMemory's default too"
    plan = json.loads(capsys.readouterr().out)["plan"]
    most = ", about the most" if rows == max(ROWS) else ""
    return f"| {rows:,} rows{most} | {plan['wall_s']:.0f} s | ${plan['total_usd']:.3f} |"


@pytest.mark.parametrize("rows", ROWS)
def test_a_training_costs_what_the_plan_says(rows: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert line(rows, capsys) in README


def test_slots_cost_what_the_prices_say() -> None:
    an_hour = 100 * FUNCTION_GB * 3600 * prices().provisioned_gb_second
    assert f"| 100 provisioned slots, while they are on | | ${an_hour:.0f} an hour |" in README
