"""Stage: from a CSV in S3 to a population, a job, a plan and the first wave."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from snakebatch.engine.csv_table import read_csv
from snakebatch.engine.intake import Intake, default_seed, digest
from snakebatch.engine.profiles import resolve_profile
from snakebatch.errors import InputError
from snakebatch.mesh.dataset import Dataset
from snakebatch.mesh.engines import Engine, SnakeEngine
from snakebatch.mesh.messages import Training
from snakebatch.mesh.packing import leaf_cost, leaf_weight
from snakebatch.mesh.places import Places
from snakebatch.mesh.population_file import to_bytes
from snakebatch.mesh.records import JobRecord, RunRecord, job_record
from snakebatch.mesh.requests import StageEvent, TrainInput, WaveRef, read_input
from snakebatch.mesh.reuse import layers_left, without_packets
from snakebatch.mesh.store import JobStore, Keys, require_same
from snakebatch.mesh.waves import Waves
from snakebatch.planner import SPAWN_RATE, Plan, make_plan, slots_in_time
from snakebatch.planner.plan import MEMORY_GB

_ID_BYTES = 16


@dataclass
class Staging:
    """Refuses bad input before anything is spent."""

    store: JobStore
    engine: Engine = field(default_factory=SnakeEngine)
    rate: float = SPAWN_RATE
    """New invocations a second that the account allows; plans reckon with it."""

    dataset_objects: tuple[str, ...] = ()
    """What may be trained on in other buckets, as ARNs."""

    memory: int | None = None
    """Bytes of this function, and of a shard, which has the same: a table is to fit into them, and plans
    reckon with them. None where there is no such limit; plans then reckon with the default's.
    """

    def run(self, event: StageEvent) -> dict[str, Any]:
        """Stage one execution; returns ``run`` (keys and switches), ``plan`` and ``wave``, all small.

        Raises InputError, PlanError, or FingerprintError where the job id belongs to other data or
        parameters.
        """
        asked = read_input(event.input)
        engine = _engine(self.engine, asked)
        Places(self.store.objects, self.dataset_objects).check_dataset(asked.dataset)
        dataset = Dataset(self.store.objects.s3, asked.dataset)
        intake = read_csv(dataset.open, asked.target, memory=self.memory)
        content = digest(intake.population)
        training = _training(asked, intake, content)
        record = _record(asked, intake, content, training, engine)
        plan = self._plan(asked, record)
        run = RunRecord(
            execution=event.execution,
            job=record.job,
            fingerprint=record.fingerprint,
            started=event.started,
            input=asked,
            plan=plan.to_dict(),
        )
        wave = WaveRef(wave=0, next="none")
        if plan.feasible and not asked.dry_run:
            record = self.store.create_job(record)
            self.store.put_population(record.job, content, to_bytes(intake.population))
            self.store.put_run(run)
            wave = Waves(self.store, record, run).first()
        return {
            "run": {
                "execution": event.execution,
                "job": record.job,
                "fingerprint": record.fingerprint,
                "dry_run": asked.dry_run,
                "slots": plan.slots,
                "slots_required": asked.slots_required,
                "joins_session": run.joins_session,
                "min_share": asked.min_share,
                "max_share": asked.max_share,
            },
            "plan": plan.to_dict(),
            "wave": wave.body(),
        }

    @property
    def memory_gb(self) -> float:
        """GB of a function, as plans have them."""
        return MEMORY_GB if self.memory is None else self.memory / (1 << 30)

    def _plan(self, asked: TrainInput, record: JobRecord) -> Plan:
        """What is left to do of the job, of a new one all. Raises FingerprintError before anything is spent,
        in a dry run too.
        """
        present = None if asked.job is None else self.store.find_job(asked.job)
        if present is None:
            return _plan(asked, record, self.rate, self.memory_gb, asked.n_layers)
        require_same(present, record)
        left = layers_left(self.store, Keys(record.job, record.fingerprint), asked.n_layers)
        # The job's first run decided how large its packets are.
        return _plan(asked, present, self.rate, self.memory_gb, left)


def _engine(engine: Engine, asked: TrainInput) -> str:
    """The engine's version, before the data are read: a licensed one may not be installed."""
    version = engine.version
    if asked.leaf_grain == "bucket" and not engine.by_bucket:
        raise InputError("leaf_grain: the licensed engine trains a whole slice at once; use 'slice'")
    return version


def _training(asked: TrainInput, intake: Intake, content: str) -> Training:
    return Training(
        bucket=asked.bucket,
        tau=asked.tau,
        seed=default_seed(content) if asked.seed is None else asked.seed,
        oppose_profile=resolve_profile(asked.oppose_profile, intake.population),
        lookahead=asked.lookahead,
    )


def _record(asked: TrainInput, intake: Intake, content: str, training: Training, engine: str) -> JobRecord:
    # An id that nobody can guess: who may read a bucket's jobs prefix is decided by its id alone in a link.
    job = asked.job or secrets.token_urlsafe(_ID_BYTES)
    counts = {
        "rows_read": intake.rows_read,
        "duplicates": intake.duplicates,
        "contradictions": intake.contradictions,
    }
    return job_record(
        job, intake.population, content, training, counts, intake.warnings, engine, asked.n_layers
    )


def _plan(asked: TrainInput, record: JobRecord, rate: float, memory_gb: float, n_layers: int) -> Plan:
    """The plan of a run that has ``n_layers`` to make; of one that has none, the workflow alone."""
    plan = partial(
        make_plan,
        rows=record.rows,
        n_layers=max(1, n_layers),
        tau=asked.tau,
        weight=leaf_weight(record.classes) * leaf_cost(record.engine),
        columns=len(record.header) - 1,
        rows_per_packet=record.leaf_rows,
        max_usd=asked.max_usd,
        rate=asked.max_share * rate,
        memory_gb=memory_gb,
    )
    if not n_layers:
        return without_packets(plan())
    if asked.slots == "auto":
        without = plan()
        return without if without.feasible else plan(slots=slots_in_time(without))
    return plan(slots=asked.slots)
