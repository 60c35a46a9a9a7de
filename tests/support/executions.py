"""Step Functions for tests of the HTTP API: executions that do nothing until a test ends them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from snakebatch.clock import Clock
from tests.support.machines import OWN

MACHINE = "arn:aws:states:eu-west-3:123456789012:stateMachine:snakebatch-train"


class FakeExecutions:
    """The methods of boto3's ``stepfunctions`` client that ``Jobs`` calls; ``calls`` counts them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found: dict[str, dict[str, Any]] = {}
        self.calls: Counter[str] = Counter()

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:
        self.calls["start_execution"] += 1
        assert stateMachineArn == MACHINE
        if name in self._found:
            if self._found[name]["input"] == input and self._found[name]["status"] == "RUNNING":
                return {}
            raise _error("ExecutionAlreadyExists", "StartExecution")
        self._found[name] = {
            "executionArn": f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}",
            "name": name,
            "input": input,
            "status": "RUNNING",
            "startDate": self._now(),
        }
        return {}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        self.calls["describe_execution"] += 1
        return self._of(executionArn, "DescribeExecution")

    def stop_execution(self, executionArn: str, cause: str) -> dict[str, Any]:
        self.calls["stop_execution"] += 1
        found = self._of(executionArn, "StopExecution")
        if found["status"] == "RUNNING":
            found |= {"status": "ABORTED", "stopDate": self._now(), "cause": cause}
        return {}

    def get_execution_history(self, executionArn: str, **_: Any) -> dict[str, Any]:
        self.calls["get_execution_history"] += 1
        found = self._of(executionArn, "GetExecutionHistory")
        entered = {"id": 1, "type": "TaskStateEntered", "timestamp": found["startDate"]}
        return {"events": [{**entered, "stateEnteredEventDetails": {"name": "Stage"}}]}

    def describe_state_machine_for_execution(self, executionArn: str) -> dict[str, Any]:
        self._of(executionArn, "DescribeStateMachineForExecution")
        return {"definition": json.dumps(OWN["train"])}

    def list_executions(
        self,
        stateMachineArn: str,
        maxResults: int,
        nextToken: str | None = None,
        statusFilter: str | None = None,
    ) -> dict[str, Any]:
        self.calls["list_executions"] += 1
        chosen = [
            found
            for found in reversed(self._found.values())
            if statusFilter is None or found["status"] == statusFilter
        ]
        if nextToken is not None and not (nextToken.isascii() and nextToken.isdigit()):
            raise _error("InvalidToken", "ListExecutions")
        start = int(nextToken or 0)
        page: dict[str, Any] = {"executions": chosen[start : start + maxResults]}
        if start + maxResults < len(chosen):
            page["nextToken"] = str(start + maxResults)
        return page

    # What a test does

    def of(self, name: str) -> dict[str, Any]:
        """An execution by its name."""
        return self._found[name]

    def succeed(self, name: str, **output: Any) -> None:
        """End an execution well."""
        ended = {"status": "SUCCEEDED", "stopDate": self._now(), "output": json.dumps(output)}
        self._found[name] |= ended

    def fail(self, name: str, error: str, cause: str) -> None:
        """End an execution badly."""
        self._found[name] |= {"status": "FAILED", "stopDate": self._now(), "error": error, "cause": cause}

    def _of(self, arn: str, operation: str) -> dict[str, Any]:
        name = arn.rpartition(":")[2]
        if name not in self._found:
            raise _error("ExecutionDoesNotExist", operation)
        return self._found[name]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.time(), UTC)


def _error(code: str, operation: str) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": 400}},  # type: ignore[typeddict-item]  # what is read of it
        operation,
    )


class FakePredictions:
    """The EXPRESS workflow for small batches: answers every row with itself, or fails as it is told."""

    def __init__(self) -> None:
        self.failure: tuple[str, str] | None = None
        self.asked: list[dict[str, Any]] = []

    def start_sync_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:
        asked = json.loads(input)
        self.asked.append(asked)
        if self.failure is not None:
            return {"status": "FAILED", "error": self.failure[0], "cause": self.failure[1]}
        lines = asked["rows"]
        count = len(lines.split("\n"))
        told = {"execution": name, "model": "0" * 32, "mode": asked["mode"], "rows": count, "chunks": 1}
        results = [{"chunk": 0, "n": count, "answers": lines}]
        output = json.dumps({"status": "PREDICTED", "asked": told, "results": results})
        return {"status": "SUCCEEDED", "output": output}
