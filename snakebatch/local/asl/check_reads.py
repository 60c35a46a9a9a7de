"""Checks of what JSONata expressions read: parts of `$states`, variables, the task token.

A part of `$states` that is not there in a field is refused when a definition is created. The rest the service
accepts, though no run could go well: that is `review`'s.
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html ("reserved variable $states")
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .checks import INNER_GRAPHS, Check
from .jsonata import ExpressionSyntaxError, is_expression
from .jsonata_reads import Reads, reads

_EVERYWHERE = frozenset({"input", "context"})
_WITH_RESULT = frozenset({"Task", "Parallel", "Map"})
_NOT_RENDERED = INNER_GRAPHS | {"Comment", "Next", "Type", "Default", "Resource"}


def states_reads(check: Check, state: dict[str, Any], path: str) -> None:
    """Whether each part of `$states` is there in the field that reads it."""
    for where, field, read in expressions(state, path):
        known = set(_EVERYWHERE)
        if field == "Catch":
            known.add("errorOutput")
        elif field in ("Output", "Assign") and state.get("Type") in _WITH_RESULT:
            known.add("result")
        for names in sorted(read):
            if names[0] == "states" and len(names) > 1 and names[1] not in known:
                there = ", ".join(f"$states.{name}" for name in sorted(known))
                check.add(where, f"$states.{names[1]} is not there in this field; there are {there}")


def expressions(state: dict[str, Any], path: str) -> Iterator[tuple[str, str, Reads]]:
    """Every expression of a state but those of inner graphs: its JSON path, its field, what it reads.

    One that does not parse is left to the check of its syntax.
    """
    for field, value in state.items():
        if field not in _NOT_RENDERED:
            for where, text in _texts(value, f"{path}.{field}"):
                try:
                    yield where, field, reads(text)
                except ExpressionSyntaxError:
                    continue


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if is_expression(value):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _texts(item, f"{path}[{i}]")
