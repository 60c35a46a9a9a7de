"""Map in Inline mode: iterations inside the same execution, in its own history.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .dataflow import DataFlow, JsonPathFlow, number
from .errors import RUNTIME, EvaluationError, StateError
from .naming import limited, text
from .states import together
from .visit import Flow, Visit

CONCURRENCY = 40
"""How many iterations run at once where MaxConcurrency is 0 or larger."""


def items_of(visit: Visit, data: DataFlow) -> list[Any]:
    """The array of a Map without ItemReader: Items, ItemsPath, or the input itself."""
    raw = visit.state.raw
    if visit.state.jsonata:
        items = data.field("Items") if "Items" in raw else visit.input
    elif isinstance(data, JsonPathFlow):
        items = data.field("Items") if "ItemsPath" in raw else data.selected()
    if not isinstance(items, list):
        cause = f"The items of a Map must be an array, not {text(items)[:200]}"
        raise EvaluationError(cause, "Items") if visit.state.jsonata else StateError(RUNTIME, cause)
    return items


def select(
    visit: Visit, data: DataFlow, index: int, item: Any, source: Mapping[str, Any] | None = None
) -> Any:
    """An iteration's input: ItemSelector (formerly Parameters) filled for the item, or the item."""
    raw = visit.state.raw
    map_item = {"Index": index, "Value": item, **(source or {})}
    if "ItemSelector" in raw:
        return data.fill("ItemSelector", raw["ItemSelector"], map_item)
    if "Parameters" in raw:
        return data.fill("Parameters", raw["Parameters"], map_item)
    return item


async def perform(visit: Visit, data: DataFlow, run: Callable[..., Awaitable[Any]]) -> Any:
    """Run every iteration; the list of their outputs."""
    items = items_of(visit, data)
    wanted = int(number(visit, data.field("MaxConcurrency"), "MaxConcurrency") or 0)
    visit.flow.event("MapStateStarted", {"length": len(items)})
    started = visit.flow.previous
    flows: list[Flow] = []

    def iteration(index: int, item: Any) -> Callable[[], Awaitable[Any]]:
        flow = visit.flow.branch({"Index": index, "Value": item})
        flow.previous = started
        flows.append(flow)
        return lambda: _iterate(visit, data, run, flow, index, item)

    jobs = [iteration(index, item) for index, item in enumerate(items)]
    try:
        results = await together(visit.engine.runtime, jobs, min(wanted or CONCURRENCY, CONCURRENCY))
    except StateError:
        visit.flow.previous = max(flow.previous for flow in flows)
        visit.flow.event("MapStateFailed")
        raise
    visit.flow.previous = max((flow.previous for flow in flows), default=started)
    visit.flow.event("MapStateSucceeded")
    return results


async def _iterate(
    visit: Visit, data: DataFlow, run: Callable[..., Awaitable[Any]], flow: Flow, index: int, item: Any
) -> Any:
    details = {"name": visit.state.name, "index": index}
    flow.event("MapIterationStarted", details)
    try:
        given = select(visit, data, index, item)
        limited(given, visit.state.name)
        output = await run(visit.state.inner[0], given, flow)
    except StateError:
        flow.event("MapIterationFailed", details)
        raise
    except asyncio.CancelledError:
        flow.event("MapIterationAborted", details)
        raise
    flow.event("MapIterationSucceeded", details)
    return output
