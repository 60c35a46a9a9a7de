"""Workflows that start workflows: `states:startExecution`, alone, `.sync`, `.sync:2` and with a task token.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .errors import RUNTIME, TASK_FAILED, StateError
from .naming import iso, text
from .resources import Resource

if TYPE_CHECKING:
    from .execution import Execution
    from .tokens import Token
    from .visit import Visit

Submitted = Callable[["Visit", Resource, Mapping[str, Any]], None]


async def start(
    visit: Visit, resource: Resource, arguments: Any, token: Token | None, submitted: Submitted
) -> Any:
    """Start the execution the arguments name, and wait for what the pattern waits for."""
    if not isinstance(arguments, Mapping) or not isinstance(arguments.get("StateMachineArn"), str):
        raise StateError(RUNTIME, "states:startExecution needs a StateMachineArn")
    name = arguments.get("Name")
    given = arguments.get("Input", {})
    try:
        child = visit.engine.start(
            arguments["StateMachineArn"],
            None if name is None else str(name),
            given if isinstance(given, str) else text(given),
        )
    except ClientError as problem:
        error = problem.response.get("Error", {})
        raise StateError(
            f"StepFunctions.{error.get('Code')}Exception", str(error.get("Message"))
        ) from problem
    started = {"ExecutionArn": child.arn, "StartDate": iso(child.started)}
    if not resource.pattern:
        return started
    submitted(visit, resource, started)
    if token is not None:
        return await token.answer
    return await _ended(child, resource)


async def _ended(child: Execution, resource: Resource) -> Any:
    try:
        await asyncio.shield(child.ended)
    except asyncio.CancelledError:
        # A task that ran a job stops it when it is stopped itself.
        child.end("ABORTED", None, None)
        raise
    described = child.describe()
    report = {key[:1].upper() + key[1:]: value for key, value in described.items()}
    for key in ("StartDate", "StopDate"):
        report[key] = int(report[key].timestamp() * 1000)
    if child.status != "SUCCEEDED":
        raise StateError(TASK_FAILED, text(report))
    if resource.pattern == "sync:2":
        report["Output"] = json.loads(child.output or "null")
    return report
