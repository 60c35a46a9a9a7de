"""What the page of a run shows, put together from Step Functions, S3 and the receipt."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from gatherer.pages.advice import advice
from gatherer.pages.live import Look
from gatherer.pages.rendering import fragment
from gatherer.pages.wording import pretty
from snakebatch.clock import Clock
from snakebatch.errors import UnknownJobError
from snakebatch.graph import Run, draw_svg, lay_out
from snakebatch.graph.machine import Machine
from snakebatch.graph.reading import RunReader
from snakebatch.graph.run import StateRun
from snakebatch.graph.shapes import Drawing
from snakebatch.mesh.job_status import JobStatus
from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.store import Keys

_NAME = re.compile(r"[^\s:/*?<>{}\[\]\"#%^|~`$&,;\\]{1,80}")
"""What Step Functions allows as the name of an execution."""

_NO_RUN = "there is no run of that name: it was deleted, or the name is wrong"
_LONGEST = 2_000
"""Characters of an input or an output that a page shows; the rest is a link away."""

drawing_of = lru_cache(maxsize=16)(lay_out)
"""Drawings of the latest machines; the same for every run of one."""


@dataclass(frozen=True)
class StateRow:
    """A line of the table of states."""

    number: int
    state: StateRun
    type: str
    seconds: float | None
    texts: tuple[tuple[str, str, bool], ...]
    """Name, beginning, and whether there is more, of input and output."""


@dataclass(frozen=True)
class WaveRow:
    """A wave's packets, and how many shards they went to."""

    wave: int
    role: str
    packets: int
    done: int
    shards: int


@dataclass(frozen=True)
class RunSeen:
    """A run at one moment. ``job`` is None for what is no training."""

    id: str
    run: Run
    machine: Machine
    drawing: Drawing
    job: JobStatus | None
    waves: tuple[WaveRow, ...]
    receipt: dict[str, Any] | None
    columns: tuple[tuple[str, str], ...]
    now: float

    @property
    def kind(self) -> str:
        return "training" if self.job is not None else "batch prediction"

    @property
    def ended(self) -> bool:
        return self.run.ended is not None

    @property
    def seconds(self) -> float:
        return (self.run.ended or self.now) - self.run.started

    @property
    def svg(self) -> Markup:
        """The graph. All that a definition or a run says is escaped in it."""
        title = f"The workflow of this {self.kind}"
        drawn = draw_svg(self.drawing, self.run, title=title, now=self.now, standalone=False)
        return Markup(drawn)

    @property
    def rows(self) -> list[StateRow]:
        types = {state.name: state.type for state in self.machine.states}
        return [_row(number, self.run.state(name), type_, self.now)
                for number, (name, type_) in enumerate(types.items())]  # fmt: skip

    @property
    def advice(self) -> str:
        return advice(self.run.error, self.run.status)

    @property
    def failed_children(self) -> list[tuple[str, Any]]:
        return [
            (state.name, failure)
            for state in self.run.states.values()
            for one in state.maps
            for failure in one.failures
        ]

    @property
    def caught(self) -> list[StateRun]:
        return [state for state in self.run.states.values() if state.error is not None]


def _row(number: int, state: StateRun, type_: str, now: float) -> StateRow:
    texts = (("input", state.input), ("output", state.output))
    return StateRow(
        number,
        state,
        type_,
        state.seconds_at(now) if state.visits else None,
        tuple(_beginning(name, text) for name, text in texts if text is not None),
    )


def _beginning(name: str, text: str) -> tuple[str, str, bool]:
    text = pretty(text)
    return name, text[:_LONGEST], len(text) > _LONGEST


