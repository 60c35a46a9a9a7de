"""What this gatherer has taken in lately: a hint for people who watch, and the totals of its log.

How far a job is, S3 says (``snakebatch.mesh.jobs``), whoever gathered and however often it was restarted.
These counts are of this process alone: beside another gatherer they hold a part, after a restart nothing.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from snakebatch.mesh.messages import LeafMessage

_MOST_JOBS = 200
_MOST_LEAVES = 200_000
"""Leaves that are remembered at a time: some 20 MB, whatever is sent to the queue."""


@dataclass
class JobProgress:
    """Counts of one job; a leaf that is reported twice counts once.

    ``whole`` is False once leaves came for which there was no room: the counts are then a lower bound.
    """

    leaves: int = 0
    buckets: int = 0
    repeated: int = 0
    whole: bool = True
    rows: dict[int, int] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)


class Progress:
    """The progress of the latest jobs, and totals of everything; several threads count.

    Bounded in jobs and in leaves: the job that has been quiet longest is forgotten first.
    """

    def __init__(self, most_jobs: int = _MOST_JOBS, most_leaves: int = _MOST_LEAVES) -> None:
        self._most_jobs = most_jobs
        self._most_leaves = most_leaves
        self._jobs: OrderedDict[tuple[str, str], JobProgress] = OrderedDict()
        self._totals: Counter[str] = Counter()
        self._leaves = 0
        self._lock = threading.Lock()

    def count(self, message: LeafMessage) -> bool:
        """Count a leaf; False where it was counted before, or there is no room to remember it."""
        name = (message.job, message.fingerprint)
        with self._lock:
            job = self._jobs.setdefault(name, JobProgress())
            self._jobs.move_to_end(name)
            leaf = hash((message.layer, message.node, message.k))
            if leaf in job.seen:
                job.repeated += 1
                self._totals["repeated"] += 1
                return False
            self._make_room()
            if self._leaves >= self._most_leaves:
                job.whole = False
                return False
            job.seen.add(leaf)
            self._leaves += 1
            job.leaves += 1
            job.buckets += message.buckets
            job.rows[message.layer] = job.rows.get(message.layer, 0) + message.rows
            self._totals["leaves"] += 1
            return True

    def add(self, what: str, number: int = 1) -> None:
        """Count something that is no leaf: ``asked``, ``refused``, ``failed``, ``undeleted``..."""
        with self._lock:
            self._totals[what] += number

    def of(self, job: str, fingerprint: str) -> JobProgress | None:
        """The counts of a job, or None where no message of it came."""
        with self._lock:
            return self._jobs.get((job, fingerprint))

    def totals(self) -> dict[str, int]:
        """Everything that was counted since the start, by its name."""
        with self._lock:
            return dict(self._totals)

    def _make_room(self) -> None:
        """For one leaf more of the job that was counted last; that one job is never forgotten."""
        while len(self._jobs) > 1 and (
            len(self._jobs) > self._most_jobs or self._leaves >= self._most_leaves
        ):
            _, forgotten = self._jobs.popitem(last=False)
            self._leaves -= len(forgotten.seen)
