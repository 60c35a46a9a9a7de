"""Reads what the shards do, for the pages: each report is looked at once, however many people watch.

A look at a run costs a listing of its reports, the metadata of the new ones, and while it runs one question
to its Map. What ended is kept, so that it costs nothing more.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from snakebatch.errors import MeshError
from snakebatch.mesh.activity import Handed, RunActivity
from snakebatch.mesh.invocation import Invocation
from snakebatch.mesh.jobs import Jobs, JobSummary
from snakebatch.mesh.messages import Role
from snakebatch.mesh.records import RunRecord, WaveRecord
from snakebatch.mesh.store import JobStore, Keys

MOST_RUNS = 100
"""Runs that are kept; the one looked at longest ago is forgotten first."""

LISTED = 100
"""Runs that are looked through, the latest first."""

_READERS = 16
"""Of one run's reports, at a time."""

_LOOKERS = 8
_FAILED_CHILDREN = 20
_ENDED = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"})


@dataclass
class _Known:
    """What was read of one run so far."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    run: RunRecord | None = None
    waves: list[WaveRecord] = field(default_factory=list)
    handed: list[Handed] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)
    invocations: dict[str, Invocation] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    last: RunActivity | None = None

    @property
    def keys(self) -> Keys:
        assert self.run is not None
        return Keys(self.run.job, self.run.fingerprint)


class ActivityReader:
    """The activity of the jobs' runs. Safe to ask from several threads."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def store(self) -> JobStore:
        return self.jobs.store

    def since(self, moment: float) -> list[JobSummary]:
        """The runs of which a part lies after ``moment``, among the latest hundred."""
        return [one for one in self.jobs.jobs(limit=LISTED).jobs if one.ended is None or one.ended >= moment]

    def find(self, model_id: str) -> JobSummary:
        """A job's line of the list; raises UnknownJobError where there is none of that id."""
        for one in self.jobs.jobs(limit=LISTED).jobs:
            if one.model_id == model_id:
                return one
        found = self.jobs.status(model_id)
        return JobSummary(model_id=model_id, status=found.status, started=found.started, ended=found.ended)

    def look(self, summary: JobSummary) -> RunActivity:
        """The run as it stands now."""
        known = self._of(summary.model_id)
        with known.lock:
            if known.last is not None and known.last.status in _ENDED:
                return known.last
            self._read(known, summary)
            known.last = RunActivity(
                model_id=summary.model_id,
                status=summary.status,
                started=summary.started,
                ended=summary.ended,
                handed=tuple(known.handed),
                reported=frozenset(known.reported),
                invocations=dict(known.invocations),
                at_work=self._at_work(known, summary) if summary.ended is None else 0,
                failed=frozenset(known.failed),
            )
            return known.last

    def look_at(self, summaries: Iterable[JobSummary]) -> list[RunActivity]:
        """Several runs, some at a time."""
        with ThreadPoolExecutor(_LOOKERS) as lookers:
            return list(lookers.map(self.look, summaries))

    def _of(self, model_id: str) -> _Known:
        with self._lock:
            known = self._known.setdefault(model_id, _Known())
            self._known.move_to_end(model_id)
            while len(self._known) > MOST_RUNS:
                self._known.popitem(last=False)
            return known

    def _read(self, known: _Known, summary: JobSummary) -> None:
        if known.run is None:
            known.run = self.store.find_run(summary.model_id)
        if known.run is None:
            return
        self._read_waves(known, known.run)
        for role in dict.fromkeys(one.role for one in known.handed if one.packet not in known.reported):
            self._read_reports(known, role)
        if summary.status in ("FAILED", "TIMED_OUT"):
            known.failed |= self._failed(known, summary)

    def _read_waves(self, known: _Known, run: RunRecord) -> None:
        while (wave := self.store.find_wave(known.keys, run.execution, len(known.waves))) is not None:
            try:
                items = self.store.items(known.keys, run.execution, wave.wave)
            except MeshError:
                # What a Map was given expires after some days; its reports still say which shard made them.
                known.handed += self._handed_long_ago(known, wave)
            else:
                known.handed += [Handed(item.packet, wave.role, wave.wave, item.shard) for item in items]
            known.waves.append(wave)

    def _handed_long_ago(self, known: _Known, wave: WaveRecord) -> list[Handed]:
        with ThreadPoolExecutor(_READERS) as readers:
            made = readers.map(
                lambda packet: self.store.invocation(known.keys, wave.role, packet), wave.packets
            )
            return [Handed(one.packet, wave.role, wave.wave, one.shard) for one in made if one is not None]

    def _read_reports(self, known: _Known, role: Role) -> None:
        there = self.store.reported(known.keys, role)
        new = [
            one.packet
            for one in known.handed
            if one.role == role and one.packet in there and one.packet not in known.reported
        ]
        if not new:
            return
        with ThreadPoolExecutor(min(_READERS, len(new))) as readers:
            made = list(readers.map(lambda packet: self.store.invocation(known.keys, role, packet), new))
        known.reported.update(new)
        known.invocations.update({one.packet: one for one in made if one is not None})

    # What the workflow says

    def _at_work(self, known: _Known, summary: JobSummary) -> int:
        """Children at work of the Map that runs now; 0 between two Maps."""
        if all(one.packet in known.reported for one in known.handed):
            return 0
        for run in self._map_runs(summary):
            if "stopDate" not in run:
                counts = self.jobs.sfn.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
                return int(counts["running"])
        return 0

    def _failed(self, known: _Known, summary: JobSummary) -> set[str]:
        """Packets whose child failed, by the children's own inputs."""
        found: set[str] = set()
        for run in self._map_runs(summary):
            described = self.jobs.sfn.describe_map_run(mapRunArn=run["mapRunArn"])
            if described["status"] == "SUCCEEDED" or not described["itemCounts"]["failed"]:
                continue
            try:
                page = self.jobs.sfn.list_executions(
                    mapRunArn=run["mapRunArn"], statusFilter="FAILED", maxResults=_FAILED_CHILDREN
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "StateMachineTypeNotSupported":
                    raise
                continue  # children of type EXPRESS are in the logs only
            found |= {self._packet_of(child["executionArn"]) for child in page["executions"]}
        return found & {one.packet for one in known.handed}

    def _packet_of(self, child: str) -> str:
        said: Any = json.loads(self.jobs.sfn.describe_execution(executionArn=child).get("input", "{}"))
        return str(said.get("packet", "")) if isinstance(said, dict) else ""

    def _map_runs(self, summary: JobSummary) -> list[Any]:
        return list(self.jobs.sfn.list_map_runs(executionArn=self.jobs.arn(summary.model_id))["mapRuns"])