class RunViews:
    """Looks at runs; keeps what never changes of them."""

    def __init__(self, jobs: Jobs, batches: str | None, clock: Clock) -> None:
        self._jobs = jobs
        self._batches = batches
        self._clock = clock
        self._reader = RunReader(jobs.sfn)
        self._shards = lru_cache(maxsize=1024)(self._count_shards)

    def arn(self, name: str, *, batch: bool) -> str:
        """The ARN of a run; raises UnknownJobError where no machine has runs of that kind."""
        if not _NAME.fullmatch(name):
            raise UnknownJobError(_NO_RUN)
        if not batch:
            return self._jobs.arn(name)
        if self._batches is None:
            raise UnknownJobError("this gatherer knows no workflow of batch predictions")
        return f"{self._batches.replace(':stateMachine:', ':execution:')}:{name}"

    def see(self, name: str, *, batch: bool = False) -> RunSeen:
        """A run as it is now; raises UnknownJobError where there is none."""
        arn = self.arn(name, batch=batch)
        # In this order: the last look at a run that has ended must have all that its status says.
        run = self.read(name, batch=batch)
        job = None if batch else self._jobs.status(name)
        machine = self._reader.machine(arn)
        return RunSeen(
            id=name,
            run=run,
            machine=machine,
            drawing=drawing_of(machine),
            job=job,
            waves=() if job is None else self._waves(job),
            receipt=None if job is None else self._receipt(job),
            columns=() if job is None else self._columns(job),
            now=self._clock.time(),
        )

    def read(self, name: str, *, batch: bool = False) -> Run:
        """The run alone; raises UnknownJobError where there is none."""
        found = self._reader.find(self.arn(name, batch=batch))
        # Step Functions remembers the executions of deleted jobs.
        if found is None or (not batch and self._jobs.is_deleted(name)):
            raise UnknownJobError(_NO_RUN)
        return found

    def _waves(self, job: JobStatus) -> tuple[WaveRow, ...]:
        assert job.job is not None or not job.waves  # only a staged job has waves
        return tuple(
            WaveRow(
                wave.wave,
                wave.role,
                wave.packets,
                wave.done,
                self._shards(str(job.job), str(job.fingerprint), job.model_id, wave.wave),
            )
            for wave in job.waves
        )

    def _count_shards(self, job: str, fingerprint: str, execution: str, wave: int) -> int:
        items = self._jobs.store.items(Keys(job, fingerprint), execution, wave)
        return len({item.shard for item in items})

    def _receipt(self, job: JobStatus) -> dict[str, Any] | None:
        if job.receipt is None:
            return None
        objects = self._jobs.store.objects
        data = objects.find(job.receipt.removeprefix(objects.uri("")))
        return None if data is None else dict(json.loads(data))

    def _columns(self, job: JobStatus) -> tuple[tuple[str, str], ...]:
        """The columns that the model is asked by, with their datatypes."""
        if job.model is None or job.job is None or job.fingerprint is None:
            return ()
        record = self._jobs.store.job(job.job, job.fingerprint)
        return tuple(zip(record.header[1:], record.datatypes[1:], strict=True))


def look_of(seen: RunSeen) -> Look:
    """What is sent to who watches a run."""
    fragments = {
        "run-head": fragment("run_head.html", seen=seen),
        "run-graph": seen.svg,
        "run-progress": fragment("run_progress.html", seen=seen),
        "run-failure": fragment("run_failure.html", seen=seen),
        "run-result": fragment("run_result.html", seen=seen),
    }
    fragments |= {f"state-{row.number}": fragment("run_state.html", seen=seen, row=row) for row in seen.rows}
    data = {
        "model_id": seen.id,
        "status": seen.run.status,
        "seconds": round(seen.seconds, 3),
        "states": [_said(row) for row in seen.rows],
        "job": None if seen.job is None else seen.job.body(),
    }
    return Look(data=data, fragments=fragments, ended=seen.ended)


def _said(row: StateRow) -> dict[str, Any]:
    """A state for programs that follow a run."""
    return {
        "name": row.state.name,
        "outcome": row.state.outcome,
        "visits": row.state.visits,
        "seconds": None if row.seconds is None else round(row.seconds, 3),
        "error": row.state.error,
        "maps": [
            {"total": one.total, "succeeded": one.succeeded, "failed": one.failed, "status": one.status}
            for one in row.state.maps
        ],
    }
