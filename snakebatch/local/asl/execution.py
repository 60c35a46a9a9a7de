"""One execution: what it was given, how it stands, its history, and its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .errors import RUNTIME, TIMEOUT, StateError
from .history import History
from .interpreter import run
from .machine import Machine
from .naming import iso, moment, text
from .runtime import Handle
from .visit import Flow, Scope

if TYPE_CHECKING:
    from .engine import Engine
    from .map_run import MapRun

EXPRESS_SECONDS = 300
"""An Express execution lasts at most five minutes."""


class Execution:
    """An execution, or a child execution of a map run (`map_run`), from its start to after its end.

    `status` is RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED. `ended` becomes done with it.
    """

    def __init__(
        self, engine: Engine, arn: str, name: str, machine: Machine, given: str, map_run: MapRun | None = None
    ) -> None:
        self.engine = engine
        self.arn = arn
        self.name = name
        self.machine = machine
        self.input = given
        self.map_run = map_run
        self.item_count = 1
        self.status = "RUNNING"
        self.started = moment(engine.runtime.now())
        self.stopped: datetime | None = None
        self.output: str | None = None
        self.error: str | None = None
        self.cause: str | None = None
        self.history = History()
        self.map_runs: list[MapRun] = []
        self.ended: asyncio.Future[None] = engine.runtime.loop.create_future()
        self.on_end: Callable[[Execution], None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: Handle | None = None
        self._context: dict[str, Any] | None = None

    def start(self) -> None:
        """Begin to run."""
        self.history.add(
            "ExecutionStarted", 0, self.started,
            {"input": self.input, "inputDetails": {"truncated": False}, "roleArn": self.machine.role_arn},
        )  # fmt: skip
        limits = [self.machine.timeout, float(EXPRESS_SECONDS) if self.machine.type == "EXPRESS" else None]
        seconds = min((limit for limit in limits if limit is not None), default=None)
        if seconds is not None:
            self._timer = self.engine.runtime.after(seconds, lambda: self.end("TIMED_OUT", None, None))
        self._task = self.engine.runtime.spawn(self._run())

    async def _run(self) -> None:
        flow = Flow(self, Scope())
        try:
            self.output = text(await run(self.machine.graph, json.loads(self.input), flow))
            self.end("SUCCEEDED", None, None, flow.previous)
        except StateError as failure:
            self.end("FAILED", failure.error, failure.cause, flow.previous)
        except asyncio.CancelledError:
            self.end("ABORTED", None, "the executor was closed")
            raise
        except (
            Exception
        ) as problem:  # a fault of the executor must show as this execution's failure, not vanish
            self.end(
                "FAILED", RUNTIME, f"the executor failed: {type(problem).__name__}: {problem}", flow.previous
            )
            raise

    def end(self, status: str, error: str | None, cause: str | None, previous: int | None = None) -> None:
        """Come to an end, once: whatever still runs inside is stopped."""
        if self.status != "RUNNING":
            return
        for map_run in self.map_runs:
            map_run.abort()
        self.status, self.error, self.cause = status, error or None, cause
        self.stopped = moment(self.engine.runtime.now())
        self._report(previous)
        self.history.close()
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None and previous is None:
            self._task.cancel()
        self.ended.set_result(None)
        if self.on_end is not None:
            self.on_end(self)
        self.engine.ended(self)

    def _report(self, previous: int | None) -> None:
        """The last event. Aborts and time-outs come from outside: no event precedes them."""
        kinds = {
            "SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed", "TIMED_OUT": "ExecutionTimedOut",
            "ABORTED": "ExecutionAborted",
        }  # fmt: skip
        details: dict[str, Any] = {}
        if self.status == "SUCCEEDED":
            details = {"output": self.output, "outputDetails": {"truncated": False}}
        elif self.status == "TIMED_OUT":
            # The event alone names it; DescribeExecution of a timed-out execution has no error.
            details = {"error": TIMEOUT}
        if self.error is not None:
            details["error"] = self.error
        if self.cause is not None:
            details["cause"] = self.cause
        at = self.stopped or self.started
        self.history.add(kinds[self.status], previous or 0, at, details, last=True)

    def context(self) -> dict[str, Any]:
        """The Execution and StateMachine parts of the context object."""
        if self._context is None:
            self._context = {
                "Execution": {
                    "Id": self.arn, "Input": json.loads(self.input), "Name": self.name,
                    "RoleArn": self.machine.role_arn, "StartTime": iso(self.started), "RedriveCount": 0,
                },
                "StateMachine": {"Id": self.machine.arn, "Name": self.machine.name},
            }  # fmt: skip
        return self._context

    def describe(self) -> dict[str, Any]:
        """As DescribeExecution gives it."""
        described: dict[str, Any] = {
            "executionArn": self.arn,
            "stateMachineArn": self.machine.arn,
            "name": self.name,
            "status": self.status,
            "startDate": self.started,
            "input": self.input,
            "inputDetails": {"included": True},
            "redriveCount": 0,
            "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": "this executor does not redrive",
        }
        if self.stopped is not None:
            described["stopDate"] = self.stopped
        if self.status == "SUCCEEDED":
            described["output"] = self.output
            described["outputDetails"] = {"included": True}
        if self.error is not None:
            described["error"] = self.error
        if self.cause is not None:
            described["cause"] = self.cause
        if self.map_run is not None:
            described["mapRunArn"] = self.map_run.arn
        return described

    def listed(self) -> dict[str, Any]:
        """As ListExecutions gives it."""
        entry: dict[str, Any] = {
            "executionArn": self.arn,
            "stateMachineArn": self.machine.arn,
            "name": self.name,
            "status": self.status,
            "startDate": self.started,
            "redriveCount": 0,
        }
        if self.stopped is not None:
            entry["stopDate"] = self.stopped
        if self.map_run is not None:
            entry["mapRunArn"] = self.map_run.arn
            entry["itemCount"] = self.item_count
        return entry
