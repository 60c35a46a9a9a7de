"""What the seeds saw, replayed: v9's bursts, its wedge at 7,500 rows, and v6's $1,057.

v9 started a leaf as soon as its branch of the tree was open, and nothing held it back. Its tree opened at
3.8 s a level; each layer's chain had three hops more (divide, conquer, leaf), each on a cold shard; and 1,000
rows made three leaves, not one. With these, which the concurrency page tells, its two observations follow.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from snakebatch.planner.constants import Constants
from snakebatch.planner.prices import Prices
from snakebatch.planner.rule_book import SEEDS, RuleBook
from snakebatch.planner.seed_figures import INCIDENT_HOURS, INCIDENT_USD
from snakebatch.planner.seed_model import DIVIDE_STEP
from snakebatch.planner.simulated import Choices, Faults, Simulated
from snakebatch.planner.simulator import simulate
from snakebatch.planner.spawn_rate import busiest_window
from snakebatch.planner.workload import Job, workload

LEAVES_PER_TAU = 3
"""Observed: 1,000 rows made three leaves a layer."""

_HOPS = 3
"""Divide, conquer, leaf: "three cold-start hops billed serially per layer"."""


@dataclass(frozen=True)
class V9Run:
    """A run of v9: its leaves, the starts a second over the busiest ten, and whether it wedged."""

    leaves: int
    window: float
    peak_rate: float
    stalled: bool


def v9_run(rows: int, n_layers: int, tau: int = 1000, *, seed: int = 0, rules: RuleBook = SEEDS) -> V9Run:
    """Play v9 on a rule book. A start that is turned away is never made again: its parents wait for ever."""
    draws = random.Random(seed)
    each = math.ceil(LEAVES_PER_TAU * rows / tau)
    window = DIVIDE_STEP * (max(1, math.ceil(math.log2(each))) + _HOPS)
    starts = sorted(draws.uniform(0, window) for _ in range(each * n_layers))
    most = busiest_window(starts, rules.window)
    return V9Run(len(starts), window, most / rules.window, most > rules.starts)


@dataclass(frozen=True)
class Incident:
    """What an endless fault costs: v6's, and one run of this design until it stops by itself."""

    name: str
    seconds: float
    usd: float
    invocations: int
    stopped_by: str


INCIDENT = Incident(
    "v6, retrying into its own throttle", INCIDENT_HOURS * 3600, INCIDENT_USD, 0, "a person, after 19 hours"
)

ROWS, LAYERS = 150_000, 25
"""At 150,000 rows v6's concurrency "exceeded the cap and tail latency exploded"."""


def replay_incident(known: Constants, price: Prices, *, seed: int = 0) -> list[Incident]:
    """The same faults under this design's bounds: every start answered with 429; every invocation hanging."""
    work = workload(Job(ROWS, LAYERS), known)
    found = []
    for name, faults in (
        ("every start is answered with 429", Faults(throttled=True)),
        ("every invocation hangs until its timeout", Faults(hangs=True)),
    ):
        run = simulate(work, SEEDS, known, Choices(), seed=seed, faults=faults, price=price)
        found.append(Incident(name, run.seconds, run.usd.total, len(run.starts), _stop(run)))
    return found


def _stop(run: Simulated) -> str:
    bound = {
        "Lambda.TooManyRequestsException": "MaxAttempts 8 of the first packet, whose failure ends the Map",
        "States.Timeout": "MaxAttempts 2 after a timeout of 300 s, whose failure ends the Map",
    }
    return bound.get(run.failed or "", "nothing")
