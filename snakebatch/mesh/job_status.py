"""How far a job is: what anybody is told who asks, whoever gathers, and however often that was restarted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal as OneOf

from pydantic import Field

from snakebatch.mesh.messages import Message, Role
from snakebatch.mesh.packing import leaf_weight
from snakebatch.mesh.records import JobRecord, Manifest, RunRecord, WaveRecord
from snakebatch.planner.plan import compute_seconds, cost

RATE_WINDOW = 10.0
"""Seconds over which the rate is taken, as the spawn rule does."""

Status = OneOf["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]


class WaveProgress(Message):
    """One wave, that is one Map: its packets, and how many of them have a report."""

    wave: int
    role: Role
    packets: int
    done: int


class Progress(Message):
    """What S3 says of a run: its waves, and the leaves of each layer with the part of its rows they cover.

    ``leaves_expected`` is 0 until the last wave is planned; ``rate`` is of reports a second, over the last
    ten.
    """

    waves: list[WaveProgress] = Field(default_factory=list)
    leaves_per_layer: list[int] = Field(default_factory=list)
    coverage_per_layer: list[float] = Field(default_factory=list)
    leaves: int = 0
    leaves_expected: int = 0
    invocations: int = 0
    rate: float = 0.0
    usd: float = 0.0
    eta_seconds: float | None = None


class JobStatus(Progress):
    """A job as its users see it. Times are epoch seconds; ``model_id`` is its execution's name.

    ``state`` is the state of the workflow that runs, or ran last. ``usd`` of a job that still runs is
    reckoned from the reports that are there; its receipt has the whole.
    """

    model_id: str
    job: str | None = None
    fingerprint: str | None = None
    status: Status
    state: str
    started: float
    ended: float | None = None
    seconds: float
    rows: int | None = None
    n_layers: int | None = None
    max_usd: float | None = None
    error: str | None = None
    cause: str | None = None
    model: str | None = None
    model_stripped: str | None = None
    receipt: str | None = None


def progress_of(
    record: JobRecord,
    run: RunRecord,
    waves: Iterable[WaveRecord],
    manifest: Manifest | None,
    reported: Mapping[Role, Mapping[str, float]],
    now: float,
    started: float,
) -> Progress:
    """``reported`` has, for each role, the packets that have a report, and when it was written."""
    seen = [_wave(wave, reported[wave.role]) for wave in waves]
    layers = run.input.n_layers
    leaves, rows = [0] * layers, [0] * layers
    done = reported["leaf"]
    for entry in () if manifest is None else manifest.packets:
        if entry.packet in done:
            leaves[entry.layer] += entry.leaves
            rows[entry.layer] += entry.rows
    invocations = sum(wave.done for wave in seen)
    work = compute_seconds(
        invocations=invocations,
        evaluations=0,
        leaf_rows=sum(rows) * leaf_weight(record.classes),
        memory_gb=run.memory_gb,
    )
    usd = cost(invocations=invocations, compute_seconds=work, leaves=sum(leaves), memory_gb=run.memory_gb)
    times = [time for packets in reported.values() for time in packets.values()]
    return Progress(
        waves=seen,
        leaves_per_layer=leaves,
        coverage_per_layer=[round(count / record.rows, 6) for count in rows],
        leaves=sum(leaves),
        leaves_expected=0 if manifest is None else manifest.leaves,
        invocations=invocations,
        rate=round(sum(now - time < RATE_WINDOW for time in times) / RATE_WINDOW, 3),
        usd=round(usd, 6),
        eta_seconds=_eta(run, manifest, done, now, started),
    )


def _wave(wave: WaveRecord, reported: Mapping[str, float]) -> WaveProgress:
    done = sum(packet in reported for packet in wave.packets)
    return WaveProgress(wave=wave.wave, role=wave.role, packets=len(wave.packets), done=done)


def _eta(
    run: RunRecord, manifest: Manifest | None, done: Mapping[str, float], now: float, started: float
) -> float:
    """Seconds left: as the leaves went so far, or as planned while there are none."""
    planned = max(0.0, float(run.plan["seconds"]) - (now - started))
    if manifest is None:
        return round(planned, 1)
    packets: Collection[str] = [entry.packet for entry in manifest.packets]
    times = sorted(done[packet] for packet in packets if packet in done)
    if not times:
        return round(planned, 1)
    left = len(packets) - len(times)
    return round(left * max(now - times[0], 1.0) / len(times), 1)
