"""Which limits a simulated run went over, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snakebatch.planner.rule_book import RuleBook, over
from snakebatch.planner.spawning import SHARDS
from snakebatch.planner.workload import ITEM_BYTES, Workload

if TYPE_CHECKING:
    from snakebatch.planner.simulated import Simulated

FIXED_STATES = 14
"""Transitions of a run with no divide and no slots: Stage to Trained."""

TURNED_AWAY = "throttled starts"
"""A limit that ends no run by itself: the workflow tries again what was turned away."""

SHARD_MEMORY = "tenths of GB of a shard's memory"
"""A limit that another deployment may not have: `FunctionMemory` sets it."""

_EVENTS_PER_STATE = 5

_UNPACKED, _WRITTEN = 2.5, 3.0
"""How often a shard has the population in memory as it unpacks it, and a text as it writes it: its pieces,
the whole, and the whole as bytes.
"""


def shard_memory_gb(work: Workload) -> float:
    """GB that a shard needs for the population and for the texts that it writes."""
    return 0.3 + (_UNPACKED * work.population_bytes + _WRITTEN * work.text_bytes) / 1e9


def broken_limits(found: Simulated, work: Workload, rules: RuleBook, memory_gb: float) -> list[str]:
    """The limits that the run went over, in words."""
    limits = rules.limits
    functions = max((found.by_state.get(name, 0.0) for name in ("Stage", "NextWave", "Settle")), default=0.0)
    checks = [
        ("starts in ten seconds", float(found.busiest), float(rules.starts)),
        (TURNED_AWAY, float(found.throttled), 0.0),
        ("children of a Map at a time", float(max(found.concurrency, default=0)), float(limits.concurrency)),
        ("seconds of a packet", found.longest_packet, limits.packet_seconds),
        ("seconds of Stage, NextWave or Settle", functions, limits.function_seconds),
        ("bytes of a Map item", float(ITEM_BYTES), float(limits.payload_bytes)),
        ("seconds of Gather", found.by_state.get("Gather", 0.0), limits.gather_seconds),
        ("seconds of the execution", found.seconds, limits.execution_seconds),
        ("events of the execution's history", _history(work), float(limits.history_events)),
        (SHARD_MEMORY, 10 * shard_memory_gb(work), 10 * memory_gb),
        ("bytes of model.json", work.model_bytes, float(limits.model_bytes)),
        ("parts of model.json's upload", work.parts, float(limits.upload_parts)),
    ]
    if rules.scope == "function":
        checks[0] = (
            "new environments of a shard in ten seconds",
            found.spawned / SHARDS,
            float(rules.starts),
        )
    return over(checks)


def _history(work: Workload) -> float:
    return float((FIXED_STATES + 4 * len(work.waves)) * _EVENTS_PER_STATE)
