"""JSONata as Step Functions speaks it: parsed once, evaluated against `$states` and the variables.

Evaluation is jsonata-python's. What Step Functions adds or forbids is here: an undefined result fails,
`$eval` is not there, a field name outside any context can't be read, `$now()` asks the executor's clock.
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html

The loop thread alone evaluates: jsonata-python keeps state per thread and per parsed expression.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonata import Jsonata
from jsonata.jexception import JException
from jsonata.utils import Utils

from .errors import EvaluationError
from .jsonata_functions import FUNCTIONS

NOTHING = object()
"""What an expression that evaluates to nothing (undefined) gives."""


MAX_STEPS = 2_000_000
"""Steps of one evaluation: some seconds. The service bounds an evaluation by its time."""


class ExpressionSyntaxError(ValueError):
    """An expression that can't be accepted in a definition; the message says why."""


def is_expression(text: Any) -> bool:
    """Whether a string is to be evaluated: `{%` first and `%}` last, no blanks outside."""
    return isinstance(text, str) and len(text) >= 4 and text.startswith("{%") and text.endswith("%}")


@lru_cache(maxsize=4096)
def parse(text: str) -> Any:
    """The parsed expression of `{% ... %}`, with the functions of Step Functions bound.

    Raises ExpressionSyntaxError if it does not parse, or uses what Step Functions refuses.
    """
    source = text[2:-2].strip()
    if not source:
        raise ExpressionSyntaxError("empty JSONata expression")
    try:
        parsed = Jsonata(source)
    except (JException, IndexError, TypeError, AttributeError, ValueError) as problem:
        # Beside its own exception the parser trips over some malformed texts with Python's.
        raise ExpressionSyntaxError(f"JSONata expression '{source}' does not parse: {problem}") from problem
    parsed.set_output_convert_nulls(False)
    parsed.set_validate_input(False)
    if newer := _newer_operator(source):
        raise ExpressionSyntaxError(
            f"JSONata expression '{source}': the operator {newer} is not in JSONata 2.0.6, "
            "which Step Functions has"
        )
    for complaint in _refused(parsed.ast, in_context=False):
        raise ExpressionSyntaxError(f"JSONata expression '{source}': {complaint}")
    for name, function in FUNCTIONS.items():
        parsed.assign(name, Jsonata.JLambda(function))
    return parsed


