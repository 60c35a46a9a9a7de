"""Machines of one Map, for the conformance tests."""

from __future__ import annotations

from typing import Any

from .asl_world import FunctionError, invoke, jsonata

ECHO = {"f": lambda event: event}
GET = "arn:aws:states:::s3:getObject"
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "bucket", "Prefix": "out"}}


def mapping(mode: str = "DISTRIBUTED", states: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A machine of one Map whose items go through the function f."""
    config: dict[str, Any] = {"Mode": mode}
    if mode == "DISTRIBUTED":
        config["ExecutionType"] = "STANDARD"
    inner = states or {"T": invoke(End=True)}
    processor = {"ProcessorConfig": config, "StartAt": next(iter(inner)), "States": inner}
    return jsonata(S={"Type": "Map", "ItemProcessor": processor, **fields})


def picky(event: Any) -> Any:
    """Fails for odd items."""
    if event % 2:
        raise FunctionError("Odd", f"{event} is odd")
    return event


def reader(kind: str | None, key: str = "items", resource: str = GET, **config: Any) -> dict[str, Any]:
    arguments = {"Bucket": "bucket", "Key": key} if resource == GET else {"Bucket": "bucket", "Prefix": key}
    if kind is not None:
        config["InputType"] = kind
    return {"Resource": resource, "ReaderConfig": config, "Arguments": arguments}
