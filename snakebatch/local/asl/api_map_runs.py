"""Map runs as boto3's client has them: describe, list, update."""

from __future__ import annotations

from typing import Any

from .api import Service, page_of
from .api_errors import api_error
from .map_run import Limits


class MapRuns(Service):
    """The operations on map runs."""

    def describe_map_run(self, *, mapRunArn: str) -> dict[str, Any]:
        """How a map run stands: ``itemCounts``, ``executionCounts`` and its limits, counted now.

        Raises ResourceNotFound.
        """
        return self._runtime.call(lambda: self._engine.map_run(mapRunArn).describe())

    def list_map_runs(
        self, *, executionArn: str, maxResults: int = 100, nextToken: str | None = None
    ) -> dict[str, Any]:
        """A page of the ``mapRuns`` that an execution started."""

        def listed() -> list[dict[str, Any]]:
            execution = self._engine.recorded(executionArn)
            entries = []
            for run in execution.map_runs:
                entry = {
                    "executionArn": execution.arn,
                    "mapRunArn": run.arn,
                    "stateMachineArn": execution.machine.arn,
                    "startDate": run.started,
                }
                entries.append({**entry, "stopDate": run.stopped} if run.stopped else entry)
            return entries

        return page_of("mapRuns", self._runtime.call(listed), maxResults or 100, nextToken)

    def update_map_run(
        self,
        *,
        mapRunArn: str,
        maxConcurrency: int | None = None,
        toleratedFailurePercentage: float | None = None,
        toleratedFailureCount: int | None = None,
    ) -> dict[str, Any]:
        """Change a map run while it runs: how many items at a time, what failures it bears (%, number)."""
        for name, value in (
            ("maxConcurrency", maxConcurrency),
            ("toleratedFailureCount", toleratedFailureCount),
        ):
            if value is not None and value < 0:
                raise api_error("ValidationException", f"{name} must be at least 0")
        if toleratedFailurePercentage is not None and not 0 <= toleratedFailurePercentage <= 100:
            raise api_error("ValidationException", "toleratedFailurePercentage must be from 0 to 100")

        def update() -> None:
            run = self._engine.map_run(mapRunArn)
            old = run.limits
            run.update(
                Limits(
                    old.concurrency if maxConcurrency is None else maxConcurrency,
                    old.tolerated_percentage
                    if toleratedFailurePercentage is None
                    else toleratedFailurePercentage,
                    old.tolerated_count if toleratedFailureCount is None else toleratedFailureCount,
                )
            )

        self._runtime.call(update)
        return {}
