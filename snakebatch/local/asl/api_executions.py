"""Executions as boto3's client has them: start, describe, stop, list, history."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Sequence
from typing import Any

from .api import Service, checked_failure, only, page_of, without_data
from .api_errors import api_error
from .execution import Execution


class Executions(Service):
    """The operations on executions."""

    def start_execution(
        self, *, stateMachineArn: str, name: str | None = None, input: str = "{}", **ignored: Any
    ) -> dict[str, Any]:
        """Start; returns ``executionArn`` and ``startDate``; ``input`` is JSON text of 262,144 bytes at most.

        The same name and input as a running execution give that one. Raises StateMachineDoesNotExist,
        InvalidName, InvalidExecutionInput, ExecutionAlreadyExists.
        """
        only("start_execution", ignored, "traceHeader", "clientToken")
        started = self._runtime.call(lambda: self._engine.start(stateMachineArn, name, input))
        return {"executionArn": started.arn, "startDate": started.started}

    def start_sync_execution(
        self, *, stateMachineArn: str, name: str | None = None, input: str = "{}", **ignored: Any
    ) -> dict[str, Any]:
        """Start an Express execution and wait for its end: as ``describe_execution`` tells it.

        A failure is in its ``status``, not raised. Raises StateMachineTypeNotSupported for a Standard one.
        """
        only("start_sync_execution", ignored, "traceHeader")
        waiting: concurrent.futures.Future[Execution] = concurrent.futures.Future()

        def start() -> None:
            if self._engine.machine(stateMachineArn).type != "EXPRESS":
                raise api_error(
                    "StateMachineTypeNotSupported",
                    "This operation is not supported by this type of state machine",
                )
            execution = self._engine.start(stateMachineArn, name, input)
            execution.ended.add_done_callback(lambda _: waiting.set_result(execution))

        self._runtime.call(start)
        described = waiting.result().describe()
        for member in ("redriveCount", "redriveStatus", "redriveStatusReason"):
            del described[member]
        return described

    def describe_execution(self, *, executionArn: str, includedData: str = "ALL_DATA") -> dict[str, Any]:
        """How an execution stands: ``status``, ``input``, ``output`` or ``error`` and ``cause``, dates.

        Of an Express one, only if a map run started it. With METADATA_ONLY, input and output are left out.
        Raises ExecutionDoesNotExist, InvalidArn.
        """
        described = self._runtime.call(lambda: self._engine.recorded(executionArn, or_child=True).describe())
        if includedData == "METADATA_ONLY":
            for member in ("input", "output"):
                described.pop(member, None)
                if f"{member}Details" in described:
                    described[f"{member}Details"] = {"included": False}
        return described

    def stop_execution(
        self, *, executionArn: str, error: str | None = None, cause: str | None = None
    ) -> dict[str, Any]:
        """Abort an execution and all that runs inside it; one that has ended stays as it is.

        ``error`` has at most 256 characters and ``cause`` 32,768. Returns ``stopDate``.
        """
        checked_failure(error, cause)

        def stop() -> dict[str, Any]:
            execution = self._engine.recorded(executionArn)
            execution.end("ABORTED", error, cause)
            return {"stopDate": execution.stopped}

        return self._runtime.call(stop)

    def list_executions(
        self,
        *,
        stateMachineArn: str | None = None,
        mapRunArn: str | None = None,
        statusFilter: str | None = None,
        maxResults: int = 100,
        nextToken: str | None = None,
    ) -> dict[str, Any]:
        """A page of ``executions`` of a machine, or of the children of a map run; latest first.

        At most ``maxResults`` (1 to 1,000); ``nextToken`` of an answer asks for the next page.
        """
        if (stateMachineArn is None) == (mapRunArn is None):
            raise api_error("ValidationException", "either stateMachineArn or mapRunArn must be given")

        def listed() -> list[dict[str, Any]]:
            found: Sequence[Execution]
            if mapRunArn is not None:
                found = self._engine.map_run(mapRunArn).children
            else:
                machine = self._engine.machine(str(stateMachineArn))
                if machine.type == "EXPRESS":
                    raise api_error("StateMachineTypeNotSupported", "Express executions are not listed")
                found = [e for e in self._engine.executions.values() if e.machine.arn == machine.arn]
            return [e.listed() for e in reversed(found) if statusFilter in (None, e.status)]

        return page_of("executions", self._runtime.call(listed), maxResults or 100, nextToken)

    def get_execution_history(
        self,
        *,
        executionArn: str,
        maxResults: int = 100,
        reverseOrder: bool = False,
        nextToken: str | None = None,
        includeExecutionData: bool = True,
    ) -> dict[str, Any]:
        """A page of the ``events`` of a Standard execution; ``nextToken`` asks for the next one."""

        def events() -> list[dict[str, Any]]:
            return list(self._engine.recorded(executionArn).history.events)

        found = self._runtime.call(events)
        if reverseOrder:
            found.reverse()
        page = page_of("events", found, maxResults or 100, nextToken)
        if not includeExecutionData:
            page["events"] = [without_data(event) for event in page["events"]]
        return page
