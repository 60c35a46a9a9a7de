"""What an execution did, state by state, read from its description and its history.

The answers are those of DescribeExecution, GetExecutionHistory and DescribeMapRun, of AWS or of our executor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from typing import Literal as OneOf

from snakebatch.graph.events import Visit, read_visits

Outcome = OneOf["idle", "running", "succeeded", "caught", "failed", "aborted"]
"""``idle``: not reached. ``caught``: an error, which the machine itself took up."""

OUTCOMES: tuple[Outcome, ...] = ("idle", "running", "succeeded", "caught", "failed", "aborted")


@dataclass(frozen=True)
class ChildFailure:
    """A child of a map run that failed."""

    name: str
    status: str
    error: str
    cause: str


@dataclass(frozen=True)
class MapRun:
    """A map run: its items by how they stand, and the first of those that failed. Times are epoch seconds."""

    arn: str
    status: str
    started: float
    ended: float | None
    total: int
    pending: int
    running: int
    succeeded: int
    failed: int
    failures: tuple[ChildFailure, ...] = ()

    @property
    def done(self) -> int:
        return self.succeeded + self.failed


@dataclass(frozen=True)
class StateRun:
    """All visits of one state together; input, output, error and times are the last visit's.

    ``seconds`` is the sum over the visits that ended, and ``retries`` counts attempts after the first.
    """

    name: str
    outcome: Outcome
    visits: int = 0
    retries: int = 0
    started: float | None = None
    ended: float | None = None
    seconds: float = 0.0
    input: str | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    caught_by: str | None = None
    maps: tuple[MapRun, ...] = ()

    def seconds_at(self, now: float) -> float:
        """The time that it took so far, an open visit included."""
        open_for = now - self.started if self.outcome == "running" and self.started is not None else 0.0
        return self.seconds + max(0.0, open_for)


@dataclass(frozen=True)
class Run:
    """An execution. ``taken``: pairs of states that it went between, with the outcome of the first."""

    arn: str
    status: str
    started: float
    ended: float | None
    states: Mapping[str, StateRun] = field(default_factory=dict)
    taken: Mapping[tuple[str, str], Outcome] = field(default_factory=dict)
    input: str | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None

    def state(self, name: str) -> StateRun:
        """What a state did: nothing, for one that was not reached."""
        return self.states.get(name) or StateRun(name, "idle")


def read_map_run(described: Mapping[str, Any], failures: Iterable[ChildFailure] = ()) -> MapRun:
    """A map run as DescribeMapRun says it."""
    counts: Mapping[str, int] = described["itemCounts"]
    stopped = described.get("stopDate")
    return MapRun(
        arn=described["mapRunArn"],
        status=described["status"],
        started=_epoch(described["startDate"]),
        ended=None if stopped is None else _epoch(stopped),
        total=counts["total"],
        pending=counts["pending"],
        running=counts["running"],
        succeeded=counts["succeeded"],
        failed=counts["failed"] + counts["timedOut"] + counts["aborted"],
        failures=tuple(failures),
    )


def read_run(
    described: Mapping[str, Any],
    events: Iterable[Mapping[str, Any]],
    map_runs: Mapping[str, MapRun] | None = None,
) -> Run:
    """The run that DescribeExecution and the events (oldest first) tell of; ``map_runs`` by their ARN."""
    visits, ways = read_visits(events)
    status = str(described["status"])
    by_name: dict[str, list[Visit]] = {}
    for visit in visits:
        by_name.setdefault(visit.name, []).append(visit)
    stopped = described.get("stopDate")
    states = {name: _state(name, own, status, map_runs or {}) for name, own in by_name.items()}
    return Run(
        arn=described["executionArn"],
        status=status,
        started=_epoch(described["startDate"]),
        ended=None if stopped is None else _epoch(stopped),
        states=states,
        taken={(visit.name, target): _outcome(visit, status) for visit, target in ways},
        input=described.get("input"),
        output=described.get("output"),
        error=described.get("error"),
        cause=described.get("cause"),
    )


def _state(name: str, visits: list[Visit], status: str, map_runs: Mapping[str, MapRun]) -> StateRun:
    last = visits[-1]
    outcomes = [_outcome(visit, status) for visit in visits]
    # Visits of one state may overlap, in a Map: one that still runs, or that failed, says most.
    said = next((outcome for outcome in ("running", "failed") if outcome in outcomes), outcomes[-1])
    return StateRun(
        name=name,
        outcome=said if said in OUTCOMES else "idle",
        visits=len(visits),
        retries=sum(visit.retries for visit in visits),
        started=last.started,
        ended=last.ended,
        seconds=sum(visit.ended - visit.started for visit in visits if visit.ended is not None),
        input=last.input,
        output=last.output,
        error=last.error,
        cause=last.cause,
        caught_by=last.next if last.error is not None else None,
        maps=tuple(map_runs[arn] for visit in visits for arn in visit.map_runs if arn in map_runs),
    )


def _outcome(visit: Visit, status: str) -> Outcome:
    if visit.type == "Fail":
        return "failed"
    if visit.ended is not None:
        return "succeeded" if visit.error is None else "caught"
    if status == "RUNNING":
        return "running"
    return "aborted" if status == "ABORTED" else "failed"


def _epoch(moment: datetime) -> float:
    return moment.timestamp()
