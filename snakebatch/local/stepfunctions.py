"""Step Functions without an account: boto3's `stepfunctions` methods over the executor in `asl`.

    sfn = StepFunctions(boto3.client)
    machine = sfn.create_state_machine(name="train", definition=text, roleArn=role)
    run = sfn.start_execution(stateMachineArn=machine["stateMachineArn"], input="{}")

Keyword arguments, results and exceptions are those of boto3's client. What a definition asks for and the
executor does not do is refused by `create_state_machine` with InvalidDefinition, every finding named by its
JSON path.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import uuid
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

from snakebatch.clock import Clock, SystemClock

from .asl import definition as definitions
from .asl.api import describe_machine, only, page_of, valid, without_data
from .asl.api_errors import api_error, exceptions
from .asl.engine import Engine, check_name
from .asl.errors import StateError
from .asl.execution import Execution
from .asl.machine import Machine, build
from .asl.map_run import Limits
from .asl.naming import Names, moment, parse_json, within_limit
from .asl.runtime import Runtime

T = TypeVar("T")

DEFAULT_ROLE = "arn:aws:iam::{account}:role/StepFunctionsRole"


class StepFunctions:
    """The service on this machine; close it, or use it as a context manager.

    Parameters
    ----------
    client
        `client(service_name)` gives an object with a boto3 client's methods; they are called from many
        threads.
    clock
        What waits, time-outs and timestamps go by; the system's if None. With a `SimulatedClock` they take
        no time.
    region, account
        What ARNs contain.
    max_threads
        Service calls under way at once; more queue up, as Lambda's concurrency would throttle them.
    seed
        Of the jitter and of children's names; None draws one.
    """

    def __init__(
        self,
        client: Callable[[str], Any],
        *,
        clock: Clock | None = None,
        region: str = "eu-west-3",
        account: str = "123456789012",
        max_threads: int = 1000,
        seed: int | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._runtime = Runtime(self._clock, max_threads)
        self._names = Names(region, account)
        self._engine = Engine(self._runtime, client, self._names, seed)

    @property
    def exceptions(self) -> Any:
        """The exception classes, as on a boto3 client."""
        return exceptions()

    def close(self) -> None:
        """Stop whatever runs and end the threads."""
        self._runtime.close()

    def __enter__(self) -> StepFunctions:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---------------------------------------- state machines

    def create_state_machine(
        self,
        *,
        name: str,
        definition: str,
        roleArn: str | None = None,
        type: str = "STANDARD",
        **ignored: Any,
    ) -> dict[str, Any]:
        """Accept a definition, or raise InvalidDefinition with all that is wrong with it.

        The same name, type and definition again give the machine there is; another raises
        StateMachineAlreadyExists.
        """
        only("create_state_machine", ignored, "tags", "loggingConfiguration", "tracingConfiguration")
        check_name(name)
        raw = valid(definition, type)
        role = roleArn or DEFAULT_ROLE.format(account=self._names.account)

        def create() -> dict[str, Any]:
            arn = self._names.machine(name)
            before = self._engine.machines.get(arn)
            if before is not None:
                if (before.definition, before.type, before.role_arn) != (definition, type, role):
                    raise api_error("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
                return {"stateMachineArn": arn, "creationDate": before.created}
            machine = Machine(
                arn=arn,
                name=name,
                type=type,
                role_arn=role,
                definition=definition,
                graph=build(raw),
                created=moment(self._clock.time()),
                revision=str(uuid.uuid4()),
                timeout=raw.get("TimeoutSeconds"),
            )
            self._engine.machines[arn] = machine
            return {"stateMachineArn": arn, "creationDate": machine.created}

        if type not in ("STANDARD", "EXPRESS"):
            raise api_error("ValidationException", f"type must be STANDARD or EXPRESS, not {type!r}")
        return self._runtime.call(create)

    def update_state_machine(
        self,
        *,
        stateMachineArn: str,
        definition: str | None = None,
        roleArn: str | None = None,
        **ignored: Any,
    ) -> dict[str, Any]:
        """Give a machine another definition; executions that run keep the one they started with."""
        only("update_state_machine", ignored, "loggingConfiguration", "tracingConfiguration")
        kind = self._runtime.call(lambda: self._engine.machine(stateMachineArn)).type
        raw = valid(definition, kind) if definition is not None else None

        def update() -> dict[str, Any]:
            before = self._engine.machine(stateMachineArn)
            machine = Machine(
                arn=before.arn,
                name=before.name,
                type=before.type,
                role_arn=roleArn or before.role_arn,
                definition=definition or before.definition,
                graph=build(raw) if raw is not None else before.graph,
                created=before.created,
                revision=str(uuid.uuid4()),
                timeout=raw.get("TimeoutSeconds") if raw is not None else before.timeout,
            )
            self._engine.machines[before.arn] = machine
            return {"updateDate": moment(self._clock.time()), "revisionId": machine.revision}

        return self._runtime.call(update)

    def delete_state_machine(self, *, stateMachineArn: str) -> dict[str, Any]:
        """Forget a machine; its executions run on."""
        self._runtime.call(lambda: self._engine.machines.pop(stateMachineArn, None))
        return {}

    def describe_state_machine(self, *, stateMachineArn: str, **ignored: Any) -> dict[str, Any]:
        """The machine and its definition."""
        only("describe_state_machine", ignored)
        return self._runtime.call(lambda: describe_machine(self._engine.machine(stateMachineArn)))

    def describe_state_machine_for_execution(self, *, executionArn: str, **ignored: Any) -> dict[str, Any]:
        """The machine as it was when the execution started."""
        only("describe_state_machine_for_execution", ignored)

        def describe() -> dict[str, Any]:
            execution = self._engine.execution(executionArn)
            described = describe_machine(execution.machine)
            described["updateDate"] = described.pop("creationDate")
            del described["type"], described["status"]
            if execution.map_run is not None:
                described["mapRunArn"] = execution.map_run.arn
                described["label"] = execution.machine.label
            return described

        return self._runtime.call(describe)

    def list_state_machines(self, *, maxResults: int = 100, nextToken: str | None = None) -> dict[str, Any]:
        """All machines."""

        def listed() -> list[dict[str, Any]]:
            return [
                {"stateMachineArn": m.arn, "name": m.name, "type": m.type, "creationDate": m.created}
                for m in self._engine.machines.values()
            ]

        return page_of("stateMachines", self._runtime.call(listed), maxResults or 100, nextToken)

    def validate_state_machine_definition(
        self, *, definition: str, type: str = "STANDARD", **ignored: Any
    ) -> dict[str, Any]:
        """What `create_state_machine` would say of a definition."""
        only("validate_state_machine_definition", ignored, "severity", "maxResults")
        _, findings = definitions.examine(definition, type)
        return {
            "result": "FAIL" if findings else "OK",
            "diagnostics": [
                {
                    "severity": "ERROR",
                    "code": "SCHEMA_VALIDATION_FAILED",
                    "message": message,
                    "location": path,
                }
                for path, message in findings
            ],
            "truncated": False,
        }

    # ---------------------------------------- executions

    def start_execution(
        self, *, stateMachineArn: str, name: str | None = None, input: str = "{}", **ignored: Any
    ) -> dict[str, Any]:
        """Start; the same name and input as a running execution give that one."""
        only("start_execution", ignored, "traceHeader", "clientToken")
        started = self._runtime.call(lambda: self._engine.start(stateMachineArn, name, input))
        return {"executionArn": started.arn, "startDate": started.started}

    def start_sync_execution(
        self, *, stateMachineArn: str, name: str | None = None, input: str = "{}", **ignored: Any
    ) -> dict[str, Any]:
        """Start an Express execution and wait for its end; a failure is in the result, not raised."""
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
        """How an execution stands; of an Express one, only if a map run started it.

        With METADATA_ONLY, input and output are left out.
        """
        described = self._runtime.call(lambda: self._standard(executionArn, or_child=True).describe())
        if includedData == "METADATA_ONLY":
            for member in ("input", "output"):
                described.pop(member, None)
                if f"{member}Details" in described:
                    described[f"{member}Details"] = {"included": False}
        return described

    def stop_execution(
        self, *, executionArn: str, error: str | None = None, cause: str | None = None
    ) -> dict[str, Any]:
        """Abort an execution and all that runs inside it; one that has ended stays as it is."""

        def stop() -> dict[str, Any]:
            execution = self._standard(executionArn)
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
        """Executions of a machine, or children of a map run; latest first."""
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
        """The events of a Standard execution."""

        def events() -> list[dict[str, Any]]:
            return list(self._standard(executionArn).history.events)

        found = self._runtime.call(events)
        if reverseOrder:
            found.reverse()
        page = page_of("events", found, maxResults or 100, nextToken)
        if not includeExecutionData:
            page["events"] = [without_data(event) for event in page["events"]]
        return page

    def _standard(self, arn: str, *, or_child: bool = False) -> Execution:
        execution = self._engine.execution(arn)
        if execution.machine.type == "EXPRESS" and not (or_child and execution.map_run is not None):
            raise api_error("InvalidArn", f"Invalid Arn: '{arn}': Express executions keep no record")
        return execution

    # ---------------------------------------- map runs

    def describe_map_run(self, *, mapRunArn: str) -> dict[str, Any]:
        """How a map run stands, counted now."""
        return self._runtime.call(lambda: self._engine.map_run(mapRunArn).describe())

    def list_map_runs(
        self, *, executionArn: str, maxResults: int = 100, nextToken: str | None = None
    ) -> dict[str, Any]:
        """The map runs an execution started."""

        def listed() -> list[dict[str, Any]]:
            execution = self._standard(executionArn)
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
        """Change the limits of a map run while it runs."""
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

    # ---------------------------------------- task tokens

    def send_task_success(self, *, taskToken: str, output: str) -> dict[str, Any]:
        """The work behind a token is done; `output` is JSON text."""
        try:
            value = parse_json(output)
        except ValueError as problem:
            raise api_error("InvalidOutput", f"Invalid Output: {problem}") from problem
        if not within_limit(output):
            raise api_error("InvalidOutput", "The output is longer than 262144 bytes.")
        return self._answer(taskToken, lambda answer: answer.set_result(value))

    def send_task_failure(
        self, *, taskToken: str, error: str | None = None, cause: str | None = None
    ) -> dict[str, Any]:
        """The work behind a token failed; without an error the state fails with States.TaskFailed."""
        failure = StateError(error or "States.TaskFailed", cause)
        return self._answer(taskToken, lambda answer: answer.set_exception(failure))

    def send_task_heartbeat(self, *, taskToken: str) -> dict[str, Any]:
        """The work behind a token goes on."""
        return self._answer(taskToken, None)

    def _answer(self, text: str, reply: Callable[[asyncio.Future[Any]], None] | None) -> dict[str, Any]:
        def answer() -> None:
            try:
                token = self._engine.tokens.find(text)
            except KeyError:
                raise api_error("InvalidToken", f"Invalid Token: '{text[:80]}'") from None
            if token is None:
                raise api_error("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
            if reply is None:
                token.beat()
            else:
                reply(token.answer)

        self._runtime.call(answer)
        return {}
