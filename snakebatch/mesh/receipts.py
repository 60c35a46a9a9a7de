"""What a run really took: seconds by state and by shard, dollars by kind. Pure; Settle reads, this reckons.

The shards' seconds are their own, as the reports' metadata tell. What only the bill knows is reckoned with
the planner's constants: the start of a new environment, and the small functions beside the shards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from snakebatch.mesh.invocation import Invocation
from snakebatch.planner.bill import Counts, bill
from snakebatch.planner.constants import constants
from snakebatch.planner.plan import planned_rules
from snakebatch.planner.prices import prices
from snakebatch.planner.rate import SPAWN_RATE, WINDOW
from snakebatch.planner.spawn_rate import busiest_window

_STATES = {"divide": "Divide", "conquer": "Conquer", "leaf": "Leaf"}
_FUNCTIONS = ("Stage", "NextWave")
"""States whose seconds are those of one function of the shards' memory."""

_FIXED_STATES = 14
_STATES_OF_A_WAVE = 4
_BRACKET_SECONDS, _BRACKET_CALLS = 0.6, 3


@dataclass(frozen=True)
class WaveTimes:
    """One wave: when it was handed out (epoch seconds), its role, and its invocations, of ``packets``.

    ``packets`` may be more than the invocations: a report of an earlier run was not made in this one, and of
    very many only some are asked.
    """

    role: str
    handed: float
    packets: int
    invocations: tuple[Invocation, ...]

    @property
    def ended(self) -> float:
        """When its last report was there, as far as is known."""
        return max((one.ended for one in self.invocations), default=self.handed)


@dataclass(frozen=True)
class Taken:
    """What a run took: everything that its receipt says beside what was counted."""

    seconds_by_state: dict[str, float]
    usd_by_kind: dict[str, float]
    usd: float
    compute_seconds: float
    cold_starts: int
    peak_rate: float
    shards: dict[str, dict[str, float]]

    def to_dict(self) -> dict[str, Any]:
        """As the receipt has it."""
        return {
            "seconds_by_state": self.seconds_by_state,
            "usd_by_kind": self.usd_by_kind,
            "compute_seconds": self.compute_seconds,
            "cold_starts": self.cold_starts,
            "peak_rate": self.peak_rate,
            "shards": self.shards,
        }


def seconds_by_state(
    started: float, waves: Iterable[WaveTimes], assembled: float, now: float
) -> dict[str, float]:
    """The wall clock, state by state: from the moments at which waves were handed out, and reports written.

    Admit, OpenBracket and the waiting for it are counted with the first Map, whose reports they delay.
    """
    found: dict[str, float] = {}

    def spend(state: str, seconds: float) -> None:
        found[state] = round(found.get(state, 0.0) + max(0.0, seconds), 3)

    since = started
    for number, wave in enumerate(waves):
        spend("Stage" if number == 0 else "NextWave", wave.handed - since)
        since = max(wave.handed, wave.ended)
        spend(_STATES[wave.role], since - wave.handed)
    spend("Gather", assembled - since)
    spend("Settle", now - max(assembled, since))
    return found


def taken(
    waves: list[WaveTimes],
    *,
    started: float,
    assembled: float,
    now: float,
    leaves: int,
    model_bytes: int,
    slots: int,
    slot_seconds: float,
    gathered: bool,
    memory_gb: float,
) -> Taken:
    """What the run took, with functions of so many GB. Where only some packets were asked, their mean stands
    for the others.
    """
    states = seconds_by_state(started, waves, assembled, now)
    known = constants()
    ran = sum(len(wave.invocations) for wave in waves)
    shard_seconds = sum(_seconds(wave) for wave in waves)
    cold = sum(one.cold for wave in waves for one in wave.invocations)
    functions = sum(states.get(name, 0.0) for name in _FUNCTIONS)
    functions += states["Settle"] + (0.0 if gathered else states["Gather"])
    compute = shard_seconds + cold * known.init + functions + _BRACKET_SECONDS
    requests = sum(_made(wave) for wave in waves) + len(waves) + _BRACKET_CALLS + 2
    counts = Counts(
        requests=requests,
        gb_seconds=compute * memory_gb,
        slots=slots,
        slot_seconds=slot_seconds,
        transitions=_FIXED_STATES + len(waves) * _STATES_OF_A_WAVE + sum(_made(wave) for wave in waves),
        puts=3.0 * sum(_made(wave) for wave in waves) + model_bytes / (8 << 20),
        gets=4.0 * sum(_made(wave) for wave in waves),
        sqs=0.3 * leaves,
    )
    dollars = bill(counts, prices(), planned_rules(SPAWN_RATE), memory_gb)
    starts = [one.started for wave in waves for one in wave.invocations]
    return Taken(
        seconds_by_state=states,
        usd_by_kind=dollars.rounded(),
        usd=round(dollars.total, 6),
        compute_seconds=round(compute, 3),
        cold_starts=cold,
        peak_rate=round(busiest_window(starts, WINDOW) / WINDOW, 3) if ran else 0.0,
        shards=_by_shard(one for wave in waves for one in wave.invocations),
    )


def _made(wave: WaveTimes) -> int:
    """How many of its packets were made in this run."""
    return wave.packets


def _seconds(wave: WaveTimes) -> float:
    if not wave.invocations:
        return 0.0
    return sum(one.seconds for one in wave.invocations) * _made(wave) / len(wave.invocations)


def _by_shard(invocations: Iterable[Invocation]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for one in invocations:
        shard = found.setdefault(one.shard, {"packets": 0, "seconds": 0.0, "cold": 0})
        shard["packets"] += 1
        shard["seconds"] = round(shard["seconds"] + one.seconds, 3)
        shard["cold"] += one.cold
    return dict(sorted(found.items()))


def beside(plan: Mapping[str, Any], actual: Mapping[str, Any]) -> dict[str, Any]:
    """Predicted and actual, for the execution's output: small."""
    return {
        "seconds": {"planned": plan.get("seconds"), "actual": actual["seconds"]},
        "usd": {"planned": plan.get("usd"), "actual": actual["usd"]},
        "seconds_by_state": actual["seconds_by_state"],
        "usd_by_kind": actual["usd_by_kind"],
    }
