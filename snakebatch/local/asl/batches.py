"""ItemBatcher: items put together into the inputs of child executions.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
"""

from __future__ import annotations

from typing import Any

from .dataflow import DataFlow
from .errors import DATA_LIMIT, RUNTIME, StateError
from .map_run import ChildInput
from .naming import PAYLOAD_LIMIT, limited, text
from .visit import Visit


def child_inputs(visit: Visit, data: DataFlow, items: list[Any]) -> list[ChildInput]:
    """The inputs of the children: an item each, or batches `{"BatchInput", "Items"}`."""
    batcher = visit.state.raw.get("ItemBatcher")
    if batcher is None:
        return [ChildInput(limited(item, visit.state.name), 1) for item in items]
    most = _limit(visit, data, batcher, "MaxItemsPerBatch")
    heaviest = min(_limit(visit, data, batcher, "MaxInputBytesPerBatch") or PAYLOAD_LIMIT, PAYLOAD_LIMIT)
    shared = {}
    if "BatchInput" in batcher:
        shared = {"BatchInput": data.fill("ItemBatcher/BatchInput", batcher["BatchInput"])}
    frame = len(text({**shared, "Items": []}).encode())
    inputs = []
    for batch in _batches([(item, len(text(item).encode())) for item in items], most, heaviest - frame):
        content = text({**shared, "Items": batch})
        if len(content.encode()) > heaviest:
            raise StateError(
                DATA_LIMIT,
                f"A batch of one item has {len(content.encode())} bytes, more than the limit of {heaviest}",
            )
        inputs.append(ChildInput(content, len(batch)))
    return inputs


def _batches(items: list[tuple[Any, int]], most: int | None, room: int) -> list[list[Any]]:
    """Items in order, a new batch where the next one would not fit; one item is a batch even if too heavy."""
    batches: list[list[Any]] = []
    used = 0
    for item, size in items:
        current = batches[-1] if batches else None
        if current is None or (most is not None and len(current) >= most) or used + size + 1 > room:
            batches.append([item])
            used = size
        else:
            current.append(item)
            used += size + 1
    return batches


def _limit(visit: Visit, data: DataFlow, batcher: dict[str, Any], name: str) -> int | None:
    if f"{name}Path" in batcher:
        value = data.fill(name, {f"{name}.$": batcher[f"{name}Path"]})[name]
    else:
        value = data.fill(f"ItemBatcher/{name}", batcher.get(name))
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 1:
        raise StateError(RUNTIME, f"{name} must be a positive number, not {value!r}")
    return int(value)
