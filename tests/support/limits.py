"""Defaults and limits of a model's fields, in words, as tables in the documentation have them."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from snakebatch.engine.settings import PROFILES

_OWN = {"oppose_profile": ", ".join(f"`{name}`" for name in PROFILES)}
"""Fields whose limits a validator keeps, which a schema does not show."""


def rows(model: type[BaseModel]) -> dict[str, tuple[str, str]]:
    """Each field's default and limits."""
    schema = model.model_json_schema()
    required = set(schema.get("required", []))
    return {
        name: (
            "required" if name in required else f"`{json.dumps(field.get('default'))}`",
            _OWN.get(name) or limits(field),
        )
        for name, field in schema["properties"].items()
    }


def limits(field: dict[str, Any]) -> str:
    """What a field takes, from its JSON schema."""
    if "anyOf" in field:
        return " or ".join(limits(choice) for choice in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "pattern" in field:
        return f"`{field['pattern']}`"
    if field["type"] in ("integer", "number"):
        return _range(field)
    return {"string": "text", "boolean": "`true`, `false`", "null": "`null`"}[field["type"]]


def _range(field: dict[str, Any]) -> str:
    kind = "whole number" if field["type"] == "integer" else "number"
    ends = [
        ("minimum", "from {:,}"),
        ("exclusiveMinimum", "above {:,}"),
        ("maximum", "to {:,}"),
        ("exclusiveMaximum", "below {:,}"),
    ]
    return " ".join([kind, *(text.format(field[key]) for key, text in ends if key in field)])
