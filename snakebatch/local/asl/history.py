"""The events of one execution, as GetExecutionHistory gives them.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .errors import RUNTIME, StateError

MAX_EVENTS = 25_000
"""A Standard execution's quota; the last one is kept for ExecutionFailed."""

_DETAILS = {
    "ActivityTimedOut": "activityTimedOutEventDetails",
    "MapStateStarted": "mapStateStartedEventDetails",
    "MapRunStarted": "mapRunStartedEventDetails",
    "MapRunFailed": "mapRunFailedEventDetails",
    "EvaluationFailed": "evaluationFailedEventDetails",
    "LambdaFunctionScheduled": "lambdaFunctionScheduledEventDetails",
    "LambdaFunctionSucceeded": "lambdaFunctionSucceededEventDetails",
    "LambdaFunctionFailed": "lambdaFunctionFailedEventDetails",
    "LambdaFunctionTimedOut": "lambdaFunctionTimedOutEventDetails",
}


def details_member(kind: str) -> str:
    """The member of an event that holds what is particular to its type."""
    if kind.endswith("StateEntered"):
        return "stateEnteredEventDetails"
    if kind.endswith("StateExited"):
        return "stateExitedEventDetails"
    return _DETAILS.get(kind) or kind[0].lower() + kind[1:] + "EventDetails"


class History:
    """An append-only list of events; after `close` nothing is added any more."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.closed = False

    def add(
        self,
        kind: str,
        previous: int,
        at: datetime,
        details: dict[str, Any] | None = None,
        *,
        last: bool = False,
    ) -> int:
        """Append an event and return its id.

        Raises StateError (States.Runtime) once only the last event of the quota is left, unless this is the
        `last`.
        """
        if self.closed:
            return previous
        if len(self.events) >= MAX_EVENTS - 1 and not last:
            raise StateError(
                RUNTIME, f"The execution reached the maximum number of history events ({MAX_EVENTS})."
            )
        event: dict[str, Any] = {
            "timestamp": at, "type": kind, "id": len(self.events) + 1, "previousEventId": previous,
        }  # fmt: skip
        if details is not None:
            event[details_member(kind)] = details
        self.events.append(event)
        return len(self.events)

    def close(self) -> None:
        """The execution has ended."""
        self.closed = True
