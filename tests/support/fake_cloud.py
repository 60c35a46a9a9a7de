"""A cloud for tests of the command line: it plays a scripted execution in no time."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.machines import OWN

START = datetime(2026, 1, 1, tzinfo=UTC)
ARN = "arn:aws:states:eu-west-3:123456789012:execution:train:one"

OUTPUT = {
    "status": "TRAINED",
    "job": "one",
    "fingerprint": "f" * 32,
    "model": "s3://jobs/jobs/one/model.json",
    "rows": 8,
    "duplicates": 2,
    "contradictions": 1,
    "layers": 2,
    "leaves": 4,
    "buckets": 6,
    "seed": 7,
    "warnings": [],
}


@dataclass
class Moment:
    """What the API answers at one poll: a status, how many events so far, and the counts of each map run."""

    status: str = "RUNNING"
    events: int = 0
    runs: dict[str, tuple[int, int]] = field(default_factory=dict)


class FakeStepFunctions:
    """The methods of boto3's ``stepfunctions`` client that a training is followed with."""

    def __init__(
        self, moments: Sequence[Moment], events: Sequence[dict[str, Any]], ending: dict[str, Any]
    ) -> None:
        self._moments = list(moments)
        self._now = self._moments[0]
        self._events = list(events)
        self._ending = ending
        self.stopped: list[dict[str, Any]] = []

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        self._now = self._moments.pop(0) if len(self._moments) > 1 else self._moments[0]
        ended = {} if self._now.status == "RUNNING" else self._ending
        return {"executionArn": executionArn, "status": self._now.status, "startDate": START, **ended}

    def describe_state_machine_for_execution(self, executionArn: str) -> dict[str, Any]:
        return {"definition": json.dumps(OWN["train"])}

    def get_execution_history(self, *, reverseOrder: bool = False, **_: Any) -> dict[str, Any]:
        events = self._events[: self._now.events]
        return {"events": events[::-1] if reverseOrder else events}

    def describe_map_run(self, mapRunArn: str) -> dict[str, Any]:
        done, total = self._now.runs[mapRunArn]
        bad = dict.fromkeys(("failed", "timedOut", "aborted", "running"), 0)
        counts = bad | {"succeeded": done, "pending": total - done, "total": total}
        said = {"mapRunArn": mapRunArn, "startDate": START, "itemCounts": counts}
        if done < total:
            return {"status": "RUNNING", **said}
        return {"status": "SUCCEEDED", "stopDate": START + timedelta(seconds=1.5), **said}

    def stop_execution(self, **arguments: Any) -> dict[str, Any]:
        self.stopped.append(arguments)
        return {}


class FakeCloud:
    """A cloud whose execution answers ``sfn`` and whose model is the text ``model``."""

    def __init__(self, sfn: FakeStepFunctions, model: str = "") -> None:
        self.sfn: Any = sfn
        self.model = model
        self.inputs: list[dict[str, Any]] = []
        self.engine = ""
        self.uploaded: list[Path] = []
        self.closed = False

    def __enter__(self) -> FakeCloud:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True

    def upload(self, path: Path) -> str:
        self.uploaded.append(path)
        return f"s3://jobs/datasets/{path.name}"

    def train(self, execution_input: dict[str, Any]) -> str:
        self.inputs.append(execution_input)
        return ARN

    def download(self, s3_uri: str, path: Path) -> None:
        path.write_text(self.model, encoding="utf-8")

    def logs(self) -> str:
        return "==> shard.log <=="

    def opener(self) -> Callable[..., FakeCloud]:
        """What is handed to the command in place of the embedded cloud."""

        def opened(processes: int | None, engine: str = "snakebatch") -> FakeCloud:
            self.engine = engine
            return self

        return opened


def history(*steps: tuple[str, float, list[str]]) -> list[dict[str, Any]]:
    """Events of states (name, seconds, ARNs of the map runs it starts) that run one after the other."""
    events: list[dict[str, Any]] = []
    now = START

    def add(kind: str, **details: Any) -> None:
        before = len(events)
        events.append(
            {"id": before + 1, "previousEventId": before, "timestamp": now, "type": kind, **details}
        )

    add("ExecutionStarted")
    for name, seconds, runs in steps:
        kind = "MapState" if runs else "TaskState"
        add(f"{kind}Entered", stateEnteredEventDetails={"name": name})
        for run in runs:
            add("MapRunStarted", mapRunStartedEventDetails={"mapRunArn": run})
        now += timedelta(seconds=seconds)
        add(f"{kind}Exited", stateExitedEventDetails={"name": name})
    add("ExecutionSucceeded")
    return events


def succeeding(model: str, **output: Any) -> FakeCloud:
    """A cloud that trains in two waves and one wave of leaves."""
    events = history(
        ("Stage", 0.5, []),
        ("Divide", 1.0, ["d1"]),
        ("Divide", 1.5, ["d2"]),
        ("Leaf", 2.0, ["l1"]),
        ("Gather", 0.25, []),
    )
    moments = [
        Moment(events=2),
        Moment(events=6, runs={"d1": (1, 2)}),
        Moment(events=9, runs={"d1": (2, 2), "d2": (0, 4)}),
        Moment("SUCCEEDED", len(events), {"d1": (2, 2), "d2": (4, 4), "l1": (3, 3)}),
    ]
    return FakeCloud(FakeStepFunctions(moments, events, {"output": json.dumps(OUTPUT | output)}), model)


def failing(error: str, cause: str) -> FakeCloud:
    """A cloud whose execution fails in Stage."""
    events = history(("Stage", 0.5, []))[:2]
    return FakeCloud(
        FakeStepFunctions([Moment(events=2), Moment("FAILED", 2)], events, {"error": error, "cause": cause})
    )
