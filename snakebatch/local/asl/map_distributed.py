"""Map in Distributed mode: items from S3 or the input, child executions, results to S3 or the output.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from . import batches, item_reader, result_writer
from .dataflow import DataFlow, number
from .errors import EvaluationError, StateError
from .machine import Graph, Machine
from .map_inline import items_of, select
from .map_run import ChildInput, Limits, MapRun
from .naming import label_of
from .visit import Visit


async def perform(visit: Visit, data: DataFlow) -> Any:
    """Run a child execution for every item or batch; the state's result."""
    try:
        inputs = await _inputs(visit, data)
        limits = _limits(visit, data)
        writer = result_writer.destination(visit, data)
        visit.flow.event("MapStateStarted", {"length": sum(given.items for given in inputs)})
        map_run = _create(visit, inputs, limits)
    except StateError as failure:
        if not isinstance(failure, EvaluationError):
            visit.flow.event("MapStateFailed")
        raise
    try:
        result = await _conduct(visit, map_run, writer)
    except asyncio.CancelledError:
        map_run.abort()
        raise
    except StateError as failure:
        map_run.finish("FAILED")
        visit.flow.event("MapRunFailed", {"error": failure.error, "cause": failure.cause or ""})
        visit.flow.event("MapStateFailed")
        raise
    map_run.finish("SUCCEEDED")
    visit.flow.event("MapRunSucceeded")
    visit.flow.event("MapStateSucceeded")
    return result


async def _conduct(visit: Visit, map_run: MapRun, writer: result_writer.Destination) -> Any:
    """Run the children; results are written out for a run that exceeds its tolerance, too."""
    try:
        await map_run.run()
    except StateError:
        if writer.bucket is not None:
            await result_writer.write(visit, map_run, writer)
        raise
    return await result_writer.write(visit, map_run, writer)


async def _inputs(visit: Visit, data: DataFlow) -> list[ChildInput]:
    raw = visit.state.raw
    items: list[Any]
    source: Mapping[str, Any] = {}
    if "ItemReader" in raw:
        items, source = await item_reader.read(visit, data, raw["ItemReader"])
    else:
        items = items_of(visit, data)
    selected = items
    if "ItemSelector" in raw or "Parameters" in raw:
        selected = [select(visit, data, index, item, source) for index, item in enumerate(items)]
    return batches.child_inputs(visit, data, selected)


def _limits(visit: Visit, data: DataFlow) -> Limits:
    concurrency = number(visit, data.field("MaxConcurrency"), "MaxConcurrency")
    name = "ToleratedFailurePercentage"
    percentage = number(visit, data.field(name), name, most=100, whole=False)
    count = number(visit, data.field("ToleratedFailureCount"), "ToleratedFailureCount")
    return Limits(int(concurrency or 0), percentage, None if count is None else int(count))


def _create(visit: Visit, inputs: list[ChildInput], limits: Limits) -> MapRun:
    engine, parent = visit.engine, visit.flow.execution
    graph = visit.state.inner[0]
    label = visit.state.raw.get("Label") or label_of(visit.state.name)
    arn = engine.names.map_run(
        parent.machine.name, label, str(uuid.UUID(int=engine.draws.getrandbits(128), version=4))
    )
    map_run = MapRun(engine, arn, parent, _child_machine(visit, graph, label), inputs, limits)
    engine.map_runs[arn] = map_run
    parent.map_runs.append(map_run)
    visit.flow.event("MapRunStarted", {"mapRunArn": arn})
    return map_run


def _child_machine(visit: Visit, graph: Graph, label: str) -> Machine:
    """What the children are executions of: `machine/label`, with a graph of its own."""
    machine = visit.flow.execution.machine
    return Machine(
        arn=f"{machine.arn}/{label}",
        name=f"{machine.name}/{label}",
        type=graph.raw["ProcessorConfig"].get("ExecutionType", "STANDARD"),
        role_arn=machine.role_arn,
        definition=machine.definition,
        graph=graph,
        created=machine.created,
        revision=machine.revision,
        label=label,
    )
