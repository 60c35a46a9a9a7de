"""What is written once about a run, and never changes, is read once: who polls a job asks every second."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from snakebatch.mesh.records import JobRecord, Manifest, RunRecord, WaveRecord
from snakebatch.mesh.store import JobStore, Keys

MOST_RUNS = 200


@dataclass
class _Known:
    run: RunRecord
    job: JobRecord
    waves: list[WaveRecord] = field(default_factory=list)
    manifest: Manifest | None = None


class KnownRuns:
    """The records of the runs that were asked for last; several threads ask."""

    def __init__(self, store: JobStore, most: int = MOST_RUNS) -> None:
        self._store = store
        self._most = most
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, execution: str) -> tuple[RunRecord, JobRecord] | None:
        """The run of an execution's name and its job; None where it was never staged."""
        known = self._find(execution)
        return None if known is None else (known.run, known.job)

    def waves(self, execution: str) -> list[WaveRecord]:
        """The waves of a run that are planned so far, in order; the one of the leaves is the last."""
        known = self._find(execution)
        if known is None:
            return []
        keys = Keys(known.run.job, known.run.fingerprint)
        waves = [*known.waves]
        while not waves or waves[-1].role != "leaf":
            record = self._store.find_wave(keys, execution, len(waves))
            if record is None:
                break
            waves.append(record)
        known.waves = waves
        return waves

    def manifest(self, execution: str) -> Manifest | None:
        """The leaves that a run expects; None before its last wave is planned."""
        waves, known = self.waves(execution), self._find(execution)
        if known is None or not waves or waves[-1].role != "leaf":
            return None
        if known.manifest is None:
            known.manifest = self._store.manifest(Keys(known.run.job, known.run.fingerprint), execution)
        return known.manifest

    def _find(self, execution: str) -> _Known | None:
        with self._lock:
            known = self._known.get(execution)
            if known is not None:
                self._known.move_to_end(execution)
                return known
        run = self._store.find_run(execution)
        if run is None:
            return None
        known = _Known(run, self._store.job(run.job, run.fingerprint))
        with self._lock:
            self._known[execution] = known
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return known
