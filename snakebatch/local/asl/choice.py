"""The comparison operators of Choice rules in JSONPath states.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
A comparison of values of another type than the operator's is false; a path that finds nothing fails the
state, except for IsPresent.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from . import jsonpath
from .dataflow import JsonPathFlow
from .errors import PathError

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq, "LessThan": operator.lt, "GreaterThan": operator.gt,
    "LessThanEquals": operator.le, "GreaterThanEquals": operator.ge,
}  # fmt: skip


def timestamp(value: Any) -> datetime | None:
    """An RFC 3339 timestamp with a T and a zone, or None if it is not one."""
    if not isinstance(value, str) or not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value
    ):
        return None
    try:
        return datetime.fromisoformat(
            re.sub(r"\.(\d{1,6})\d*", lambda m: "." + m.group(1).ljust(6, "0"), value)
        )
    except ValueError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _typed(kind: str, value: Any) -> Any:
    """The value as the operator's type, or None."""
    if kind == "String":
        return value if isinstance(value, str) else None
    if kind == "Numeric":
        return value if _is_number(value) else None
    if kind == "Boolean":
        return value if isinstance(value, bool) else None
    return timestamp(value)


TESTS: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": _is_number,
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: timestamp(value) is not None,
}

COMPARISONS: dict[str, tuple[str, str]] = {
    f"{kind}{order}": (kind, order)
    for kind in ("String", "Numeric", "Timestamp", "Boolean")
    for order in _ORDER
    if kind != "Boolean" or order == "Equals"
}

OPERATORS = frozenset(
    {*TESTS, *COMPARISONS, *(f"{name}Path" for name in COMPARISONS), "IsPresent", "StringMatches"}
)  # fmt: skip


def holds(rule: Mapping[str, Any], data: JsonPathFlow) -> bool:
    """Whether a rule matches."""
    if "Not" in rule:
        return not holds(rule["Not"], data)
    if "And" in rule:
        return all(holds(part, data) for part in rule["And"])
    if "Or" in rule:
        return any(holds(part, data) for part in rule["Or"])
    name = next(key for key in rule if key in OPERATORS)
    value = data.find(rule["Variable"])
    if name == "IsPresent":
        return (value is not jsonpath.MISSING) is rule[name]
    if value is jsonpath.MISSING:
        raise PathError(
            f"Invalid path '{rule['Variable']}': "
            "The choice state's condition path references an invalid value."
        )
    if name in TESTS:
        return TESTS[name](value) is rule[name]
    if name == "StringMatches":
        return isinstance(value, str) and _matches(rule[name], value)
    return _compare(name, value, rule[name], data)


def _compare(name: str, value: Any, other: Any, data: JsonPathFlow) -> bool:
    if name.endswith("Path"):
        name = name[:-4]
        path = other
        other = data.find(path)
        if other is jsonpath.MISSING:
            raise PathError(
                f"Invalid path '{path}': The choice state's condition path references an invalid value."
            )
    kind, order = COMPARISONS[name]
    left, right = _typed(kind, value), _typed(kind, other)
    return left is not None and right is not None and _ORDER[order](left, right)


def _matches(pattern: str, value: str) -> bool:
    """StringMatches: `*` stands for anything, a backslash takes the next character as it is."""
    parts = re.findall(r"\\.|\*|[^\\*]+|\\", pattern, re.DOTALL)
    expression = "".join(
        ".*" if part == "*" else re.escape(part[1:] if part[0] == "\\" and len(part) == 2 else part)
        for part in parts
    )
    return re.fullmatch(expression, value, re.DOTALL) is not None
