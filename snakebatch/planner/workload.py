"""What a training has to do: its tree, its packets, its bytes. The mesh's own cut, on average slices.

The mesh cuts by counts as well (``mesh/tree.py``, ``mesh/packing.py``), so this follows it closely; what it
can't know is how even the splits are: slices end between tau/2 and tau, and there are ``slices`` rows/tau of
them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal as OneOf

from snakebatch.planner.constants import Constants
from snakebatch.planner.sizing import DIVIDE_BUDGET, SPLIT_COST, divide_rows, leaf_rows

EVALUATIONS_PER_ROW = 5.0
"""Of one level of the tree, for each row: literals tried on samples, then on all, and the paths again."""

ITEM_BYTES = 220
"""Of a Map item: a packet, a shard and a key."""

_MESSAGES_AT_ONCE = 10
"""Leaf messages in one SQS request."""

MOST_PACKETS = 5_000
"""Packets of a wave that are simulated one by one: a tenth of a second. More are put together."""

Role = OneOf["divide", "leaf"]


@dataclass(frozen=True)
class Job:
    """What is to be trained. ``weight``: how much dearer a leaf's row is than with few classes."""

    rows: int
    n_layers: int = 5
    columns: int = 20
    tau: int = 1000
    weight: float = 1.0


@dataclass(frozen=True)
class Cut:
    """How it is cut; None = as the mesh does by itself."""

    leaf_rows: int | None = None
    divide_rows: int | None = None
    divide_budget: int = DIVIDE_BUDGET
    levels_per_wave: int | None = None


@dataclass(frozen=True)
class Wave:
    """One Map: ``packets`` have the seconds of work of each, on a core at full speed.

    Where there are very many, ``packets`` are fewer and longer ones, whose sum is the same, and ``count``
    says how many there really are.
    """

    role: Role
    packets: tuple[float, ...]
    many: int | None = None

    @property
    def count(self) -> int:
        return len(self.packets) if self.many is None else self.many


@dataclass(frozen=True)
class Workload:
    """Seconds of work and bytes of each part."""

    job: Job
    leaves: int
    waves: tuple[Wave, ...]
    csv_bytes: float
    population_bytes: float
    report_bytes: float
    model_bytes: float
    stripped_bytes: float
    read_seconds: float
    load_seconds: float
    assemble_seconds: float
    divide_evaluations: float
    leaf_rows: int
    """Of a packet, for a target of few classes."""
    items_bytes: int

    @property
    def packets(self) -> int:
        """Of the largest wave."""
        return max((wave.count for wave in self.waves), default=0)

    @property
    def invocations(self) -> int:
        return sum(wave.count for wave in self.waves)

    @property
    def work_seconds(self) -> float:
        return sum(sum(wave.packets) for wave in self.waves)

    @property
    def messages(self) -> int:
        """Requests to SQS: batches that shards send, and the gatherer's receiving and deleting of them."""
        return 3 * math.ceil(self.leaves / _MESSAGES_AT_ONCE)


def workload(job: Job, constants: Constants, cut: Cut | None = None) -> Workload:
    """The work of a job, cut as ``cut`` says."""
    cut = cut or Cut()
    divides, evaluations = _divide_waves(job, constants, cut)
    leaf = _leaf_wave(job, constants, cut)
    slices = max(1.0, constants.slices * job.rows / job.tau) if job.rows > job.tau else 1.0
    waves = (*divides, leaf)
    cells = job.rows * (job.columns + 1.0)
    population = cells * constants.population_cell_bytes
    buckets = job.rows * job.n_layers * constants.bucket_row_bytes
    model = buckets + cells * constants.csv_cell_bytes
    return Workload(
        job=job,
        leaves=job.n_layers * math.ceil(slices),
        waves=waves,
        csv_bytes=cells * constants.csv_cell_bytes,
        population_bytes=population,
        report_bytes=buckets,
        model_bytes=model,
        stripped_bytes=buckets,
        read_seconds=cells * constants.read_cell + population * constants.population_byte,
        load_seconds=population * constants.load_byte,
        assemble_seconds=model * constants.assemble_byte,
        divide_evaluations=evaluations,
        leaf_rows=cut.leaf_rows or leaf_rows(job.rows),
        items_bytes=ITEM_BYTES * max(wave.count for wave in waves),
    )


def _even(role: Role, seconds: float, count: int) -> Wave:
    """So many packets of so many seconds each."""
    shown = min(count, MOST_PACKETS)
    return Wave(role, (seconds * count / shown,) * shown, None if shown == count else count)


def _leaf_wave(job: Job, constants: Constants, cut: Cut) -> Wave:
    size = (cut.leaf_rows or leaf_rows(job.rows)) / job.weight
    count = max(1, math.ceil(job.rows / max(size, 1.0)))
    seconds = job.rows / count * job.weight * constants.leaf_row
    return _even("leaf", seconds, count * job.n_layers)


def _divide_waves(job: Job, constants: Constants, cut: Cut) -> tuple[list[Wave], float]:
    """The divide waves, level by level over slices of even size, and the row-evaluations of all layers."""
    waves: list[Wave] = []
    total, size, slices = 0.0, float(job.rows), 1.0
    most = cut.divide_rows or divide_rows(job.rows)
    while size > job.tau:
        packets = 1.0 if not waves else math.ceil(slices / max(1.0, most // size))
        here = slices / packets
        used, level = 0.0, 0
        while size > job.tau and (
            level == 0 or (level < cut.levels_per_wave if cut.levels_per_wave else used < cut.divide_budget)
        ):
            used += here * (size * EVALUATIONS_PER_ROW + SPLIT_COST)
            size, slices, here, level = size / 2, slices * 2, here * 2, level + 1
        total += used * packets
        seconds = used * constants.evaluation
        waves.append(_even("divide", seconds, round(packets) * job.n_layers))
    return waves, total * job.n_layers
