"""An execution's history as visits of states.

An event names the one that led to it (``previousEventId``), so that also where iterations or branches run
side by side, each belongs to the visit at the root of its chain.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_FAILURES = ("Failed", "TimedOut", "Aborted")
_NO_ATTEMPT = ("MapIteration", "Execution")
"""What these say of an end is not the end of an attempt of a task."""


@dataclass
class Visit:
    """One time that a state was entered. Times are epoch seconds; ``next`` is the state entered after it."""

    name: str
    type: str
    started: float
    input: str | None = None
    ended: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    retries: int = 0
    next: str | None = None
    map_runs: list[str] = field(default_factory=list)


def read_visits(events: Iterable[Mapping[str, Any]]) -> tuple[list[Visit], list[tuple[Visit, str]]]:
    """All visits in the order they began, and which state followed each that ended."""
    visits: list[Visit] = []
    ways: list[tuple[Visit, str]] = []
    at: dict[int, Visit] = {}
    for event in events:
        kind, number = str(event["type"]), int(event["id"])
        before = at.get(int(event.get("previousEventId", 0)))
        if kind.endswith("StateEntered"):
            visit = _entered(event, kind)
            visits.append(visit)
            if before is not None and before.ended is not None:
                before.next = visit.name
                ways.append((before, visit.name))
            at[number] = visit
        elif before is not None:
            owner = _owner(before, event, kind, visits)
            _go_on(owner, event, kind)
            at[number] = owner
    return visits, ways


def _owner(before: Visit, event: Mapping[str, Any], kind: str, visits: Sequence[Visit]) -> Visit:
    """Whose event it is: a Map or a Parallel ends after the last visit of its inside, which leads to it."""
    name = event.get("stateExitedEventDetails", {}).get("name", before.name)
    type_ = next((word for word in ("Map", "Parallel") if kind.startswith(f"{word}State")), before.type)
    if before.name == name and before.type == type_:
        return before
    fits = (
        visit
        for visit in reversed(visits)
        if visit.ended is None and visit.type == type_ and name in (visit.name, before.name)
    )
    return next(fits, before)


def _entered(event: Mapping[str, Any], kind: str) -> Visit:
    details = event["stateEnteredEventDetails"]
    return Visit(
        details["name"],
        kind.removesuffix("StateEntered"),
        event["timestamp"].timestamp(),
        details.get("input"),
    )


def _go_on(visit: Visit, event: Mapping[str, Any], kind: str) -> None:
    """What an event tells of the visit that it belongs to."""
    if kind.endswith("StateExited"):
        visit.ended = event["timestamp"].timestamp()
        visit.output = event["stateExitedEventDetails"].get("output")
    elif kind == "MapRunStarted":
        visit.map_runs.append(event["mapRunStartedEventDetails"]["mapRunArn"])
    elif kind in ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled"):
        if visit.error is not None:
            visit.retries += 1
            visit.error = visit.cause = None
    elif kind.endswith(_FAILURES) and not kind.startswith(_NO_ATTEMPT):
        # A Map or a Parallel that failed says so, but not always why: what its inside said stands.
        details = _details(event)
        visit.error = details.get("error") or visit.error or kind
        visit.cause = details.get("cause") or visit.cause
    elif kind.endswith("Succeeded"):
        visit.error = visit.cause = None


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The member that holds what is particular to an event's type."""
    return next((value for key, value in event.items() if key.endswith("EventDetails")), {})
