"""What the API's operations share: checks of parameters, descriptions, pages."""

from __future__ import annotations

from typing import Any

from . import definition as definitions
from .api_errors import api_error
from .engine import Engine
from .machine import Machine

LONGEST_ERROR = 256
LONGEST_CAUSE = 32_768
"""Characters of an error and a cause that a caller reports (API StopExecution, SendTaskFailure)."""


class Service:
    """What every operation works on: an engine, asked in the loop thread of its runtime."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._runtime = engine.runtime


def checked_failure(error: str | None, cause: str | None) -> None:
    """Refuse an error or a cause that is longer than the service takes."""
    for name, value, longest in (("error", error, LONGEST_ERROR), ("cause", cause, LONGEST_CAUSE)):
        if value is not None and len(value) > longest:
            raise api_error(
                "ValidationException", f"{name} must have at most {longest} characters, not {len(value)}"
            )


def valid(definition: str, kind: str) -> dict[str, Any]:
    """The object of a definition that is accepted; else InvalidDefinition with all findings."""
    raw, findings = definitions.examine(definition, kind)
    if findings:
        listed = "; ".join(f"{message} at {path}" for path, message in findings)
        raise api_error(
            "InvalidDefinition", f"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {listed}'"
        )
    return raw


def only(operation: str, given: dict[str, Any], *harmless: str) -> None:
    """Refuse parameters that would be ignored, except those that change nothing here."""
    for name in given:
        if name not in harmless:
            raise api_error(
                "ValidationException",
                f"{operation}: the parameter {name} is not implemented by this executor",
            )


def describe_machine(machine: Machine) -> dict[str, Any]:
    """As DescribeStateMachine gives it."""
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "status": "ACTIVE",
        "definition": machine.definition,
        "roleArn": machine.role_arn,
        "type": machine.type,
        "creationDate": machine.created,
        "revisionId": machine.revision,
    }


def page_of(member: str, entries: list[dict[str, Any]], size: int, token: str | None) -> dict[str, Any]:
    """One page of a list; the token is the position of the next."""
    if not 1 <= size <= 1000:
        raise api_error("ValidationException", "maxResults must be from 1 to 1000")
    if token is not None and not token.isdigit():
        raise api_error("InvalidToken", f"Invalid Token: '{token}'")
    start = int(token) if token is not None else 0
    page: dict[str, Any] = {member: entries[start : start + size]}
    if start + size < len(entries):
        page["nextToken"] = str(start + size)
    return page


_DATA = frozenset({"input", "output", "parameters", "inputDetails", "outputDetails"})


def without_data(event: dict[str, Any]) -> dict[str, Any]:
    """An event without inputs and outputs."""
    return {
        key: {k: v for k, v in value.items() if k not in _DATA} if isinstance(value, dict) else value
        for key, value in event.items()
    }
