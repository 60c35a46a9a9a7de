"""All that runs: machines, executions, map runs and tokens, in the loop thread of one runtime."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections import deque

from .api_errors import api_error
from .execution import Execution
from .integrations import ClientFactory
from .machine import Machine
from .map_run import MapRun
from .naming import Names, parse_json, within_limit
from .runtime import Runtime
from .tokens import Tokens


class Engine:
    """The registry of one StepFunctions. Every method belongs to the loop thread."""

    def __init__(
        self, runtime: Runtime, client: ClientFactory, names: Names, seed: int | None, kept: int
    ) -> None:
        self.runtime = runtime
        self.client = client
        self.names = names
        self.draws = random.Random(seed)
        self.tokens = Tokens(runtime)
        self.machines: dict[str, Machine] = {}
        self.executions: dict[str, Execution] = {}
        self.map_runs: dict[str, MapRun] = {}
        self._kept = kept
        self._ended: dict[str, deque[Execution]] = {}

    def machine(self, arn: str) -> Machine:
        """The state machine of that ARN."""
        if not re.fullmatch(r"arn:[\w-]+:states:[\w-]*:\d*:stateMachine:[^:/]+", arn):
            raise api_error("InvalidArn", f"Invalid Arn: '{arn}'")
        machine = self.machines.get(arn)
        if machine is None:
            raise api_error("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return machine

    def execution(self, arn: str) -> Execution:
        """The execution of that ARN."""
        if not re.fullmatch(r"arn:[\w-]+:states:[\w-]*:\d*:(execution|express):.+", arn):
            raise api_error("InvalidArn", f"Invalid Arn: '{arn}'")
        execution = self.executions.get(arn)
        if execution is None:
            raise api_error("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return execution

    def recorded(self, arn: str, *, or_child: bool = False) -> Execution:
        """The execution of that ARN, unless it is Express and keeps no record; the child of a map run does
        for those who ask how it stands (`or_child`).
        """
        execution = self.execution(arn)
        if execution.machine.type == "EXPRESS" and not (or_child and execution.map_run is not None):
            raise api_error("InvalidArn", f"Invalid Arn: '{arn}': Express executions keep no record")
        return execution

    def map_run(self, arn: str) -> MapRun:
        """The map run of that ARN."""
        run = self.map_runs.get(arn)
        if run is None:
            raise api_error("ResourceNotFound", f"Resource not found: '{arn}'")
        return run

    def start(self, machine_arn: str, name: str | None, given: str) -> Execution:
        """Start an execution; the same name and input again give the running one (API StartExecution)."""
        machine = self.machine(machine_arn)
        _check_input(given)
        name = name if name is not None else str(uuid.uuid4())
        check_name(name)
        if machine.type == "EXPRESS":
            return self._begin(
                machine, name, self.names.express(machine.name, name, str(uuid.uuid4())), given
            )
        arn = self.names.execution(machine.name, name)
        before = self.executions.get(arn)
        if before is not None:
            if before.status == "RUNNING" and json.loads(before.input) == json.loads(given):
                return before
            raise api_error("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        return self._begin(machine, name, arn, given)

    def _begin(self, machine: Machine, name: str, arn: str, given: str) -> Execution:
        execution = Execution(self, arn, name, machine, given)
        self.executions[arn] = execution
        execution.start()
        return execution

    def start_child(self, map_run: MapRun, given: str, item_count: int) -> Execution:
        """Start the child execution of a map run for one item or batch."""
        name = str(uuid.UUID(int=self.draws.getrandbits(128), version=4))
        machine = map_run.child_machine
        if machine.type == "EXPRESS":
            arn = self.names.express(machine.name, name, str(uuid.uuid4()))
        else:
            arn = self.names.execution(machine.name, name)
        child = Execution(self, arn, name, machine, given, map_run)
        child.item_count = item_count
        self.executions[arn] = child
        return child

    def ended(self, execution: Execution) -> None:
        """An execution has ended: its machine's oldest beyond the number that is kept are forgotten."""
        if execution.map_run is not None:
            return  # a child is remembered for as long as its parent
        ended = self._ended.setdefault(execution.machine.arn, deque())
        ended.append(execution)
        while len(ended) > self._kept:
            self._forget(ended.popleft())

    def _forget(self, execution: Execution) -> None:
        """Remove an execution with its map runs and their children; its name is free again."""
        self.executions.pop(execution.arn, None)
        for run in execution.map_runs:
            self.map_runs.pop(run.arn, None)
            for child in run.children:
                self._forget(child)


def check_name(name: str) -> None:
    """Names of machines and executions: 1 to 80 characters, none of those the service refuses."""
    if not 1 <= len(name) <= 80 or re.search(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]", name):
        raise api_error("InvalidName", f"Invalid Name: '{name}'")


def _check_input(given: str) -> None:
    if not within_limit(given):
        raise api_error("InvalidExecutionInput", "The input is longer than 262144 bytes.")
    try:
        parse_json(given)
    except ValueError as problem:
        raise api_error(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: {problem}"
        ) from problem
