"""What a job writes down about itself: the job, one run of it, and the leaves a run expects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from typing import Literal as OneOf

from pydantic import Field

from snakebatch.engine.population import Population
from snakebatch.engine.settings import Settings
from snakebatch.mesh.canonical import canonical, content_hash
from snakebatch.mesh.messages import VERSION, Message, Training
from snakebatch.mesh.packing import leaf_weight
from snakebatch.mesh.requests import TrainInput
from snakebatch.planner.plan import MEMORY_GB
from snakebatch.planner.sizing import leaf_rows

RECORD_LIMIT = 5
"""Warnings that are kept one by one; the rest are counted. A state's output must stay small."""

_LONGEST = 200
"""Bytes of a kept warning, as JSON escapes it at worst: a warning may quote a name of any length."""


def fingerprint_of(population: str, training: Training, engine: str) -> str:
    """What decides a layer's bytes, hashed: data, parameters, seed, engine.

    Not the number of layers, the grain or the levels a wave: those decide how much is trained, or how it is
    cut up, and a job may be resumed with others.
    """
    return content_hash(
        canonical({"population": population, "noise": 0, "engine": engine, **training.body()})
    )


def short_list(warnings: tuple[str, ...]) -> list[str]:
    """The first few warnings, each cut to a line's length, and how many there were beside."""
    kept = [_cut(text) for text in warnings[:RECORD_LIMIT]]
    more = len(warnings) - len(kept)
    return [*kept, f"and {more} more warnings"] if more > 0 else kept


def _cut(text: str) -> str:
    if len(canonical(text)) <= _LONGEST:
        return text
    text = text[:_LONGEST]
    while len(canonical(text)) > _LONGEST:
        text = text[: len(text) * 9 // 10]
    return f"{text}..."


class JobRecord(Message):
    """One job: the same for every run of it, so it is written once and never over."""

    version: OneOf[1] = VERSION
    engine: str
    job: str
    fingerprint: str
    population: str
    header: list[str]
    datatypes: list[str]
    classes: int
    rows: int
    rows_read: int
    duplicates: int
    contradictions: int
    warnings: list[str]
    training: Training
    leaf_rows: int
    """Of a packet, decided by the job's first run: later ones, with more layers, cut alike."""

    def settings(self, n_layers: int) -> Settings:
        return replace(self.training.settings(n_layers), engine=self.engine)


class RunRecord(Message):
    """One execution over a job: how much to train, and how to cut it up."""

    version: OneOf[1] = VERSION
    execution: str
    job: str
    fingerprint: str
    started: str
    input: TrainInput
    plan: dict[str, Any]

    @property
    def slots(self) -> int:
        """Of its own."""
        return int(self.plan["slots"])

    @property
    def memory_gb(self) -> float:
        """GB of a function as its plan has them, which it is billed by; older records do not say."""
        return float(self.plan.get("memory_gb", MEMORY_GB))

    @property
    def joins_session(self) -> bool:
        """Whether it uses a session's slots: they are there already, for who wants none of its own."""
        return self.input.slots == "auto" and not self.slots


class RunName(Message):
    """Which job an execution is of: who knows its name alone finds the rest."""

    job: str
    fingerprint: str


class WaveRecord(Message):
    """The packets of one wave, in order, those already done in an earlier run included.

    ``layers`` are the packets' own, None of one that writes rows; ``reused`` are the packets whose report was
    there when the wave was handed out. Waves of an older version name neither.
    """

    version: OneOf[1] = VERSION
    wave: int
    role: OneOf["divide", "conquer", "leaf"]
    packets: list[str]
    layers: list[int | None] = Field(default_factory=list)
    reused: list[str] = Field(default_factory=list)

    @property
    def fresh(self) -> list[str]:
        """The packets that the wave's Map was given, in order."""
        reused = set(self.reused)
        return [packet for packet in self.packets if packet not in reused]


class ManifestEntry(Message):
    """One leaf packet and what its report must hold."""

    packet: str
    layer: int
    leaves: int
    rows: int


class Manifest(Message):
    """The leaves a run expects, packet by packet, in model order.

    ``rows`` are the packets that write the population's rows, in order; none where it is small.
    """

    version: OneOf[1] = VERSION
    execution: str
    job: str
    fingerprint: str
    layers: int
    slices: int
    packets: list[ManifestEntry]
    rows: list[str] = Field(default_factory=list)

    @property
    def leaves(self) -> int:
        return sum(entry.leaves for entry in self.packets)


class Assembled(Message):
    """The models of a run are in S3, and what they hold."""

    version: OneOf[1] = VERSION
    model: str
    model_stripped: str
    model_bytes: int
    model_stripped_bytes: int
    leaves: int
    buckets: int
    rows_covered: int


class LayerCoverage(Message):
    """How much of a layer is in a partial model."""

    layer: int
    rows: int
    rows_covered: int
    leaves: int
    leaves_expected: int


class MissingLeaf(Message):
    """A leaf that a partial model lacks: its slice's address, with ``k`` one bucket of it alone; ``rows`` are
    the slice's, None of one bucket.
    """

    layer: int
    node: str
    k: int | None = None
    rows: int | None = None


class PartialModel(Message):
    """A model of the leaves that arrived: where it is, and what it lacks.

    ``coverage`` is the part of rows x layers whose bucket is there: 1.0 where nothing is missing.
    """

    version: OneOf[1] = VERSION
    job: str
    execution: str
    model: str
    model_stripped: str
    model_bytes: int
    model_stripped_bytes: int
    buckets: int
    coverage: float
    rows: int
    layers: list[LayerCoverage]
    missing: list[MissingLeaf]


def job_record(
    job: str,
    population: Population,
    digest: str,
    training: Training,
    counts: dict[str, int],
    warnings: tuple[str, ...],
    engine: str,
    n_layers: int,
) -> JobRecord:
    """The record of a job that was just staged; ``engine`` is the version of the one that will train it, and
    ``n_layers`` what its first run wants.
    """
    return JobRecord(
        engine=engine,
        job=job,
        fingerprint=fingerprint_of(digest, training, engine),
        population=digest,
        header=list(population.header),
        datatypes=list(population.datatypes),
        classes=len(population.classes),
        rows=len(population),
        warnings=short_list(warnings),
        training=training,
        leaf_rows=leaf_rows(len(population), n_layers, leaf_weight(len(population.classes))),
        **counts,
    )
