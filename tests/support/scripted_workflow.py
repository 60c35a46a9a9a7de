"""Step Functions as pages ask it: executions and Map Runs that a test says the state of."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from snakebatch.clock import Clock

MACHINE = "arn:aws:states:eu-west-3:123456789012:stateMachine:snakebatch-train"
_DEFINITION = Path(__file__).resolve().parents[2] / "statemachine/train.asl.json"


@dataclass
class ScriptedWorkflow:
    """``calls`` counts what was asked, by operation."""

    clock: Clock
    calls: Counter[str] = field(default_factory=Counter)
    definition: str = field(default_factory=_DEFINITION.read_text)

    def __post_init__(self) -> None:
        self._executions: dict[str, dict[str, Any]] = {}
        self._map_runs: dict[str, dict[str, Any]] = {}
        self._children: dict[str, list[dict[str, Any]]] = {}

    # What a test says

    def start(self, name: str) -> None:
        """An execution begins."""
        self._executions[name] = {
            "executionArn": _arn(name),
            "name": name,
            "status": "RUNNING",
            "startDate": self._now(),
            "input": "{}",
        }

    def end(self, name: str, status: str = "SUCCEEDED", **more: Any) -> None:
        """An execution ends, and its Map with it."""
        output = {"output": json.dumps(more.pop("output"))} if "output" in more else {}
        self._executions[name] |= {"status": status, "stopDate": self._now(), **output, **more}
        if name in self._map_runs:
            self._map_runs[name] |= {"status": status, "stopDate": self._now()}

    def map(self, name: str, **counts: int) -> None:
        """The Map of an execution, and how many of its items are running, failed, ..."""
        whole = {"running": 0, "failed": 0, "pending": 0, "succeeded": 0} | counts
        self._map_runs[name] = {
            "mapRunArn": f"{_arn(name)}/Leaf:map-run",
            "executionArn": _arn(name),
            "status": "RUNNING",
            "startDate": self._now(),
            "itemCounts": whole,
        }

    def fail_child(self, name: str, item: dict[str, Any]) -> None:
        """A child of the Map fails for good, having been given ``item``."""
        children = self._children.setdefault(name, [])
        child = f"child-{name}-{len(children)}"
        children.append({"executionArn": _arn(child), "name": child, "status": "FAILED"})
        self._executions[child] = {"executionArn": _arn(child), "input": json.dumps(item), "child": True}
        self._map_runs[name]["itemCounts"]["failed"] += 1

    # boto3's names

    def list_executions(self, **asked: Any) -> dict[str, Any]:
        self.calls["list_executions"] += 1
        if "mapRunArn" in asked:
            name = next(
                name for name, run in self._map_runs.items() if run["mapRunArn"] == asked["mapRunArn"]
            )
            return {"executions": self._children.get(name, [])[: asked["maxResults"]]}
        found = [one for one in reversed(self._executions.values()) if "child" not in one]
        status = asked.get("statusFilter")
        chosen = [one for one in found if status in (None, one["status"])]
        return {"executions": chosen[: asked["maxResults"]]}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        self.calls["describe_execution"] += 1
        name = executionArn.rpartition(":")[2]
        if name not in self._executions:
            said = {"Error": {"Code": "ExecutionDoesNotExist", "Message": "no such execution"}}
            raise ClientError(said, "DescribeExecution")  # type: ignore[arg-type]  # what is read of it
        return self._executions[name]

    def get_execution_history(self, **asked: Any) -> dict[str, Any]:
        self.calls["get_execution_history"] += 1
        return {"events": [{"stateEnteredEventDetails": {"name": "Leaf"}}]}

    def list_map_runs(self, *, executionArn: str) -> dict[str, Any]:
        self.calls["list_map_runs"] += 1
        run = self._map_runs.get(executionArn.rpartition(":")[2])
        return {"mapRuns": [run] if run else []}

    def describe_map_run(self, *, mapRunArn: str) -> dict[str, Any]:
        self.calls["describe_map_run"] += 1
        return next(run for run in self._map_runs.values() if run["mapRunArn"] == mapRunArn)

    def describe_state_machine(self, *, stateMachineArn: str) -> dict[str, Any]:
        self.calls["describe_state_machine"] += 1
        return {"definition": self.definition, "stateMachineArn": stateMachineArn}

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.time(), UTC)


def _arn(name: str) -> str:
    return f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}"
