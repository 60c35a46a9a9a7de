"""Findings about a definition, and checks for any state: fields, numbers, expressions and paths."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from . import intrinsics, jsonata, jsonpath
from .machine import JSONATA


class Check:
    """Collects findings as (JSON path, message)."""

    def __init__(self) -> None:
        self.findings: list[tuple[str, str]] = []

    def add(self, path: str, message: str) -> None:
        """One more finding."""
        self.findings.append((path, message))

    def fields(self, value: Any, allowed: Collection[str], path: str) -> bool:
        """The value is an object and has no field beside those; whether it is an object."""
        if not isinstance(value, dict):
            self.add(path, "must be an object")
            return False
        for name in value:
            if name not in allowed:
                self.add(f"{path}.{name}", f"{name} is not known here, or not implemented by this executor")
        return True

    def number(
        self, source: dict[str, Any], name: str, path: str, *, least: float = 0, most: float = 99_999_999,
        whole: bool = True, expression: bool = False,
    ) -> None:  # fmt: skip
        """A field that, if it is there, is a number in a range; or an expression where one may be."""
        value = source.get(name)
        if name not in source or (expression and jsonata.is_expression(value)):
            return
        kinds = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
            kind = "a whole number" if whole else "a number"
            self.add(f"{path}.{name}", f"must be {kind} from {least:g} to {most:g}, not {value!r}")

    def text(self, text: Any, path: str) -> None:
        """A JSONPath or an intrinsic function."""
        if not isinstance(text, str):
            self.add(path, "must be a JSONPath or an intrinsic function")
            return
        try:
            if intrinsics.is_intrinsic(text):
                intrinsics.parse(text)
            else:
                jsonpath.parse(text)
        except (intrinsics.IntrinsicSyntaxError, jsonpath.JsonPathSyntaxError) as problem:
            self.add(path, str(problem))

    def reference(self, text: Any, path: str) -> None:
        """A reference path: it leads to one place in `$`."""
        try:
            parsed = jsonpath.parse(text) if isinstance(text, str) else None
        except jsonpath.JsonPathSyntaxError as problem:
            self.add(path, str(problem))
            return
        if parsed is None or not parsed.definite or parsed.root != "$":
            self.add(path, f"must be a reference path, such as $.a.b, not {text!r}")


INNER_GRAPHS = frozenset({"ItemProcessor", "Iterator", "Branches"})
_PATH_FIELDS = frozenset({"InputPath", "OutputPath"})
_REFERENCE_FIELDS = frozenset({"ResultPath"})


def check_expressions(check: Check, state: dict[str, Any], language: str, path: str) -> None:
    """Every expression, path and payload template of a state parses; not those of inner graphs."""
    for name, value in state.items():
        where = f"{path}.{name}"
        if name in INNER_GRAPHS or name in ("Comment", "Next", "Type"):
            continue
        if language == JSONATA:
            _jsonata(check, value, where)
        elif name in _REFERENCE_FIELDS and value is not None:
            check.reference(value, where)
        elif (name in _PATH_FIELDS and value is not None) or (
            name.endswith("Path") and name not in _PATH_FIELDS | _REFERENCE_FIELDS
        ):
            check.text(value, where)
        elif name not in ("Result", "Choices", "Catch", "Retry"):
            _template(check, value, where)
    if "Assign" in state:
        assignments(check, state["Assign"], f"{path}.Assign")


def _jsonata(check: Check, value: Any, path: str) -> None:
    if isinstance(value, str):
        if value.startswith("{%") != value.endswith("%}"):
            check.add(path, "a JSONata expression must start with '{%' and end with '%}'")
        elif jsonata.is_expression(value):
            try:
                jsonata.parse(value)
            except jsonata.ExpressionSyntaxError as problem:
                check.add(path, str(problem))
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.endswith(".$"):
                check.add(
                    f"{path}.{key}", "a name that ends in '.$' belongs to JSONPath, and this state is JSONata"
                )
            _jsonata(check, item, f"{path}.{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _jsonata(check, item, f"{path}[{i}]")


def _template(check: Check, value: Any, path: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if key.endswith(".$") or (
                key.endswith("Path") and isinstance(item, str) and item.startswith("$")
            ):
                check.text(item, f"{path}.{key}")
            else:
                _template(check, item, f"{path}.{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _template(check, item, f"{path}[{i}]")


def assignments(check: Check, value: Any, path: str) -> None:
    """Assign: an object of variables; `states` is reserved."""
    if not isinstance(value, dict):
        check.add(path, "must be an object of variable names and values")
        return
    for name in value:
        plain = name.removesuffix(".$")
        if not plain.isidentifier() or len(plain) > 80 or plain == "states":
            check.add(f"{path}.{name}", f"'{plain}' can't be a variable's name")
