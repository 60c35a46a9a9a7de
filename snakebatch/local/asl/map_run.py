"""A map run: the child executions of one Distributed Map, their limits and their counts.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .errors import EXCEED_TOLERATED, StateError
from .machine import Machine
from .naming import moment

if TYPE_CHECKING:
    from .engine import Engine
    from .execution import Execution

MAX_PARALLEL = 10_000
"""Child executions at once where MaxConcurrency is 0."""


@dataclass
class Limits:
    """What UpdateMapRun can change: concurrency (0 is the maximum) and tolerated failures."""

    concurrency: int = 0
    tolerated_percentage: float | None = None
    tolerated_count: int | None = None

    def exceeded(self, failed: int, total: int) -> bool:
        """Whether that many failed items are too many. Neither limit set: none may fail."""
        if self.tolerated_percentage is None and self.tolerated_count is None:
            return failed > 0
        if self.tolerated_count is not None and failed > self.tolerated_count:
            return True
        return self.tolerated_percentage is not None and failed * 100 > self.tolerated_percentage * total


@dataclass(frozen=True)
class ChildInput:
    """One child execution to come: its input's text, and how many items that holds."""

    text: str
    items: int


class MapRun:
    """Starts children as concurrency allows, and watches the tolerated failures."""

    def __init__(
        self,
        engine: Engine,
        arn: str,
        parent: Execution,
        child_machine: Machine,
        inputs: Sequence[ChildInput],
        limits: Limits,
    ) -> None:
        self.engine = engine
        self.arn = arn
        self.parent = parent
        self.child_machine = child_machine
        self.inputs = inputs
        self.limits = limits
        self.status = "RUNNING"
        self.started = moment(engine.runtime.now())
        self.stopped: datetime | None = None
        self.children: list[Execution] = []
        self.results_written: Counter[str] = Counter()
        self.total_items = sum(given.items for given in inputs)
        self._running: set[Execution] = set()
        self._items: Counter[str] = Counter()
        self._executions: Counter[str] = Counter()
        self._done: asyncio.Future[None] = engine.runtime.loop.create_future()
        self._stopping = False

    async def run(self) -> None:
        """Run all children; raises States.ExceedToleratedFailureThreshold when too many items failed."""
        self._fill()
        await self._done
        if self.exceeded():
            raise StateError(EXCEED_TOLERATED, "The specified tolerated failure threshold was exceeded")

    def exceeded(self) -> bool:
        """Whether more items failed than is tolerated."""
        return self.limits.exceeded(self._items["FAILED"] + self._items["TIMED_OUT"], self.total_items)

    def _fill(self) -> None:
        """Start children while there is room; finish when nothing is left."""
        allowed = min(self.limits.concurrency or MAX_PARALLEL, MAX_PARALLEL)
        while not self._stopping and len(self.children) < len(self.inputs) and len(self._running) < allowed:
            given = self.inputs[len(self.children)]
            child = self.engine.start_child(self, given.text, given.items)
            child.on_end = self._ended
            self.children.append(child)
            self._running.add(child)
            child.start()
        if (
            not self._running
            and (self._stopping or len(self.children) == len(self.inputs))
            and not self._done.done()
        ):
            self._done.set_result(None)

    def _ended(self, child: Execution) -> None:
        self._running.discard(child)
        self._items[child.status] += child.item_count
        self._executions[child.status] += 1
        if self.exceeded() and not self._stopping:
            self._stop_children()
        # Not at once: many children ending together would nest this call in itself.
        self.engine.runtime.loop.call_soon(self._fill)

    def _stop_children(self) -> None:
        """Start no more, and abort those that run."""
        self._stopping = True
        for child in list(self._running):
            child.end("ABORTED", None, None)

    def update(self, limits: Limits) -> None:
        """New limits, in force from now on."""
        self.limits = limits
        if self.status == "RUNNING":
            if self.exceeded():
                self._stop_children()
            self._fill()

    def finish(self, status: str) -> None:
        """The run is over, results written and all."""
        if self.status == "RUNNING":
            self.status = status
            self.stopped = moment(self.engine.runtime.now())

    def abort(self) -> None:
        """Its execution was stopped, or its state: stop with it."""
        if self.status != "RUNNING":
            return
        self._stop_children()
        self.finish("ABORTED")
        last = len(self.parent.history.events)
        self.parent.history.add("MapRunAborted", last, moment(self.engine.runtime.now()))

    def describe(self) -> dict[str, Any]:
        """As DescribeMapRun gives it."""
        described: dict[str, Any] = {
            "mapRunArn": self.arn,
            "executionArn": self.parent.arn,
            "status": self.status,
            "startDate": self.started,
            "maxConcurrency": self.limits.concurrency,
            "toleratedFailurePercentage": float(self.limits.tolerated_percentage or 0.0),
            "toleratedFailureCount": int(self.limits.tolerated_count or 0),
            "itemCounts": self._counts(
                self._items, self.total_items, sum(c.item_count for c in self._running), "items"
            ),
            "executionCounts": self._counts(
                self._executions, len(self.inputs), len(self._running), "executions"
            ),
            "redriveCount": 0,
        }
        if self.stopped is not None:
            described["stopDate"] = self.stopped
        return described

    def _counts(self, ended: Counter[str], total: int, running: int, written: str) -> dict[str, int]:
        return {
            "pending": total - running - sum(ended.values()), "running": running,
            "succeeded": ended["SUCCEEDED"], "failed": ended["FAILED"], "timedOut": ended["TIMED_OUT"],
            "aborted": ended["ABORTED"], "total": total, "resultsWritten": self.results_written[written],
        }  # fmt: skip
