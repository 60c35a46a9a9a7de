"""Settle: the model if the gatherer left it, the receipt, and the execution's output or its true error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from snakebatch.clock import Clock
from snakebatch.mesh.assembly import Assembler
from snakebatch.mesh.failures import explain
from snakebatch.mesh.packing import leaf_weight
from snakebatch.mesh.records import Assembled, JobRecord, RunRecord
from snakebatch.mesh.requests import Failure, SettleEvent
from snakebatch.mesh.store import JobStore, Keys
from snakebatch.planner.plan import compute_seconds, cost


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
        spent = {name: written["actual"][name] for name in ("usd", "seconds")}
        return {"output": output | spent, "failure": None}

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
        uri = self.store.put_receipt(keys, event.execution, receipt)
        return {"output": {"status": "FAILED", "job": event.run.job, "receipt": uri}, "failure": said}

    def _receipt(
        self, event: SettleEvent, record: JobRecord, run: RunRecord, assembled: Assembled
    ) -> dict[str, Any]:
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
                "usd": self._usd(event, record, run, assembled),
                "leaves": assembled.leaves,
                "buckets": assembled.buckets,
                "rows_covered": assembled.rows_covered,
                "model_bytes": assembled.model_bytes,
                "model_stripped_bytes": assembled.model_stripped_bytes,
                "seconds": self._seconds_since(event.started),
                "seconds_by_step": self._steps(event, record),
            },
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

    def _usd(self, event: SettleEvent, record: JobRecord, run: RunRecord, assembled: Assembled) -> float:
        """The plan's formula over what was counted; the bill also knows how long each invocation took."""
        work = compute_seconds(
            invocations=event.wave.invocations,
            evaluations=event.wave.evaluations,
            leaf_rows=record.rows * run.input.n_layers * leaf_weight(record.classes),
        )
        usd = cost(
            invocations=event.wave.invocations,
            compute_seconds=work,
            leaves=assembled.leaves,
            slots=event.bracket.slots,
            seconds=event.bracket.open_seconds,
        )
        return round(usd, 6)

    def _steps(self, event: SettleEvent, record: JobRecord) -> dict[str, float]:
        """Seconds from one written object of the run to the next, as S3 dates them: to the second."""
        keys = Keys(record.job, record.fingerprint)
        written = self.store.written(keys, event.execution)
        steps: dict[str, float] = {}
        name, since = "stage", _epoch(event.started)
        for wave in range(event.wave.wave + 1):
            now = written[f"waves/{wave}/wave.json"]
            steps[name] = round(max(0.0, now - since), 3)
            name, since = f"{wave}-{self.store.wave(keys, event.execution, wave).role}", now
        steps[name] = round(max(0.0, written["assembled.json"] - since), 3)
        return steps

    def _seconds_since(self, started: str) -> float:
        return round(self.clock.time() - _epoch(started), 3)


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
