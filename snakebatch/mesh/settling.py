"""Settle: the model if the gatherer left it, the receipt, and the execution's output or its true error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from snakebatch.clock import Clock
from snakebatch.errors import SnakeBatchError
from snakebatch.mesh.assembly import Assembler
from snakebatch.mesh.failures import explain
from snakebatch.mesh.partial import PartialAssembler, partial_output
from snakebatch.mesh.receipts import Taken, WaveTimes, beside, taken
from snakebatch.mesh.records import Assembled, JobRecord, PartialModel, RunRecord
from snakebatch.mesh.requests import Failure, SettleEvent
from snakebatch.mesh.reuse import MOST_ASKED, Reused, reused_of, some
from snakebatch.mesh.store import JobStore, Keys


@dataclass
class Settling:
    """Ends a run, whichever way it went."""

    assembler: Assembler
    clock: Clock

    @property
    def store(self) -> JobStore:
        return self.assembler.store

    def run(self, event: SettleEvent) -> dict[str, Any]:
        """Returns ``{"output", "failure"}``; ``failure`` is None for a run that has its model."""
        if event.failure is not None:
            return self._failed(event, event.failure)
        job, fingerprint = str(event.run.job), str(event.run.fingerprint)
        assembled = self.assembler.assemble(job, fingerprint, event.execution)
        keys = Keys(job, fingerprint)
        record = self.store.job(job, fingerprint)
        run = self.store.run(keys, event.execution)
        written = self._receipt(event, record, run, assembled)
        receipt = self.store.put_receipt(keys, event.execution, written)
        output = _output(record, run, assembled, receipt)
        actual = written["actual"]
        spent = {name: actual[name] for name in ("usd", "seconds")}
        spent["reused"] = {name: value for name, value in written["reused"].items() if name != "by_layer"}
        return {"output": output | spent | {"against_plan": beside(run.plan, actual)}, "failure": None}

    def _failed(self, event: SettleEvent, failure: Failure) -> dict[str, Any]:
        explained = explain(self.store.objects, failure, event.wave.results)
        keys = None
        if event.run.job is not None and event.run.fingerprint is not None:
            keys = Keys(event.run.job, event.run.fingerprint)
        said = {"error": explained.error, "cause": explained.cause}
        receipt: dict[str, object] = {
            "status": "FAILED",
            "execution": event.execution,
            "job": event.run.job,
            "fingerprint": event.run.fingerprint,
            "failure": said,
            "wave": event.wave.body(),
            "bracket": event.bracket.body(),
            "leaked_bracket": event.leak,
            "seconds": self._seconds_since(event.started),
        }
        output: dict[str, Any] = {"status": "FAILED", "job": event.run.job}
        partial = None if keys is None else self._partial(keys, event.execution)
        if partial is not None:
            told = partial_output(partial)
            receipt |= {"status": "PARTIAL", "partial": told}
            output |= {"status": "PARTIAL", "fingerprint": event.run.fingerprint, "failure": said, **told}
            output["seconds"] = receipt["seconds"]
        uri = self.store.put_receipt(keys, event.execution, receipt)
        return {"output": output | {"receipt": uri}, "failure": said if partial is None else None}

    def _partial(self, keys: Keys, execution: str) -> PartialModel | None:
        """The model of the leaves that arrived, where the run's user asked for that and there are some."""
        try:
            if not self.store.run(keys, execution).input.partial:
                return None
            return PartialAssembler(self.store).assemble(keys.job, keys.fingerprint, execution)
        except SnakeBatchError:
            return None  # what failed first is the run's true reason

    def _receipt(
        self, event: SettleEvent, record: JobRecord, run: RunRecord, assembled: Assembled
    ) -> dict[str, Any]:
        now = self.clock.time()
        steps, found = self._taken(event, record, run, assembled, now)
        return {
            "status": "TRAINED",
            "execution": event.execution,
            "job": record.job,
            "fingerprint": record.fingerprint,
            "engine": record.engine,
            "input": run.input.body(),
            "training": record.training.body(),
            "plan": run.plan,
            "actual": {
                "waves": event.wave.wave + 1,
                "invocations": event.wave.invocations,
                "leaf_packets": event.wave.packets,
                "usd": found.usd,
                "leaves": assembled.leaves,
                "buckets": assembled.buckets,
                "rows_covered": assembled.rows_covered,
                "model_bytes": assembled.model_bytes,
                "model_stripped_bytes": assembled.model_stripped_bytes,
                "seconds": round(now - _epoch(event.started), 3),
                "seconds_by_step": steps,
                **found.to_dict(),
            },
            "reused": self._reused(event, record, run).said(),
            "rows": {
                "read": record.rows_read,
                "kept": record.rows,
                "duplicates": record.duplicates,
                "contradictions": record.contradictions,
            },
            "warnings": record.warnings,
            "assembled_by": "gatherer" if event.gathered else "settle",
            "bracket": event.bracket.body(),
            "leaked_bracket": event.leak,
        }

    def _taken(
        self, event: SettleEvent, record: JobRecord, run: RunRecord, assembled: Assembled, now: float
    ) -> tuple[dict[str, float], Taken]:
        """Seconds from one written object of the run to the next, and what the run took in all."""
        keys, started = Keys(record.job, record.fingerprint), _epoch(event.started)
        written = self.store.written(keys, event.execution)
        waves = []
        for number in range(event.wave.wave + 1):
            wave = self.store.wave(keys, event.execution, number)
            asked = some(wave.fresh, MOST_ASKED)
            made = self.store.invocations(keys, wave.role, asked)
            # Another run of the job at the same time may have been faster.
            new = tuple(one for one in made if one.started >= started)
            packets = round(len(wave.fresh) * len(new) / len(asked)) if asked else 0
            waves.append(WaveTimes(wave.role, written[f"waves/{number}/wave.json"], packets, new))
        done = written["assembled.json"]
        found = taken(
            waves,
            started=started,
            assembled=done,
            now=now,
            leaves=assembled.leaves,
            model_bytes=assembled.model_bytes + assembled.model_stripped_bytes,
            slots=event.bracket.slots,
            slot_seconds=event.bracket.open_seconds,
            gathered=event.gathered,
            memory_gb=run.memory_gb,
        )
        return _steps(waves, started, done), found

    def _reused(self, event: SettleEvent, record: JobRecord, run: RunRecord) -> Reused:
        keys = Keys(record.job, record.fingerprint)
        waves = [self.store.wave(keys, event.execution, number) for number in range(event.wave.wave + 1)]
        manifest = self.store.manifest(keys, event.execution)
        return reused_of(self.store, keys, waves, manifest, memory_gb=run.memory_gb)

    def _seconds_since(self, started: str) -> float:
        return round(self.clock.time() - _epoch(started), 3)


def _steps(waves: list[WaveTimes], started: float, done: float) -> dict[str, float]:
    """Seconds from one written object to the next, as S3 dates them: to the second."""
    steps: dict[str, float] = {}
    name, since = "stage", started
    for number, wave in enumerate(waves):
        steps[name] = round(max(0.0, wave.handed - since), 3)
        name, since = f"{number}-{wave.role}", wave.handed
    steps[name] = round(max(0.0, done - since), 3)
    return steps


def _epoch(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()


def _output(record: JobRecord, run: RunRecord, assembled: Assembled, receipt: str) -> dict[str, Any]:
    return {
        "status": "TRAINED",
        "job": record.job,
        "fingerprint": record.fingerprint,
        "model": assembled.model,
        "model_stripped": assembled.model_stripped,
        "receipt": receipt,
        "rows": record.rows,
        "rows_read": record.rows_read,
        "duplicates": record.duplicates,
        "contradictions": record.contradictions,
        "layers": run.input.n_layers,
        "leaves": assembled.leaves,
        "buckets": assembled.buckets,
        "seed": record.training.seed,
        "oppose_profile": record.training.oppose_profile,
        "warnings": record.warnings,
    }
