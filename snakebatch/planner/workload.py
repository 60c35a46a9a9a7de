"""What a training has to do: its tree, its packets, its bytes. The mesh's own cut, on average slices.

The mesh cuts by counts as well (``mesh/tree.py``, ``mesh/packing.py``), so this follows it closely; what it
can't know is how even the splits are: slices end between tau/2 and tau, and there are ``slices`` rows/tau of
them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from snakebatch.planner.constants import Constants
from snakebatch.planner.sizing import (
    DIVIDE_BUDGET,
    LEAST_COPY,
    SPLIT_COST,
    divide_rows,
    leaf_rows,
    row_packet_count,
)

EVALUATIONS_PER_ROW = 5.0
"""Of one level of the tree, for each row: literals tried on samples, then on all, and the paths again."""

ITEM_BYTES = 220
"""Of a Map item: a packet, a shard and a key."""

PART_BYTES = 8 << 20
"""Of a part that passes through the gatherer."""

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
    """One Map: ``packets`` have the seconds of work of each, on a core at full speed, and until what it made
    is in S3.

    Where there are very many, ``packets`` are fewer and longer ones, whose sum is the same, and ``count``
    says how many there really are.
    """

    role: Role
    packets: tuple[float, ...]
    many: int | None = None
    rows: float = 0.0
    """Of a packet, on average; 0 where the pace is not to reckon with them."""

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
    cover_bytes: float
    """Of the reports that the gatherer reads: which rows and conditions each leaf packet covers."""
    row_bytes: float
    """Of the rows in model.json."""
    bucket_bytes: float
    """Of the buckets in it, which is most of the stripped one."""
    row_packets: int
    """Packets that write the rows; 0 = the gatherer does."""
    passing_bytes: float
    """Of the model, what passes through the gatherer; S3 copies the rest."""
    read_seconds: float
    pack_seconds: float
    load_seconds: float
    row_seconds: float
    """Writing the rows, whoever does it."""
    cover_seconds: float
    divide_evaluations: float
    leaf_rows: int
    """Of a packet, for a target of few classes."""
    items_bytes: int

    @property
    def model_bytes(self) -> float:
        return self.row_bytes + self.bucket_bytes

    @property
    def stripped_bytes(self) -> float:
        return self.bucket_bytes

    @property
    def parts(self) -> float:
        """Parts of model.json's upload: those that S3 copies, and those that pass through."""
        copied = self.row_packets + (self.waves[-1].count if self.passing_bytes < self.bucket_bytes else 0)
        return copied + self.passing_bytes / PART_BYTES

    @property
    def text_bytes(self) -> float:
        """Of the largest run of the model that one shard writes."""
        of_rows = self.row_bytes / self.row_packets if self.row_packets else 0.0
        return max(of_rows, self.bucket_bytes / self.waves[-1].count)

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
    cells = job.rows * (job.columns + 1.0)
    population = cells * constants.population_cell_bytes
    rows = cells * constants.row_cell_bytes
    row_seconds = rows * constants.row_text_byte
    row_packets = row_packet_count(job.rows, job.columns + 1) if divides else 0
    if row_packets:
        divides[0] = _with_rows(divides[0], row_packets, row_seconds + rows / constants.s3_bytes_per_second)
    waves = (*divides, leaf)
    covered = float(job.rows * job.n_layers)
    buckets = covered * constants.bucket_row_bytes
    passing = 0.0 if row_packets else rows
    passing += job.n_layers * _too_small(job, leaf.count // job.n_layers, constants)
    return Workload(
        job=job,
        leaves=job.n_layers * math.ceil(slices),
        waves=waves,
        csv_bytes=cells * constants.csv_cell_bytes,
        population_bytes=population,
        cover_bytes=covered * constants.cover_row_bytes,
        row_bytes=rows,
        bucket_bytes=buckets,
        row_packets=row_packets,
        passing_bytes=passing,
        read_seconds=cells * constants.read_cell,
        pack_seconds=population * constants.population_byte,
        load_seconds=population * constants.load_byte,
        row_seconds=row_seconds,
        cover_seconds=covered * constants.cover_row,
        divide_evaluations=evaluations,
        leaf_rows=cut.leaf_rows or leaf_rows(job.rows, job.n_layers, job.weight),
        items_bytes=ITEM_BYTES * max(wave.count for wave in waves),
    )


def _even(role: Role, seconds: float, count: int, rows: float) -> Wave:
    """So many packets of so many seconds and rows each."""
    shown = min(count, MOST_PACKETS)
    return Wave(role, (seconds * count / shown,) * shown, None if shown == count else count, rows)


def _too_small(job: Job, packets: int, constants: Constants) -> float:
    """Of a layer's buckets, the bytes of packets that are too small for S3 to copy. All but the last are
    filled up."""
    size = leaf_rows(job.rows, job.n_layers, job.weight) / job.weight
    full, last = min(size, job.rows), max(0.0, job.rows - (packets - 1) * size)
    found = [((packets - 1) * full, full), (last, last)]
    return sum(
        rows * constants.bucket_row_bytes
        for rows, each in found
        if each * constants.bucket_row_bytes < LEAST_COPY
    )


def _with_rows(wave: Wave, packets: int, seconds: float) -> Wave:
    """A wave with packets beside its own that write the rows, which take so many seconds in all."""
    together = (*wave.packets, *(seconds / packets,) * packets)
    return replace(wave, packets=together, many=None if wave.many is None else wave.many + packets)


def _leaf_wave(job: Job, constants: Constants, cut: Cut) -> Wave:
    size = (cut.leaf_rows or leaf_rows(job.rows, job.n_layers, job.weight)) / job.weight
    count = max(1, math.ceil(job.rows / max(size, 1.0)))
    written = constants.bucket_row_bytes / constants.s3_bytes_per_second
    seconds = job.rows / count * (job.weight * constants.leaf_row + written)
    return _even("leaf", seconds, count * job.n_layers, job.rows / count)


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
        waves.append(_even("divide", seconds, round(packets) * job.n_layers, job.rows / packets))
    return waves, total * job.n_layers
