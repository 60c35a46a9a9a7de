"""The states that call nothing: Pass, Wait, Choice, Succeed, Fail; and Parallel.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from .choice import holds, timestamp
from .dataflow import DataFlow, JsonataFlow, JsonPathFlow, number
from .errors import NO_CHOICE_MATCHED, QUERY_EVALUATION, RUNTIME, StateError
from .naming import limited
from .runtime import Runtime
from .visit import Flow, Visit

T = TypeVar("T")


def pass_result(visit: Visit, data: DataFlow) -> Any:
    """Pass: its Result, or its input."""
    arguments = data.arguments()
    return visit.state.raw.get("Result", arguments)


async def wait(visit: Visit, data: DataFlow) -> Any:
    """Wait: for Seconds, or until Timestamp."""
    raw = visit.state.raw
    seconds = None
    if "Seconds" in raw or "SecondsPath" in raw:
        seconds = number(visit, data.field("Seconds"), "Seconds")
    else:
        value = data.field("Timestamp")
        until = timestamp(value)
        if until is None:
            error = QUERY_EVALUATION if visit.state.jsonata else RUNTIME
            raise StateError(error, f"The Timestamp '{value}' is no ISO 8601 timestamp with a zone.")
        seconds = until.timestamp() - visit.engine.runtime.now()
    await visit.engine.runtime.sleep(seconds or 0)
    return data.selected() if isinstance(data, JsonPathFlow) else visit.input


def choose(visit: Visit, data: DataFlow) -> tuple[Any, dict[str, Any], str]:
    """Choice: output, assignments and next state of the first rule that matches, or of the default."""
    raw = visit.state.raw
    for i, rule in enumerate(raw["Choices"]):
        if isinstance(data, JsonataFlow):
            if data.condition(rule["Condition"], f"Choices[{i}]/Condition"):
                return (*data.chosen(rule, f"Choices[{i}]/"), rule["Next"])
        elif isinstance(data, JsonPathFlow) and holds(rule, data):
            return (*data.chosen(rule, f"Choices[{i}]/"), rule["Next"])
    if "Default" not in raw:
        raise StateError(NO_CHOICE_MATCHED, "No choice rule matched, and there is no Default.")
    if isinstance(data, (JsonataFlow, JsonPathFlow)):
        return (*data.chosen(raw, ""), raw["Default"])
    raise TypeError(type(data))


def failure_of(data: DataFlow) -> StateError:
    """Fail: the error and cause it declares."""
    error, cause = data.field("Error"), data.field("Cause")
    return StateError("" if error is None else str(error), None if cause is None else str(cause))


async def together(runtime: Runtime, jobs: Sequence[Callable[[], Awaitable[T]]], limit: int) -> list[T]:
    """Do all jobs, at most `limit` at once, in order; the first failure stops the rest and is raised."""
    results: dict[int, T] = {}
    waiting = iter(enumerate(jobs))

    async def worker() -> None:
        for i, job in waiting:
            results[i] = await job()

    workers = [runtime.spawn(worker()) for _ in range(min(limit, len(jobs)))]
    try:
        await asyncio.gather(*workers)
    except BaseException:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        raise
    return [results[i] for i in range(len(jobs))]


async def parallel(visit: Visit, data: DataFlow, run: Callable[..., Awaitable[Any]]) -> Any:
    """Parallel: every branch on the same input; the list of their outputs."""
    arguments = data.arguments()
    limited(arguments, visit.state.name)
    visit.flow.event("ParallelStateStarted")
    flows: list[Flow] = []

    def branch(graph: Any) -> Callable[[], Awaitable[Any]]:
        flow = visit.flow.branch()
        flows.append(flow)
        return lambda: run(graph, arguments, flow)

    branches = [branch(graph) for graph in visit.state.inner]
    try:
        results = await together(visit.engine.runtime, branches, len(branches))
    except StateError:
        visit.flow.event("ParallelStateFailed")
        raise
    visit.flow.previous = max(flow.previous for flow in flows)
    visit.flow.event("ParallelStateSucceeded")
    return results
