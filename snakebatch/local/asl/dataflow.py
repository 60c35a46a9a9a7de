"""What goes into a state and what comes out, in the two query languages behind one interface.

JSONata: `Arguments`, `Output`, `Assign` (transforming-data). JSONPath: `InputPath`, `Parameters`,
`ResultSelector`, `ResultPath`, `OutputPath`, `Assign` (concepts-input-output-filtering). All assignments of
a state are evaluated on the variables as they were when it started, and take effect when it is left.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Protocol

from jsonata import Jsonata

from . import jsonata, jsonpath
from .errors import RESULT_PATH_MATCH, RUNTIME, EvaluationError, StateError
from .naming import iso, moment
from .template import Sources
from .visit import Visit

UNSET = object()


class DataFlow(Protocol):
    """The inputs and outputs of one visit."""

    def arguments(self) -> Any:
        """What the state works on."""
        ...

    def field(self, name: str) -> Any:
        """A field that is a constant, an expression, or stands as `<name>Path`; None if absent."""
        ...

    def conclude(self, result: Any) -> tuple[Any, dict[str, Any]]:
        """Output and assignments of a state whose work gave `result`."""
        ...

    def caught(
        self, catcher: Mapping[str, Any], where: str, failure: StateError
    ) -> tuple[Any, dict[str, Any]]:
        """Output and assignments where a Catch takes the failure."""
        ...

    def fill(self, name: str, template: Any, map_item: Mapping[str, Any] | None = None) -> Any:
        """A template inside the state, such as ItemSelector, filled."""
        ...


def dataflow(visit: Visit) -> DataFlow:
    """The data flow of the visit's query language."""
    return JsonataFlow(visit) if visit.state.jsonata else JsonPathFlow(visit)


