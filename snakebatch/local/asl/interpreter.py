"""From state to state: enter, work with Retry and Catch, leave."""

from __future__ import annotations

from typing import Any

from . import map_inline, states, task
from .dataflow import DataFlow, JsonPathFlow, dataflow
from .errors import EvaluationError, StateError
from .machine import Graph
from .map_distributed import perform as distribute
from .naming import limited
from .retry import Retries, catcher_of
from .visit import Flow, Visit


async def run(graph: Graph, value: Any, flow: Flow) -> Any:
    """Run a graph from its start to its end; the output, or the StateError that nothing caught."""
    name: str | None = graph.start_at
    while name is not None:
        visit = Visit(graph.states[name], value, flow)
        visit.enter()
        value, name = await _visit(visit)
    return value


async def _visit(visit: Visit) -> tuple[Any, str | None]:
    """One state: its output and the next state's name, None at the end."""
    retries = Retries(visit.state.raw.get("Retry", ()), visit.engine.draws)
    while True:
        try:
            output, assigned, following = await _attempt(visit)
            return _leave(visit, output, assigned, following)
        except StateError as problem:
            failure = visit.explain(problem)
            delay = retries.delay(failure)
            if delay is None:
                return _caught(visit, failure)
        await visit.engine.runtime.sleep(delay)
        visit.retry_count += 1


def _leave(
    visit: Visit, output: Any, assigned: dict[str, Any], following: str | None
) -> tuple[Any, str | None]:
    content = limited(output, visit.state.name)
    if assigned:
        limited(list(assigned.values()), visit.state.name)  # one Assign holds 256 KiB (workflow-variables)
    visit.leave(content, assigned)
    return output, following


async def _attempt(visit: Visit) -> tuple[Any, dict[str, Any], str | None]:
    """Do a state's work once: output, assignments, next state."""
    data = dataflow(visit)
    kind = visit.state.type
    if kind == "Choice":
        return states.choose(visit, data)
    if kind == "Fail":
        raise states.failure_of(data)
    result = await _work(visit, data, kind)
    if kind in ("Map", "Parallel"):
        limited(result, visit.state.name)  # all results together, whatever Output makes of them
    if kind in ("Wait", "Succeed") and isinstance(data, JsonPathFlow):
        assigned = data.conclude(result)[1] if "Assign" in visit.state.raw else {}
        return data.filtered(result), assigned, visit.state.raw.get("Next")
    return (*data.conclude(result), visit.state.raw.get("Next"))


async def _work(visit: Visit, data: DataFlow, kind: str) -> Any:
    if kind == "Task":
        return await task.perform(visit, data)
    if kind == "Map":
        processor = visit.state.inner[0].raw.get("ProcessorConfig", {})
        if processor.get("Mode") == "DISTRIBUTED":
            return await distribute(visit, data)
        return await map_inline.perform(visit, data, run)
    if kind == "Parallel":
        return await states.parallel(visit, data, run)
    if kind == "Wait":
        return await states.wait(visit, data)
    if kind == "Pass":
        return states.pass_result(visit, data)
    return data.arguments() if isinstance(data, JsonPathFlow) else visit.input


def _caught(visit: Visit, failure: StateError) -> tuple[Any, str | None]:
    """Hand the failure to the Catch that takes it, or raise it."""
    catchers = visit.state.raw.get("Catch", ())
    position = catcher_of(catchers, failure)
    if position is None:
        raise failure
    try:
        output, assigned = dataflow(visit).caught(catchers[position], f"Catch[{position}]", failure)
        return _leave(visit, output, assigned, catchers[position]["Next"])
    except EvaluationError as problem:
        raise visit.explain(problem) from problem
