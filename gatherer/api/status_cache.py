"""What jobs' pollers are told: looked up once a second, however many ask."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from snakebatch.clock import Clock
from snakebatch.errors import UnknownJobError
from snakebatch.mesh.job_status import JobStatus

FRESH_SECONDS = 1.0
"""Of a job that runs."""

ENDED_SECONDS = 10.0
"""Of a job that has ended: nothing of it changes, but another gatherer may have deleted it."""

_MOST = 10_000


@dataclass
class _Entry:
    body: bytes
    ended: bool
    looked: float


class StatusCache:
    """The statuses of the jobs that were asked for last, as JSON.

    ``look`` finds a status, and ``is_deleted`` says of a job that has ended whether it is still known; both
    wait for AWS, in threads. Of many who ask for one job at once, one looks and all get what it found.
    """

    def __init__(
        self,
        look: Callable[[str], JobStatus],
        is_deleted: Callable[[str], bool],
        clock: Clock,
        most: int = _MOST,
    ) -> None:
        self._look = look
        self._is_deleted = is_deleted
        self._clock = clock
        self._most = most
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._looking: dict[str, asyncio.Task[bytes]] = {}

    async def status(self, model_id: str) -> bytes:
        """The status as JSON; raises UnknownJobError."""
        entry = self._entries.get(model_id)
        if entry is not None:
            self._entries.move_to_end(model_id)
            patience = ENDED_SECONDS if entry.ended else FRESH_SECONDS
            if abs(self._clock.time() - entry.looked) < patience:
                return entry.body
        task = self._looking.get(model_id)
        if task is None:
            task = asyncio.create_task(self._find(model_id, entry))
            self._looking[model_id] = task
            task.add_done_callback(lambda _: self._looking.pop(model_id, None))
        # Shielded: one who goes away must not take the answer from the others.
        return await asyncio.shield(task)

    def forget(self, model_id: str) -> None:
        """The job was deleted here."""
        self._entries.pop(model_id, None)

    async def _find(self, model_id: str, entry: _Entry | None) -> bytes:
        try:
            if entry is None or not entry.ended:
                entry = await run_in_threadpool(self._read, model_id)
            elif await run_in_threadpool(self._is_deleted, model_id):
                raise UnknownJobError(f"there is no job {model_id!r}: it was deleted")
        except UnknownJobError:
            self.forget(model_id)
            raise
        entry.looked = self._clock.time()
        self._entries[model_id] = entry
        self._entries.move_to_end(model_id)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
        return entry.body

    def _read(self, model_id: str) -> _Entry:
        status = self._look(model_id)
        return _Entry(status.model_dump_json().encode(), status.ended is not None, 0.0)