def _newer_operator(source: str) -> str | None:
    """`??` or `?:` outside strings and quoted names; in a regular expression `(?:` is something else."""
    bare = re.sub(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`", "''", source)
    found = re.search(r"\?\?|(?<!\()\?:", bare)
    return found.group() if found else None


CHILDREN = (
    "steps",
    "lhs",
    "rhs",
    "arguments",
    "procedure",
    "expressions",
    "condition",
    "then",
    "_else",
    "body",
    "expression",
    "predicate",
    "stages",
    "group",
    "terms",
    "pattern",
    "update",
    "delete",
    "expr",
    "lhs_object",
    "rhs_object",
    "then_expr",
)


def _refused(node: Any, *, in_context: bool) -> Iterator[str]:
    """Walk the syntax tree for names read where nothing is in context, `$` and `$$` there, and `$eval`.

    "$" and "$$" have no value at the top level, and unqualified names need a context
    (transforming-data, "JSONata in Step Functions").
    """
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from _refused(item, in_context=in_context)
        return
    kind = getattr(node, "type", None)
    if kind is None:
        if hasattr(node, "__dict__"):
            yield from _children_refused(node, in_context=in_context)
        return
    if kind == "variable" and node.value == "eval":
        yield "$eval is not available in Step Functions; use $parse for JSON text"
    if not in_context:
        if kind in ("name", "wildcard", "descendant"):
            yield f"'{node.value}' is read without a context; write $states.input.{node.value} or a variable"
        if kind == "variable" and node.value in ("", "$"):
            yield "$ and $$ have no value at the top level of an expression; use $states.input"
    if kind == "path":
        steps = list(node.steps or [])
        if steps:
            yield from _refused(steps[0], in_context=in_context)
            yield from _refused(steps[1:], in_context=True)
        yield from _refused(getattr(node, "group", None), in_context=True)
        return
    if kind == "lambda":
        yield from _refused(node.body, in_context=in_context)
        return
    if kind in ("apply", "transform"):
        # What stands right of ~> is applied to what stands left: a transformation's parts have it in context.
        in_context = in_context or kind == "transform"
    yield from _children_refused(node, in_context=in_context)


def _children_refused(node: Any, *, in_context: bool) -> Iterator[str]:
    for name in CHILDREN:
        child = getattr(node, name, None)
        if child is None or isinstance(child, str):
            continue
        yield from _refused(child, in_context=in_context or name in ("predicate", "stages", "group"))


def evaluate(text: str, bindings: Mapping[str, Any], location: str) -> Any:
    """Evaluate `{% ... %}`; the value as plain JSON.

    Parameters
    ----------
    text
        The string with its `{%` and `%}`.
    bindings
        Variable name (without `$`) to value: `states`, and what Assign has set.
    location
        The field it stands in, for the error, such as `Arguments/Payload`.

    Raises
    ------
    EvaluationError
        States.QueryEvaluationError: it does not evaluate, gives nothing, or something that is no JSON.
    """
    value = evaluate_or_nothing(text, bindings, location)
    if value is NOTHING:
        raise EvaluationError(
            f"The JSONata expression '{text[2:-2].strip()}' specified for the field '{location}' "
            "returned nothing (undefined).",
            location,
        )
    return value


def evaluate_or_nothing(text: str, bindings: Mapping[str, Any], location: str) -> Any:
    """As `evaluate`, but an undefined result is `NOTHING` instead of an error."""
    source = text[2:-2].strip()
    if (names := _plain_path(source)) is not None:
        value = _walk(names, bindings)
        if value is not NOTHING:
            return plain(value)
    try:
        result = parse(text).evaluate(None, {**bindings, "__evaluate_entry": _Steps()})
        return NOTHING if result is None else plain(result)
    except EvaluationError:
        raise
    except RecursionError as problem:
        raise _failed(source, location, "stack overflow") from problem
    except (
        Exception
    ) as problem:  # jsonata-python raises JException and, from its functions, whatever Python raises
        raise _failed(source, location, str(problem)) from problem


@lru_cache(maxsize=4096)
def _plain_path(source: str) -> tuple[str, ...] | None:
    """The names of an expression like `$states.input.key`; None if it is anything more."""
    if re.fullmatch(r"\$[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", source) is None or source.startswith("$eval."):
        return None
    names = source[1:].split(".")
    return None if {"and", "or", "in", "true", "false", "null"} & set(names) else tuple(names)


def _walk(names: tuple[str, ...], bindings: Mapping[str, Any]) -> Any:
    """Follow names through objects: most expressions are such paths; the library takes 20 times as long.

    NOTHING where the library's rules for sequences, nulls or absence come in: it decides then.
    """
    value: Any = bindings
    for name in names:
        if not isinstance(value, dict) or name not in value:
            return NOTHING
        value = value[name]
    return value


class _Steps:
    """Counts the steps of one evaluation: an expression that never ends must not stop the whole executor."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def __call__(self, expression: Any, value: Any, environment: Any) -> None:
        self._left -= 1
        if self._left < 0:
            raise TimeoutError("Expression evaluation timeout: it takes too many steps")


def _failed(source: str, location: str, why: str) -> EvaluationError:
    return EvaluationError(
        f"The JSONata expression '{source}' specified for the field '{location}' "
        f"threw an error during evaluation. {why}",
        location,
    )


def bindable(value: Any) -> Any:
    """A JSON value as a variable's value: a bare None would be read as undefined."""
    return Utils.NULL_VALUE if value is None else value


def plain(value: Any) -> Any:
    """A result as JSON values of its own: no shared structure, no markers of the library."""
    if value is None or value is Utils.NULL_VALUE:
        return None
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Utils.RangeList):  # its iterator leaves the last one out
        return [value[i] for i in range(len(value))]
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    raise TypeError("the result is a function, which is not JSON")


def _number(value: float) -> Any:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    # JavaScript has one kind of number and writes 2.0 as 2.
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def render(template: Any, evaluator: Callable[[str, str], Any], location: str) -> Any:
    """A field's value with every `{% ... %}` string in it evaluated, at any depth.

    `evaluator(text, location)` evaluates one; object members whose name is `k` have the location
    `location/k`.
    """
    if isinstance(template, str):
        return evaluator(template, location) if is_expression(template) else template
    if isinstance(template, dict):
        return {key: render(value, evaluator, f"{location}/{key}") for key, value in template.items()}
    if isinstance(template, list):
        return [render(value, evaluator, f"{location}[{i}]") for i, value in enumerate(template)]
    return template
