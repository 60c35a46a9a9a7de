"""What the gatherer does at the end of a large job: seconds and peak memory of one assembly.

The job is a real one: a population of ``rows`` x 20 numbers, divided and conquered by shards in this process,
its objects in a folder in place of S3. The assembly runs in a process of its own, whose peak counts.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from snakebatch.bench.large_child import make_table
from snakebatch.bench.machine import peak_mib
from snakebatch.clock import SystemClock
from snakebatch.engine.intake import digest
from snakebatch.engine.population import NumberColumn, Population
from snakebatch.mesh.assembly import Assembler
from snakebatch.mesh.engines import SnakeEngine
from snakebatch.mesh.messages import Training
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.population_cache import PopulationCache
from snakebatch.mesh.population_file import to_bytes
from snakebatch.mesh.records import RunRecord, job_record
from snakebatch.mesh.report_queue import ReportQueue
from snakebatch.mesh.requests import ShardEvent, WaveEvent, WaveRef, read_input
from snakebatch.mesh.shard import Shard
from snakebatch.mesh.store import JobStore, Keys
from snakebatch.mesh.waves import Waves, next_wave
from snakebatch.planner import make_plan
from tests.support.disk_s3 import DiskS3, SilentQueue

COLUMNS = 20
LAYERS = 5
ROWS = 1_000_000
FOLDER = Path("out/bench/gather")
GOAL_MIB = 1024
BUCKET, EXECUTION, JOB = "jobs", "bench", "bench"
STARTED = "2026-01-01T00:00:00.000Z"
ARN = "arn:aws:states:eu-west-3:123456789012:execution:snakebatch-train:bench"


def store_in(folder: Path) -> JobStore:
    """The job's store, in a folder."""
    return JobStore(Objects(DiskS3(folder / "s3"), BUCKET))  # type: ignore[arg-type]  # a stand-in


def make_population(rows: int, kind: str) -> Population:
    """Two classes that overlap, 20 columns of numbers."""
    features, targets = make_table(kind, rows, COLUMNS)
    classes, codes = np.unique(targets, return_inverse=True)
    return Population(
        header=("y", *(f"x{column}" for column in range(COLUMNS))),
        datatypes=("I" if classes.dtype.kind == "i" else "N", *("N" for _ in range(COLUMNS))),
        features=tuple(NumberColumn(np.ascontiguousarray(column)) for column in features.T),
        classes=tuple(classes.tolist()),
        codes=codes.astype(np.int32),
    )


def make_job(folder: Path, rows: int, kind: str) -> None:
    """Train everything but the model: population, waves and reports."""
    store, population = store_in(folder), make_population(rows, kind)
    content = digest(population)
    asked = read_input(
        {"dataset": "s3://jobs/data.csv", "target": "y", "job": JOB, "n_layers": LAYERS, "max_usd": 1000}
    )
    training = Training(bucket=asked.bucket, tau=asked.tau, seed=7, oppose_profile="balanced", lookahead=5)
    engine = SnakeEngine()
    counts = {"rows_read": rows, "duplicates": 0, "contradictions": 0}
    record = job_record(JOB, population, content, training, counts, (), engine.version, LAYERS)
    plan = make_plan(rows=rows, n_layers=LAYERS, tau=asked.tau, weight=1.0, max_usd=1000)
    run = RunRecord(
        execution=EXECUTION,
        job=JOB,
        fingerprint=record.fingerprint,
        started=STARTED,
        input=asked,
        plan=plan.to_dict(),
    )
    store.create_job(record)
    store.put_population(JOB, content, to_bytes(population))
    store.put_run(run)
    queue = ReportQueue(SilentQueue(), "queue")  # type: ignore[arg-type]  # a stand-in
    shard = Shard(store, PopulationCache(folder / "shard"), queue, engine, SystemClock())
    wave = Waves(store, record, run).first()
    while True:
        _run(store, shard, wave)
        if wave.next == "leaf":
            break
        wave = next_wave(
            store,
            WaveEvent(
                job=JOB,
                fingerprint=record.fingerprint,
                execution=EXECUTION,
                execution_arn=ARN,
                wave=wave.wave,
                done=wave.next,  # type: ignore[arg-type]  # none of these is "none"
            ),
        )
    (folder / "fingerprint").write_text(record.fingerprint)


def _run(store: JobStore, shard: Shard, wave: WaveRef) -> None:
    assert wave.items is not None
    for item in json.loads(store.objects.get(wave.items)):
        shard.run(ShardEvent.model_validate({**item, "role": wave.next, "execution": EXECUTION}))


def assemble(folder: Path) -> dict[str, Any]:
    """One assembly in this process: its seconds, the peak in MiB, and the models' bytes and hashes."""
    store, fingerprint = store_in(folder), (folder / "fingerprint").read_text()
    keys = Keys(JOB, fingerprint)
    store.objects.delete(keys.execution(EXECUTION, "assembled.json"))
    before, started, cpu = peak_mib(), time.perf_counter(), time.process_time()
    done = Assembler(store).assemble(JOB, fingerprint, EXECUTION)
    seconds, cpu, peak = time.perf_counter() - started, time.process_time() - cpu, peak_mib()
    hashes = {
        name: hashlib.sha256((folder / "s3" / _file(uri)).read_bytes()).hexdigest()[:16]
        for name, uri in (("model", done.model), ("model_stripped", done.model_stripped))
    }
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "peak_mib": peak,
        "before_mib": before,
        **done.body(),
        "sha256": hashes,
    }


def _file(uri: str) -> str:
    from urllib.parse import quote

    return quote(uri.removeprefix(f"s3://{BUCKET}/"), safe="")


def assemble_in_child(folder: Path) -> dict[str, Any]:
    """The same in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.gather", str(folder)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(runs: int, folder: Path = FOLDER, rows: int = ROWS) -> None:
    """Print the figures of each run; the job is trained before the first, where it is not there yet."""
    if not (folder / "fingerprint").exists():
        print(f"training {rows:,} rows x {LAYERS} layers into {folder}, once", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        make_job(folder, rows, "overlap")
    for _ in range(runs):
        found = assemble_in_child(folder)
        print(
            f"assembly of {rows:,} rows x {LAYERS} layers, {found['leaves']:,} leaves, "
            f"{found['model_bytes'] / 1e6:,.0f} MB: {found['seconds']:.1f} s "
            f"({found['cpu_seconds']:.1f} s of a core), peak {found['peak_mib']:.0f} MiB; "
            f"goal {GOAL_MIB:,} MiB",
            flush=True,
        )


if __name__ == "__main__":
    print(json.dumps(assemble(Path(sys.argv[1]))))
