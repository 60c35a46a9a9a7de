"""From the names a state machine writes to those boto3 takes, and back.

Step Functions writes every structure member in PascalCase, whatever the service's own API does, gives
timestamps as ISO 8601 strings, and names a service's errors after the Java SDK's classes.
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from .naming import iso


def pascal(name: str) -> str:
    """A member's name as Step Functions writes it."""
    return name[:1].upper() + name[1:]


def java_name(service_id: str) -> str:
    """A service's name in the Java SDK's exceptions: DynamoDB is DynamoDb, SQS is Sqs, SFN is Sfn."""
    words = re.findall(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+", service_id)
    return "".join(word[:1].upper() + word[1:].lower() for word in words)


def members(shape: Shape | None) -> dict[str, str]:
    """PascalCase member names of a structure, to the service's own."""
    return {pascal(name): name for name in shape.members} if isinstance(shape, StructureShape) else {}


def to_boto(value: Any, shape: Shape | None) -> Any:
    """Arguments as boto3 takes them, following the shape of the action's input."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        if shape.is_document_type:
            return dict(value)
        known = members(shape)
        named: dict[str, Any] = {known.get(key, str(key)): item for key, item in value.items()}
        return {name: to_boto(item, shape.members.get(name)) for name, item in named.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [to_boto(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: to_boto(item, shape.value) for key, item in value.items()}
    if shape is not None and shape.type_name == "blob":
        return value.encode() if isinstance(value, str) else json.dumps(value, separators=(",", ":")).encode()
    if shape is not None and shape.type_name == "string" and isinstance(value, (dict, list)):
        # An object where the API wants text travels as its JSON.
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return value


def to_task(value: Any, shape: Shape | None) -> Any:
    """A response as the state's result, following the shape of the action's output."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            pascal(key) if key in shape.members else key: to_task(item, shape.members.get(key))
            for key, item in value.items()
            if key != "ResponseMetadata" and item is not None
        }
    if isinstance(value, Mapping):
        inner = shape.value if isinstance(shape, MapShape) else None
        return {key: to_task(item, inner) for key, item in value.items() if key != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        inner = shape.member if isinstance(shape, ListShape) else None
        return [to_task(item, inner) for item in value]
    if isinstance(value, datetime):
        return iso(value) if value.tzinfo else value.isoformat() + "Z"
    if hasattr(value, "read"):
        return value.read().decode("utf-8", "replace")
    if isinstance(value, (bytes, bytearray)):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return value
