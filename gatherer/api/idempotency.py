"""One training that is asked for, however often its request is sent.

With an idempotency key the job's id follows from the caller's key and that key, so that any gatherer finds
the same job again. What was first asked for is noted, create-only, *before* the data appear under their key:
another request of the same key can't change what the first one trains on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatherer.api.keys import Caller
from gatherer.api.problems import ProblemError
from snakebatch.errors import InputError
from snakebatch.mesh.canonical import canonical
from snakebatch.mesh.jobs import Jobs, new_model_id
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.part_uploads import Sink
from snakebatch.mesh.rows_csv import csv_of

_ID_DIGITS = 32


@dataclass(frozen=True)
class Submission:
    """A job that is to be started; ``repeatable``: its request had an idempotency key."""

    jobs: Jobs
    model_id: str
    repeatable: bool

    @property
    def objects(self) -> Objects:
        return self.jobs.store.objects

    @property
    def dataset(self) -> str:
        """The key of data that come along."""
        return self.jobs.service.dataset(self.model_id)

    def check(self) -> None:
        """Raise ProblemError (409) where the job of this idempotency key was deleted."""
        if self.repeatable and self.jobs.service.find_tombstone(self.model_id) is not None:
            raise ProblemError(409, "the job of this Idempotency-Key was deleted: use another one")

    def start_rows(self, given: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
        """Start on rows; returns the job's id. Raises InputError naming row and column."""
        pieces = csv_of(rows, given["target"])
        sink = Sink(self.objects, self.dataset)
        try:
            for piece in pieces:
                sink.add(piece)
            return self.start_sink(given, sink)
        except BaseException:
            sink.abort()
            raise

    def start_sink(self, given: Mapping[str, Any], sink: Sink) -> str:
        """Start on a CSV that has come whole, and appears now."""
        self._note(given, sink.sha256)
        if self.repeatable and self.objects.stamp(sink.key) is not None:
            sink.abort()  # it is there from the first time, and perhaps read just now
        else:
            sink.complete()
        return self._start({**given, "dataset": self.objects.uri(sink.key)})

    def start_uri(self, given: Mapping[str, Any], dataset: str) -> str:
        """Start on data that are in S3."""
        self.jobs.places.check_dataset(dataset)
        self._note(given, dataset)
        return self._start({**given, "dataset": dataset})

    def _note(self, given: Mapping[str, Any], data: str) -> None:
        if not self.repeatable:
            return
        digest = hashlib.sha256(canonical([dict(given), data]).encode()).hexdigest()
        if not self.jobs.service.first_request(self.model_id, digest):
            raise InputError(
                "Idempotency-Key: it was used for other data or parameters: use another one for this request"
            )

    def _start(self, asked: Mapping[str, Any]) -> str:
        return self.jobs.start(asked, self.model_id)


def submission(jobs: Jobs, caller: Caller, idempotency_key: str | None) -> Submission:
    """What a caller's request is about to start."""
    if idempotency_key is None:
        return Submission(jobs, new_model_id(), repeatable=False)
    name = canonical(["train", caller.id, idempotency_key])
    return Submission(jobs, hashlib.sha256(name.encode()).hexdigest()[:_ID_DIGITS], repeatable=True)
