"""Payload templates of JSONPath states: members whose name ends in `.$` are evaluated.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import intrinsics, jsonpath
from .errors import PathError


class Sources:
    """Where paths lead from: `$` a value, `$$` the context object, `$name` a variable."""

    def __init__(self, value: Any, context: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        self.value = value
        self.context = context
        self.variables = variables

    def find(self, text: str) -> Any:
        """The value of a path, or `jsonpath.MISSING`."""
        path = jsonpath.parse(text)
        if path.root == "$":
            return path.find(self.value)
        if path.root == "$$":
            return path.find(self.context)
        if path.root not in self.variables:
            return jsonpath.MISSING
        return path.find(self.variables[path.root])

    def path(self, text: str, field: str) -> Any:
        """The value of a path that must lead somewhere; `field` names it in the error."""
        found = self.find(text)
        if found is jsonpath.MISSING:
            source = self.context if text.startswith("$$") else self.value
            raise PathError(
                f"The JSONPath '{text}' specified for the field '{field}' could not be found in the input "
                f"'{json.dumps(source, separators=(',', ':'), ensure_ascii=False)}'"
            )
        return found

    def evaluate(self, text: str, field: str) -> Any:
        """The value of a path or of a call of an intrinsic function."""
        if intrinsics.is_intrinsic(text):
            return intrinsics.parse(text)(lambda path: self.path(path, field))
        return self.path(text, field)

    def fill(self, template: Any) -> Any:
        """The template with every `name.$` member evaluated, at any depth."""
        if isinstance(template, dict):
            filled = {}
            for key, value in template.items():
                if key.endswith(".$"):
                    filled[key[:-2]] = self.evaluate(value, key)
                else:
                    filled[key] = self.fill(value)
            return filled
        if isinstance(template, list):
            return [self.fill(item) for item in template]
        return template
