"""How far each job is, counted from messages: for people who watch. What is complete, S3 says."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from snakebatch.mesh.messages import LeafMessage

_MOST_JOBS = 200


@dataclass
class JobProgress:
    """Counts of one job; a leaf that is reported twice counts once."""

    leaves: int = 0
    buckets: int = 0
    rows: dict[int, int] = field(default_factory=dict)
    seen: set[tuple[int, str, int | None]] = field(default_factory=set)


class Progress:
    """The progress of the latest jobs; the oldest are forgotten."""

    def __init__(self, most_jobs: int = _MOST_JOBS) -> None:
        self._most_jobs = most_jobs
        self._jobs: OrderedDict[tuple[str, str], JobProgress] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, message: LeafMessage) -> bool:
        """Count a leaf; False where it was counted before."""
        with self._lock:
            job = self._jobs.setdefault((message.job, message.fingerprint), JobProgress())
            self._jobs.move_to_end((message.job, message.fingerprint))
            while len(self._jobs) > self._most_jobs:
                self._jobs.popitem(last=False)
            leaf = (message.layer, message.node, message.k)
            if leaf in job.seen:
                return False
            job.seen.add(leaf)
            job.leaves += 1
            job.buckets += message.buckets
            job.rows[message.layer] = job.rows.get(message.layer, 0) + message.rows
            return True

    def of(self, job: str, fingerprint: str) -> JobProgress | None:
        """The counts of a job, or None where no message of it came."""
        with self._lock:
            return self._jobs.get((job, fingerprint))
