"""What jobs' pollers are told: looked up once a second, however many ask, and told within a second.

Where looks take longer than that, since many jobs run or AWS is slow, who asks is told what was seen last.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import anyio
from anyio.to_thread import run_sync

from snakebatch.clock import Clock
from snakebatch.errors import UnknownJobError
from snakebatch.mesh.job_status import JobStatus

FRESH_SECONDS = 1.0
"""Of a job that runs."""

ENDED_SECONDS = 10.0
"""Of a job that has ended: nothing of it changes, but another gatherer may have deleted it."""

WAIT_SECONDS = 1.0
"""How long who asks waits for a look that is under way, where something was seen before."""

_LOOKS = 8
"""Under way at once: each holds a thread, and other routes want some too."""

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
        self._looking: dict[str, asyncio.Task[_Entry]] = {}
        self._threads: anyio.CapacityLimiter | None = None  # made within the event loop

    async def status(self, model_id: str) -> tuple[bytes, float]:
        """The status as JSON, and how many seconds ago it was so; raises UnknownJobError."""
        entry = await self._entry(model_id)
        return entry.body, max(0.0, self._clock.time() - entry.looked)

    async def _entry(self, model_id: str) -> _Entry:
        entry = self._entries.get(model_id)
        if entry is not None:
            self._entries.move_to_end(model_id)
            patience = ENDED_SECONDS if entry.ended else FRESH_SECONDS
            if abs(self._clock.time() - entry.looked) < patience:
                return entry
        task = self._looking.get(model_id)
        if task is None:
            task = asyncio.create_task(self._find(model_id, entry))
            self._looking[model_id] = task
            task.add_done_callback(lambda ended: self._looked(model_id, ended))
        # Waited for, not awaited: one who goes away must not take the answer from the others.
        await asyncio.wait([task], timeout=None if entry is None else WAIT_SECONDS)
        return await task if task.done() or entry is None else entry

    def forget(self, model_id: str) -> None:
        """The job was deleted here."""
        self._entries.pop(model_id, None)

    def _looked(self, model_id: str, ended: asyncio.Task[_Entry]) -> None:
        self._looking.pop(model_id, None)
        if not ended.cancelled():
            ended.exception()  # whoever still waits is told of it; nobody may, and that is no fault

    async def _find(self, model_id: str, entry: _Entry | None) -> _Entry:
        self._threads = self._threads or anyio.CapacityLimiter(_LOOKS)
        try:
            if entry is None or not entry.ended:
                entry = await run_sync(self._read, model_id, limiter=self._threads)
            elif await run_sync(self._is_deleted, model_id, limiter=self._threads):
                raise UnknownJobError(f"there is no job {model_id!r}: it was deleted")
        except UnknownJobError:
            self.forget(model_id)
            raise
        entry.looked = self._clock.time()
        self._entries[model_id] = entry
        self._entries.move_to_end(model_id)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
        return entry

    def _read(self, model_id: str) -> _Entry:
        status = self._look(model_id)
        return _Entry(status.model_dump_json().encode(), status.ended is not None, 0.0)
