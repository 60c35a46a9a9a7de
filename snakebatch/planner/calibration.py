"""Constants from receipts: what runs really took, against what they had to do.

A receipt has its plan, which says how much was to be done, and the seconds of every state and shard. Each
constant that a receipt can tell is solved for alone, the others standing; the median over the receipts
counts, so that one disturbed run spoils nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from snakebatch.errors import InputError
from snakebatch.planner.constants import Constants
from snakebatch.planner.plan import MEMORY_GB
from snakebatch.planner.serial import stage_seconds
from snakebatch.planner.simulated import core_share
from snakebatch.planner.workload import Job, Workload, workload

_PASSING_SHARE = 0.1
_LEAST_SECONDS = 0.5
"""A state that took less says nothing about what a unit of its work takes."""


@dataclass(frozen=True)
class Calibration:
    """The fitted constants, which of them came from receipts, and how well plans fit before and after.

    The errors are medians of |predicted - actual| / actual over the states that took a while.
    """

    constants: Constants
    fitted: dict[str, float]
    receipts: int
    error_before: float
    error_after: float

    def to_dict(self) -> dict[str, Any]:
        """What ``--calibrate`` prints, and ``--constants`` reads."""
        return {
            "receipts": self.receipts,
            "fitted": sorted(self.fitted),
            "error_before": round(self.error_before, 4),
            "error_after": round(self.error_after, 4),
            "constants": self.constants.to_dict(),
        }


def calibrate(receipts: Iterable[Mapping[str, Any]], known: Constants) -> Calibration:
    """Fit the constants; raises InputError where no receipt is of a run that trained."""
    read = [_read(receipt, known) for receipt in receipts if receipt.get("status") == "TRAINED"]
    if not read:
        raise InputError("calibrate: none of the receipts is of a run that trained; give receipt.json files")
    found: dict[str, list[float]] = {}
    for work, actual in read:
        for name, value in _solve(work, actual, known):
            found.setdefault(name, []).append(value)
    fitted = {name: median(values) for name, values in found.items()}
    after = known.with_values(fitted)
    return Calibration(after, fitted, len(read), _error(read, known), _error(read, after))


def _read(receipt: Mapping[str, Any], known: Constants) -> tuple[Workload, dict[str, Any]]:
    try:
        plan, actual = receipt["plan"], receipt["actual"]
        job = Job(
            rows=int(receipt["rows"]["kept"]),
            n_layers=int(plan["n_layers"]),
            columns=int(plan.get("columns") or 20),
            tau=int(plan["tau"]),
        )
        states = {name: float(value) for name, value in actual["seconds_by_state"].items()}
        shards = actual["shards"].values()
        told = {
            "speed": core_share(float(plan.get("memory_gb", MEMORY_GB))),
            "states": states,
            "shard_seconds": sum(float(shard["seconds"]) for shard in shards),
            "invocations": sum(int(shard["packets"]) for shard in shards),
            "cold": sum(int(shard["cold"]) for shard in shards),
            "model_bytes": float(actual["model_bytes"]),
            "stripped_bytes": float(actual["model_stripped_bytes"]),
            "leaves": float(actual["leaves"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"calibrate: a receipt lacks {error}: it is of an older version") from error
    return workload(job, known), told


def _solve(work: Workload, actual: Mapping[str, Any], known: Constants) -> Iterable[tuple[str, float]]:
    """What one receipt says of each constant."""
    states, job = actual["states"], work.job
    speed = actual["speed"]
    cells, layered = job.rows * (job.columns + 1.0), float(job.rows * job.n_layers)
    stage = states.get("Stage", 0.0)
    if stage > _LEAST_SECONDS:
        beside = stage_seconds(replace(work, read_seconds=0.0, csv_bytes=0.0), known, speed)
        reading = stage - known.init - beside
        # What comes from S3 more slowly than it is read says nothing of the reading.
        if reading > work.csv_bytes / known.s3_bytes_per_second:
            yield "read_cell", reading * speed / cells
    fetched = actual["cold"] * work.population_bytes / known.s3_bytes_per_second
    worked = speed * (actual["shard_seconds"] - actual["invocations"] * known.invocation - fetched)
    leaves = worked - actual["cold"] * work.load_seconds - work.divide_evaluations * known.evaluation
    if leaves > _LEAST_SECONDS:
        yield "leaf_row", leaves / (layered * job.weight)
    gather = states.get("Gather", 0.0) - 2 * known.gather
    copied = actual["model_bytes"] + actual["stripped_bytes"]
    # Where much of the text passes through the gatherer, its seconds say nothing of S3's copies.
    if gather > _LEAST_SECONDS and work.passing_bytes < _PASSING_SHARE * copied:
        yield "copy_bytes_per_second", copied / gather
    yield "bucket_row_bytes", actual["stripped_bytes"] / layered
    if job.rows > job.tau:
        yield "slices", actual["leaves"] / job.n_layers * job.tau / job.rows


def _error(read: Iterable[tuple[Workload, Mapping[str, Any]]], known: Constants) -> float:
    """How far predictions are from the receipts, in parts."""
    errors = []
    for before, actual in read:
        work = workload(replace(before.job), known)
        predicted = {
            "Stage": stage_seconds(work, known, actual["speed"]) + known.init,
            "shards": (work.work_seconds + actual["cold"] * work.load_seconds) / actual["speed"]
            + actual["invocations"] * known.invocation
            + actual["cold"] * work.population_bytes / known.s3_bytes_per_second,
        }
        real = {"Stage": actual["states"].get("Stage", 0.0), "shards": actual["shard_seconds"]}
        long = [name for name in real if real[name] > _LEAST_SECONDS]
        errors += [abs(predicted[name] - real[name]) / real[name] for name in long]
    return median(errors) if errors else 0.0
