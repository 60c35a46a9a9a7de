"""Reads runs from Step Functions, a little at a time: who follows a run asks for its new events only."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from snakebatch.graph.machine import Machine, read_machine
from snakebatch.graph.run import ChildFailure, MapRun, Run, read_map_run, read_run

_PAGE, _FRESH_PAGE = 1000, 50
"""Events asked for at once: of a run that is new, and of one that is followed, whose news are few."""

_MOST_FAILURES = 5
"""Children of a map run whose error is fetched: each costs a call, and the first few tell the rest."""

_MOST_RUNS = 64
_NO_SUCH = frozenset({"ExecutionDoesNotExist", "InvalidArn", "InvalidName"})


@dataclass
class _Known:
    """What was read of one execution before."""

    definition: str
    machine: Machine
    events: list[Mapping[str, Any]] = field(default_factory=list)
    ended_maps: dict[str, MapRun] = field(default_factory=dict)
    run: Run | None = None
    stopped: Any = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class RunReader:
    """Runs by the ARN of their execution; remembers the latest ones, so that following one is cheap.

    ``sfn`` is a boto3 ``stepfunctions`` client, whose errors come through.
    """

    def __init__(self, sfn: Any, most_runs: int = _MOST_RUNS) -> None:
        self.sfn = sfn
        self._most = most_runs
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def definition(self, arn: str) -> str:
        """The machine's definition as it was when the execution started, in Amazon States Language."""
        return self._of(arn).definition

    def machine(self, arn: str) -> Machine:
        """The machine as it was when the execution started."""
        return self._of(arn).machine

    def run(self, arn: str) -> Run:
        """How an execution stands now."""
        known = self._of(arn)
        with known.lock:
            # Described first: an execution that has ended writes no event after that, unless it is redriven.
            described = self.sfn.describe_execution(executionArn=arn)
            if known.run is not None and known.stopped == described.get("stopDate"):
                return known.run
            known.run, known.stopped = None, described.get("stopDate")
            known.events += self._new_events(arn, len(known.events))
            run = read_run(described, known.events, self._map_runs(known))
            if run.status != "RUNNING" and all(one.ended is not None for one in _maps(run)):
                known.run = run
                known.events.clear()
            return run

    def find(self, arn: str) -> Run | None:
        """How an execution stands now; None where there is none of that ARN."""
        try:
            return self.run(arn)
        except Exception as error:
            # boto3's errors are told apart by their code; here nothing imports boto3.
            code = getattr(error, "response", {}).get("Error", {}).get("Code")
            if code in _NO_SUCH:
                return None
            raise

    def _of(self, arn: str) -> _Known:
        with self._lock:
            known = self._known.get(arn)
            if known is not None:
                self._known.move_to_end(arn)
                return known
        definition = self.sfn.describe_state_machine_for_execution(executionArn=arn)["definition"]
        with self._lock:
            known = self._known.setdefault(arn, _Known(definition, read_machine(definition)))
            while len(self._known) > self._most:
                self._known.popitem(last=False)
            return known

    def _new_events(self, arn: str, seen: int) -> list[Mapping[str, Any]]:
        """The events after the first ``seen``, oldest first: read from the end, as ids count from one."""
        fresh: list[Mapping[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            page = self.sfn.get_execution_history(
                executionArn=arn, maxResults=_FRESH_PAGE if seen else _PAGE, reverseOrder=True, **token
            )
            fresh += [event for event in page["events"] if event["id"] > seen]
            if not page.get("nextToken") or any(event["id"] <= seen for event in page["events"]):
                return fresh[::-1]
            token = {"nextToken": page["nextToken"]}

    def _map_runs(self, known: _Known) -> dict[str, MapRun]:
        """All map runs that the history names; those that have ended are asked for once."""
        found: dict[str, MapRun] = {}
        for event in known.events:
            if event["type"] == "MapRunStarted":
                arn = event["mapRunStartedEventDetails"]["mapRunArn"]
                found[arn] = known.ended_maps.get(arn) or self._map_run(arn)
                if found[arn].ended is not None:
                    known.ended_maps[arn] = found[arn]
        return found

    def _map_run(self, arn: str) -> MapRun:
        described = self.sfn.describe_map_run(mapRunArn=arn)
        failed = described["itemCounts"]["failed"] + described["itemCounts"]["timedOut"]
        return read_map_run(described, self._failures(arn) if failed else ())

    def _failures(self, arn: str) -> list[ChildFailure]:
        found: list[ChildFailure] = []
        for status in ("FAILED", "TIMED_OUT"):
            left = _MOST_FAILURES - len(found)
            if left:
                listed = self.sfn.list_executions(mapRunArn=arn, statusFilter=status, maxResults=left)
                found += [self._failure(child) for child in listed["executions"][:left]]
        return found

    def _failure(self, child: Mapping[str, Any]) -> ChildFailure:
        described = self.sfn.describe_execution(executionArn=child["executionArn"])
        error, cause = described.get("error", described["status"]), described.get("cause", "")
        return ChildFailure(child["name"], described["status"], error, cause)


def _maps(run: Run) -> list[MapRun]:
    return [one for state in run.states.values() for one in state.maps]
