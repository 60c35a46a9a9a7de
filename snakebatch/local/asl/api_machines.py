"""State machines as boto3's client has them: create, update, delete, describe, list, validate."""

from __future__ import annotations

import uuid
from typing import Any

from . import definition as definitions
from .api import Service, describe_machine, only, page_of, valid
from .api_errors import api_error
from .engine import check_name
from .machine import Machine, build
from .naming import moment

DEFAULT_ROLE = "arn:aws:iam::{account}:role/StepFunctionsRole"


class Machines(Service):
    """The operations on state machines."""

    def create_state_machine(
        self,
        *,
        name: str,
        definition: str,
        roleArn: str | None = None,
        type: str = "STANDARD",
        **ignored: Any,
    ) -> dict[str, Any]:
        """Accept a definition (JSON text), and return its ``stateMachineArn``.

        Raises InvalidDefinition with all that is wrong with it or that the executor does not do.

        The same name, type and definition again give the machine there is; another raises
        StateMachineAlreadyExists.
        """
        only("create_state_machine", ignored, "tags", "loggingConfiguration", "tracingConfiguration")
        check_name(name)
        raw = valid(definition, type)
        role = roleArn or DEFAULT_ROLE.format(account=self._engine.names.account)

        def create() -> dict[str, Any]:
            arn = self._engine.names.machine(name)
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
                created=moment(self._runtime.now()),
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
            return {"updateDate": moment(self._runtime.now()), "revisionId": machine.revision}

        return self._runtime.call(update)

    def delete_state_machine(self, *, stateMachineArn: str) -> dict[str, Any]:
        """Forget a machine; its executions run on."""
        self._runtime.call(lambda: self._engine.machines.pop(stateMachineArn, None))
        return {}

    def describe_state_machine(self, *, stateMachineArn: str, **ignored: Any) -> dict[str, Any]:
        """The machine and its definition; raises StateMachineDoesNotExist."""
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
        """A page of all machines, under ``stateMachines``."""

        def listed() -> list[dict[str, Any]]:
            return [
                {"stateMachineArn": m.arn, "name": m.name, "type": m.type, "creationDate": m.created}
                for m in self._engine.machines.values()
            ]

        return page_of("stateMachines", self._runtime.call(listed), maxResults or 100, nextToken)

    def validate_state_machine_definition(
        self, *, definition: str, type: str = "STANDARD", **ignored: Any
    ) -> dict[str, Any]:
        """What ``create_state_machine`` would say of it: ``result`` OK or FAIL, and ``diagnostics``."""
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