class JsonataFlow:
    """Arguments, Output and Assign with `$states`."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._raw = visit.state.raw
        self._context: dict[str, Any] | None = None
        self._variables = {name: jsonata.bindable(value) for name, value in visit.flow.scope.all().items()}

    def _bindings(self, result: Any = UNSET, error: Any = UNSET, map_item: Any = None) -> dict[str, Any]:
        context = self._visit.context()
        if map_item is not None:
            context["Map"] = {"Item": dict(map_item)}
        states: dict[str, Any] = {"input": self._visit.input, "context": context}
        if result is not UNSET:
            states["result"] = result
        if error is not UNSET:
            states["errorOutput"] = error
        now = self._visit.engine.runtime.now()
        return {
            **self._variables,
            "states": states,
            "now": _function(lambda *picture: _now(now, *picture)),
            "millis": _function(lambda: int(now * 1000)),
        }

    def _render(self, template: Any, location: str, bindings: Mapping[str, Any]) -> Any:
        return jsonata.render(template, lambda text, where: jsonata.evaluate(text, bindings, where), location)

    def arguments(self) -> Any:
        if "Arguments" not in self._raw:
            return self._visit.input
        return self._render(self._raw["Arguments"], "Arguments", self._bindings())

    def field(self, name: str) -> Any:
        value = self._raw.get(name)
        if isinstance(value, (str, dict, list)):
            return self._render(value, name, self._bindings())
        return value

    def fill(self, name: str, template: Any, map_item: Mapping[str, Any] | None = None) -> Any:
        return self._render(template, name, self._bindings(map_item=map_item))

    def condition(self, text: str, location: str) -> bool:
        """A Choice rule's Condition: an expression that must give a boolean."""
        if not jsonata.is_expression(text):
            raise EvaluationError(f"The Condition '{text}' is no JSONata expression.", location)
        value = jsonata.evaluate(text, self._bindings(), location)
        if not isinstance(value, bool):
            raise EvaluationError(
                f"The JSONata expression '{text[2:-2].strip()}' specified for the field '{location}' "
                "must evaluate to a boolean.",
                location,
            )
        return value

    def outcome(
        self, source: Mapping[str, Any], where: str, default: Any, bindings: Mapping[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """Output and Assign of the state, a Choice rule or a Catch; `where` is the location before them."""
        assigned = self._render(source.get("Assign", {}), f"{where}Assign", bindings)
        output = self._render(source["Output"], f"{where}Output", bindings) if "Output" in source else default
        return output, assigned

    def conclude(self, result: Any) -> tuple[Any, dict[str, Any]]:
        return self.outcome(self._raw, "", result, self._bindings(result=result))

    def chosen(self, rule: Mapping[str, Any], where: str) -> tuple[Any, dict[str, Any]]:
        """Output and assignments of a Choice rule, or of the state for its default."""
        return self.outcome(rule, where, self._visit.input, self._bindings())

    def caught(
        self, catcher: Mapping[str, Any], where: str, failure: StateError
    ) -> tuple[Any, dict[str, Any]]:
        error = failure.output()
        return self.outcome(catcher, f"{where}/", error, self._bindings(error=error))


def _function(body: Any) -> Any:
    return Jsonata.JLambda(body)


def _now(now: float, picture: Any = None, timezone: Any = None) -> str:
    if picture is None:
        return iso(moment(now))
    formatter = Jsonata("$fromMillis($m, $p, $z)" if timezone is not None else "$fromMillis($m, $p)")
    return str(formatter.evaluate(None, {"m": int(now * 1000), "p": picture, "z": timezone}))


class JsonPathFlow:
    """The five JSONPath fields, and Assign."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._raw = visit.state.raw
        self._variables = visit.flow.scope.all()
        self._effective: Any = UNSET

    def _sources(self, value: Any, map_item: Mapping[str, Any] | None = None) -> Sources:
        context = self._visit.context()
        if map_item is not None:
            context["Map"] = {"Item": dict(map_item)}
        return Sources(value, context, self._variables)

    def selected(self) -> Any:
        """The input after InputPath."""
        if self._effective is UNSET:
            path = self._raw.get("InputPath", "$")
            self._effective = {} if path is None else self._sources(self._visit.input).path(path, "InputPath")
        return self._effective

    def arguments(self) -> Any:
        selected = self.selected()
        if "Parameters" not in self._raw:
            return selected
        return self._sources(selected).fill(self._raw["Parameters"])

    def field(self, name: str) -> Any:
        if f"{name}Path" in self._raw:
            text = self._raw[f"{name}Path"]
            return self._sources(self.selected()).evaluate(text, f"{name}Path")
        return self._raw.get(name)

    def fill(self, name: str, template: Any, map_item: Mapping[str, Any] | None = None) -> Any:
        return self._sources(self.selected(), map_item).fill(template)

    def find(self, path: str) -> Any:
        """What a path leads to from the selected input, or `jsonpath.MISSING`."""
        return self._sources(self.selected()).find(path)

    def conclude(self, result: Any) -> tuple[Any, dict[str, Any]]:
        if "ResultSelector" in self._raw:
            result = self._sources(result).fill(self._raw["ResultSelector"])
        assigned = self._sources(result).fill(self._raw.get("Assign", {}))
        return self.filtered(insert(self._visit.input, self._raw.get("ResultPath", "$"), result)), assigned

    def filtered(self, output: Any) -> Any:
        """An output after OutputPath."""
        path = self._raw.get("OutputPath", "$")
        return {} if path is None else self._sources(output).path(path, "OutputPath")

    def chosen(self, rule: Mapping[str, Any], where: str) -> tuple[Any, dict[str, Any]]:
        """Output and assignments of a Choice rule, or of the state for its default."""
        return self.filtered(self.selected()), self._sources(self.selected()).fill(rule.get("Assign", {}))

    def caught(
        self, catcher: Mapping[str, Any], where: str, failure: StateError
    ) -> tuple[Any, dict[str, Any]]:
        error = failure.output()
        assigned = self._sources(error).fill(catcher.get("Assign", {}))
        return insert(self._visit.input, catcher.get("ResultPath", "$"), error), assigned


def insert(target: Any, path: str | None, value: Any) -> Any:
    """`value` put where a reference path leads in a copy of `target`; `$` replaces it, None discards it.

    Objects on the way are made; anything else that does not fit is States.ResultPathMatchFailure.
    """
    if path is None:
        return target
    names = jsonpath.parse(path).names
    if not names:
        return value
    root = copy.deepcopy(target)
    holder: Any = {"root": root}
    key: Any = "root"
    for name in names:
        inner = holder[key]
        if isinstance(name, str) and isinstance(inner, dict):
            inner.setdefault(name, {})
        elif not (isinstance(name, int) and isinstance(inner, list) and -len(inner) <= name < len(inner)):
            raise StateError(RESULT_PATH_MATCH, f"Unable to apply ResultPath {path} to input")
        holder, key = inner, name
    holder[key] = value
    return root


MOST = 99_999_999
"""The largest number that a field may hold."""


def number(
    visit: Visit, value: Any, name: str, *, least: int = 0, most: int = MOST, whole: bool = True
) -> float | None:
    """A field's evaluated value, which must be a number in that range; None if absent.

    As where the definition gives the number itself: the wrong type or range is States.QueryEvaluationError
    in JSONata (transforming-data, "errors"), States.Runtime in JSONPath.
    """
    if value is None and not visit.state.raw.keys() & {name, f"{name}Path"}:
        return None
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most
    if fits and not (whole and value % 1):
        return float(value)
    kind = "whole number" if whole else "number"
    cause = f"The field '{name}' must be a {kind} from {least} to {most}, not {value!r}."
    if visit.state.jsonata:
        raise EvaluationError(cause, name)
    raise StateError(RUNTIME, cause)
