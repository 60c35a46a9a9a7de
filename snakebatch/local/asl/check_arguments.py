"""Checks of a Task's arguments against botocore's model of the action: names at any depth, what is required.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from .checks import Check
from .resources import Resource, operation_model
from .shapes import pascal

_OWN_NAMES = {"states": ("StateMachineArn", "Name", "Input")}
"""Integrations that offer less than their action takes."""


def arguments(check: Check, resource: Resource, given: Any, path: str) -> None:
    """`given` is what stands in Arguments or Parameters, None if neither is there; `path` is the field's."""
    if resource.kind == "function" or not isinstance(given, (dict, type(None))):
        return
    shape = operation_model(resource).input_shape
    if not isinstance(shape, StructureShape):
        shape = None
    members = {pascal(name): member for name, member in shape.members.items()} if shape is not None else {}
    known = _OWN_NAMES.get(resource.kind, members)
    where = f"{resource.operation} of {resource.service}"
    _names(check, given or {}, known, where, path)
    for name in _required(shape):
        _present(check, given or {}, name, path)
    for name, value in (given or {}).items():
        _value(check, value, members.get(name), where, f"{path}.{name}")


def _value(check: Check, value: Any, shape: Shape | None, where: str, path: str) -> None:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        if shape.is_document_type:
            return
        members = {pascal(name): member for name, member in shape.members.items()}
        _names(check, value, members, where, path)
        for name in _required(shape):
            _present(check, value, name, path)
        for name, item in value.items():
            _value(check, item, members.get(name), where, f"{path}.{name}")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for i, item in enumerate(value):
            _value(check, item, shape.member, where, f"{path}[{i}]")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for name, item in value.items():
            _value(check, item, shape.value, where, f"{path}.{name}")


def _names(check: Check, given: Mapping[str, Any], known: Collection[str], where: str, path: str) -> None:
    for name in given:
        plain = name.removesuffix(".$")
        if plain not in known:
            check.add(f"{path}.{name}", f"{where} has no parameter '{plain}'")


def _required(shape: StructureShape | None) -> list[str]:
    """What must be given; the SDK makes tokens of idempotency up by itself."""
    if shape is None:
        return []
    return [
        pascal(name)
        for name in shape.required_members
        if not shape.members[name].metadata.get("idempotencyToken")
    ]


def _present(check: Check, given: Mapping[str, Any], name: str, path: str) -> None:
    if name not in given and f"{name}.$" not in given:
        check.add(f"{path}.{name}", "is missing")
