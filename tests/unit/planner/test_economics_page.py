"""docs/economics.md: its tables are what the planner computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from snakebatch.planner.comparison import Comparison, compare
from snakebatch.planner.constants import constants
from snakebatch.planner.optimiser import Bounds, Goal
from snakebatch.planner.prices import prices
from snakebatch.planner.replay import INCIDENT, replay_incident, v9_run
from snakebatch.planner.rule_book import SEEDS
from snakebatch.planner.simulated import Choices
from snakebatch.planner.simulator import simulate
from snakebatch.planner.workload import Job, workload
from tests.support.handlers import ROOT

KNOWN, PRICE = constants(), prices()
SERIAL = ("Stage", "Gather")
_MOST = 200_000_000


def _mesh(layers: int, columns: int) -> Comparison:
    job = Job(1_000_000, layers, columns)
    return compare(job, Goal(), Bounds(where="mesh"), SEEDS, KNOWN, PRICE)


def million_table() -> str:
    """A million rows under the seeds' rule book, v9's model beside this design's simulation."""
    lines = [
        "| layers x columns | v9: slots, s, $ | mesh: slots, s, $ | starts in 10 s | Stage + Gather "
        "| the rest | one machine |",
        "|---|---|---|---|---|---|---|",
    ]
    for layers in (5, 25):
        for columns in (2, 5, 20):
            found = _mesh(layers, columns)
            seeds, plan, run = found.seeds, found.best.plan, found.best.run
            serial = sum(run.by_state[state] for state in SERIAL)
            alone = compare(found.job, Goal(), Bounds(where="machine"), SEEDS, KNOWN, PRICE).best.plan
            lines.append(
                f"| {layers} x {columns} | {seeds.slots}, {seeds.wall_s:,.0f}, {seeds.total_usd:.2f} "
                f"| {plan.slots}, {plan.seconds:.0f}, {plan.usd:.3f} | {run.busiest} | {serial:.0f} s "
                f"| {plan.seconds - serial:.0f} s | {alone.seconds:,.0f} s |"
            )
    return "\n".join(lines) + "\n"


_NAMES = {
    "tenths of GB of a shard's memory": "memory of a shard",
    "seconds of Stage, NextWave or Settle": "15 minutes of Stage",
    "parts of model.json's upload": "10,000 parts of model.json",
    "seconds of a packet": "5 minutes of a shard's invocation",
    "seconds of Gather": "an hour of Gather",
    "seconds of the execution": "6 hours of the execution",
}


def _broken(rows: int, memory_gb: float) -> set[str]:
    run = simulate(workload(Job(rows, 5, 20), KNOWN), SEEDS, KNOWN, Choices(memory_gb=memory_gb))
    return {text.rpartition(": ")[0] for text in run.broken}


def _first(breaks: Callable[[int], bool], low: int, high: int) -> int:
    while high / low > 1.02:
        middle = round((low * high) ** 0.5)
        low, high = (low, middle) if breaks(middle) else (middle, high)
    return high


def _binds(key: str, memory_gb: float, rows: int) -> bool:
    return key in _broken(rows, memory_gb)


def _bound(breaks: Callable[[int], bool]) -> str:
    if not breaks(_MOST):
        return f"not below {_MOST / 1e6:.0f}M"
    return f"{_first(breaks, 10**6, _MOST) / 1e6:.0f}M rows"


def binding_table() -> str:
    """From how many rows on each limit binds, 5 layers and 20 columns."""
    lines = ["| limit | binds from, 4 GB | binds from, 10 GB |", "|---|---|---|"]
    for key, name in _NAMES.items():
        bounds = [_bound(partial(_binds, key, memory)) for memory in (4.0, 10.0)]
        lines.append(f"| {name} | " + " | ".join(bounds) + " |")
    return "\n".join(lines) + "\n"


def replay_table() -> str:
    """What the seeds observed, and the incident."""
    lines = ["| replayed | seconds | dollars | ends by |", "|---|---|---|---|"]
    for one in (INCIDENT, *replay_incident(KNOWN, PRICE)):
        lines.append(f"| {one.name} | {one.seconds:,.0f} | {one.usd:,.4f} | {one.stopped_by} |")
    for rows, said in ((1000, "75 leaves, 3 to 5/s"), (7500, "17.4/s, wedged")):
        run = v9_run(rows, 25)
        ended = "wedges" if run.stalled else "ends"
        lines.append(
            f"| v9 at {rows:,} x 25L: {run.leaves} leaves, {run.peak_rate:.1f}/s "
            f"| {run.window:.0f} | | {ended} (observed: {said}) |"
        )
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("name", "kept", "missed"),
    [
        ("copy_bytes_per_second", 240e6, 220e6),
        ("s3_bytes_per_second", 43e6, 41e6),
        ("map_start", 9.0 - KNOWN.map_end, 9.5 - KNOWN.map_end),
    ],
)
def test_the_page_says_how_much_the_minute_leans_on(name: str, kept: float, missed: float) -> None:
    """What was not measured, and how far off it may be until 5 layers x 20 columns take over a minute."""
    job, bounds = Job(1_000_000, 5, 20), Bounds(where="mesh")
    for value, fits in ((kept, True), (missed, False)):
        known = replace(KNOWN, **{name: value})
        found = compare(job, Goal(), bounds, SEEDS, known, PRICE)
        assert (found.best.plan.seconds <= 60) == fits


@pytest.mark.parametrize("table", [million_table, binding_table, replay_table])
def test_the_page_has_the_table_as_it_is_computed(table: Callable[[], str]) -> None:
    assert table() in (ROOT / "docs" / "economics.md").read_text(encoding="utf-8")
