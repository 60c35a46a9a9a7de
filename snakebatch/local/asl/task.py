"""Task: call a service within TimeoutSeconds, and wait for a token or an execution if the pattern says so.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

from . import nested
from .dataflow import DataFlow, number
from .errors import RUNTIME, TIMEOUT, StateError
from .integrations import prepare
from .naming import limited, text
from .resources import Resource
from .runtime import Runtime
from .tokens import Token
from .visit import Visit

T = TypeVar("T")


async def perform(visit: Visit, data: DataFlow) -> Any:
    """Carry a Task out once; its result, or StateError."""
    resource = visit.state.resource
    if resource is None:
        raise StateError(RUNTIME, "a Task without a Resource")
    timeout = number(visit, data.field("TimeoutSeconds"), "TimeoutSeconds", least=1)
    heartbeat = number(visit, data.field("HeartbeatSeconds"), "HeartbeatSeconds", least=1)
    # The heartbeat runs from the moment the task is scheduled, whoever sends it.
    token = visit.engine.tokens.issue(heartbeat) if resource.waits_for_token else None
    visit.token = token.text if token else None
    try:
        arguments = data.arguments()
        parameters = limited(arguments, visit.state.name)
        _scheduled(visit, resource, parameters, timeout, heartbeat)
        try:
            result = await within(visit.engine.runtime, timeout, _work(visit, resource, arguments, token))
            output = limited(result, resource.arn if resource.kind == "function" else visit.state.name)
        except StateError as failure:
            _failed(visit, resource, failure)
            raise
        _succeeded(visit, resource, output)
        return result
    finally:
        visit.token = None
        if token is not None:
            visit.engine.tokens.withdraw(token)


async def within(runtime: Runtime, seconds: float | None, work: Awaitable[T]) -> T:
    """Wait for the work, at most that long; States.Timeout otherwise, and the work is dropped."""
    if seconds is None:
        return await work
    job = asyncio.ensure_future(work)
    timed_out = False

    def strike() -> None:
        nonlocal timed_out
        timed_out = not job.done()
        job.cancel()

    timer = runtime.after(seconds, strike)
    try:
        return await job
    except asyncio.CancelledError:
        if timed_out and job.cancelled():
            # The service gives no cause with a time-out.
            raise StateError(TIMEOUT) from None
        job.cancel()
        raise
    finally:
        timer.cancel()


async def _work(visit: Visit, resource: Resource, arguments: Any, token: Token | None) -> Any:
    if resource.kind == "states":
        return await nested.start(visit, resource, arguments, token, _submitted)
    call = visit.engine.runtime.in_thread(prepare(resource, arguments, visit.engine.client))
    if token is None:
        return await call
    await asyncio.wait({call, token.answer}, return_when=asyncio.FIRST_COMPLETED)
    if call.done():
        _submitted(visit, resource, call.result())
    # An answer may come before the call that handed the token out returns: how that call ends no longer
    # matters.
    call.cancel()
    return await token.answer


def _named(resource: Resource) -> dict[str, Any]:
    return {"resourceType": resource.resource_type, "resource": resource.resource}


def _scheduled(
    visit: Visit, resource: Resource, parameters: str, timeout: float | None, heartbeat: float | None
) -> None:
    limits: dict[str, Any] = {}
    if timeout is not None:
        limits["timeoutInSeconds"] = int(timeout)
    if resource.kind == "function":
        visit.flow.event(
            "LambdaFunctionScheduled",
            {"resource": resource.arn, "input": parameters, "inputDetails": {"truncated": False}, **limits},
        )
        visit.flow.event("LambdaFunctionStarted")
        return
    if heartbeat is not None:
        limits["heartbeatInSeconds"] = int(heartbeat)
    region = visit.engine.names.region
    visit.flow.event(
        "TaskScheduled", {**_named(resource), "region": region, "parameters": parameters, **limits}
    )
    visit.flow.event("TaskStarted", _named(resource))


def _submitted(visit: Visit, resource: Resource, response: Mapping[str, Any]) -> None:
    visit.flow.event(
        "TaskSubmitted", {**_named(resource), "output": text(response), "outputDetails": {"truncated": False}}
    )


def _succeeded(visit: Visit, resource: Resource, output: str) -> None:
    details = {"output": output, "outputDetails": {"truncated": False}}
    if resource.kind == "function":
        visit.flow.event("LambdaFunctionSucceeded", details)
    else:
        visit.flow.event("TaskSucceeded", {**_named(resource), **details})


def _failed(visit: Visit, resource: Resource, failure: StateError) -> None:
    kind = "TimedOut" if failure.error == TIMEOUT else "Failed"
    details = {"error": failure.error}
    if failure.cause is not None:
        details["cause"] = failure.cause
    if resource.kind == "function":
        visit.flow.event(f"LambdaFunction{kind}", details)
    else:
        visit.flow.event(f"Task{kind}", {**_named(resource), **details})
