"""What is simulated and what comes of it: choices, faults, and a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from snakebatch.planner.bill import Bill, Counts
from snakebatch.planner.spawn_rate import busiest_window

FULL_CORE_GB = 1.769
"""Memory with which Lambda gives one whole core: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""


def core_share(memory_gb: float) -> float:
    """The part of a core that a function of so many GB has, as the engine uses it: one at most."""
    return min(1.0, memory_gb / FULL_CORE_GB)


@dataclass(frozen=True)
class Choices:
    """What can be chosen beside the cut. ``most_concurrency`` caps every Map; with ``unpaced`` it is
    what every Map runs at, whatever the rules admit: to see what is turned away then.
    """

    slots: int = 0
    memory_gb: float = 4.0
    most_concurrency: int | None = None
    unpaced: bool = False


@dataclass(frozen=True)
class Faults:
    """What goes wrong: every start is answered with 429, or every invocation hangs until its timeout."""

    throttled: bool = False
    hangs: bool = False


@dataclass
class Simulated:
    """What became of a run. Seconds by state are of the wall clock; ``starts`` count from its beginning."""

    seconds: float = 0.0
    by_state: dict[str, float] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    rationed: list[float] = field(default_factory=list)
    """Those of the starts that the rules count: on slots nothing is rationed."""
    spawned: int = 0
    throttled: int = 0
    concurrency: list[int] = field(default_factory=list)
    longest_packet: float = 0.0
    counts: Counts = field(default_factory=Counts)
    usd: Bill = field(default_factory=Bill)
    broken: list[str] = field(default_factory=list)
    failed: str | None = None

    @property
    def busiest(self) -> int:
        """The most starts in any ten seconds, of those that the rules count."""
        return busiest_window(self.rationed)

    @property
    def peak_rate(self) -> float:
        """Starts a second over the busiest ten, slots included."""
        return busiest_window(self.starts) / 10.0
