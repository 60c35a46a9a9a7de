"""Checks of Task, Choice, Wait, Retry and Catch."""

from __future__ import annotations

from typing import Any

from . import jsonata
from .check_arguments import arguments
from .checks import Check, assignments
from .choice import COMPARISONS, OPERATORS, TESTS, timestamp
from .errors import ALL, KNOWN
from .fields import CATCHER_FIELDS, RETRIER_FIELDS
from .machine import JSONATA
from .resources import ResourceError, parse_resource

_JSONATA_RULE = frozenset({"Condition", "Next", "Comment", "Output", "Assign"})
_JSONPATH_RULE = OPERATORS | {"Variable", "And", "Or", "Not", "Next", "Comment", "Assign"}


def task(check: Check, state: dict[str, Any], language: str, path: str) -> None:
    """Resource, time limits, and the names of the arguments."""
    expression = language == JSONATA
    for name in ("TimeoutSeconds", "HeartbeatSeconds"):
        check.number(state, name, path, least=1, expression=expression)
        if name in state and f"{name}Path" in state:
            check.add(f"{path}.{name}Path", f"can't stand beside {name}")
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        check.add(f"{path}.HeartbeatSeconds", "must be smaller than TimeoutSeconds")
    if "Resource" not in state:
        return
    try:
        resource = parse_resource(state["Resource"])
    except ResourceError as problem:
        check.add(f"{path}.Resource", str(problem))
        return
    if heartbeat is not None and not resource.waits_for_token:
        check.add(f"{path}.HeartbeatSeconds", "is implemented only where a task token is waited for")
    member = "Arguments" if expression else "Parameters"
    arguments(check, resource, state.get(member), f"{path}.{member}")


def wait(check: Check, state: dict[str, Any], path: str) -> None:
    """Exactly one way to say how long."""
    ways = [name for name in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if name in state]
    if len(ways) != 1:
        check.add(
            path,
            f"needs exactly one of Seconds, Timestamp and, in JSONPath, their Path forms; has {len(ways)}",
        )
    check.number(state, "Seconds", path, expression=True)
    value = state.get("Timestamp")
    if value is not None and not jsonata.is_expression(value) and timestamp(value) is None:
        check.add(f"{path}.Timestamp", f"{value!r} is no ISO 8601 timestamp with a zone")


def choice(check: Check, state: dict[str, Any], language: str, path: str) -> None:
    """Rules, each with a condition and a Next."""
    rules = state.get("Choices")
    if not isinstance(rules, list) or not rules:
        check.add(f"{path}.Choices", "must be an array with at least one rule")
        return
    for i, rule in enumerate(rules):
        where = f"{path}.Choices[{i}]"
        if not isinstance(rule, dict):
            check.add(where, "must be an object")
            continue
        if not isinstance(rule.get("Next"), str):
            check.add(f"{where}.Next", "is missing")
        if "Assign" in rule:
            assignments(check, rule["Assign"], f"{where}.Assign")
        if language == JSONATA:
            check.fields(rule, _JSONATA_RULE, where)
            if not isinstance(rule.get("Condition"), bool) and not jsonata.is_expression(
                rule.get("Condition")
            ):
                check.add(f"{where}.Condition", "must be a JSONata expression")
        else:
            _rule(check, rule, where, top=True)


def _rule(check: Check, rule: Any, path: str, *, top: bool) -> None:
    """A JSONPath rule: one operator on a Variable, or And, Or, Not of rules."""
    if not check.fields(rule, _JSONPATH_RULE, path):
        return
    if not top and "Next" in rule:
        check.add(f"{path}.Next", "belongs to the outermost rule only")
    operators = [name for name in rule if name in OPERATORS or name in ("And", "Or", "Not")]
    if len(operators) != 1:
        check.add(path, f"needs exactly one operator, has {', '.join(operators) or 'none'}")
        return
    name = operators[0]
    if name in ("And", "Or"):
        parts = rule[name] if isinstance(rule[name], list) else []
        if not parts:
            check.add(f"{path}.{name}", "must be an array with at least one rule")
        for i, part in enumerate(parts):
            _rule(check, part, f"{path}.{name}[{i}]", top=False)
    elif name == "Not":
        _rule(check, rule["Not"], f"{path}.Not", top=False)
    else:
        check.text(rule.get("Variable"), f"{path}.Variable")
        _operand(check, name, rule[name], f"{path}.{name}")


def _operand(check: Check, name: str, value: Any, path: str) -> None:
    if name.endswith("Path"):
        check.text(value, path)
        return
    kind = (
        COMPARISONS[name][0]
        if name in COMPARISONS
        else "Boolean"
        if name in TESTS or name == "IsPresent"
        else "String"
    )
    fits = {
        "String": isinstance(value, str),
        "Numeric": isinstance(value, (int, float)) and not isinstance(value, bool),
        "Boolean": isinstance(value, bool),
        "Timestamp": timestamp(value) is not None,
    }[kind]
    if not fits:
        check.add(path, f"must be a {kind.lower()} value, not {value!r}")


def attempts(check: Check, state: dict[str, Any], language: str, path: str) -> None:
    """Retry and Catch."""
    for member, allowed in (("Retry", RETRIER_FIELDS), ("Catch", CATCHER_FIELDS[language])):
        if member not in state:
            continue
        rules = state[member]
        if not isinstance(rules, list):
            check.add(f"{path}.{member}", "must be an array")
            continue
        for i, rule in enumerate(rules):
            where = f"{path}.{member}[{i}]"
            if not check.fields(rule, allowed, where):
                continue
            _errors(check, rule.get("ErrorEquals"), f"{where}.ErrorEquals", last=i == len(rules) - 1)
            if member == "Retry":
                _retrier(check, rule, where)
            else:
                _catcher(check, rule, where)


def _errors(check: Check, names: Any, path: str, *, last: bool) -> None:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        check.add(path, "must be an array with at least one error name")
        return
    if ALL in names and (len(names) > 1 or not last):
        check.add(path, "States.ALL must stand alone, and in the last of the rules")
    for name in names:
        if name.startswith("States.") and name not in KNOWN:
            check.add(path, f"'{name}' is no error name of Step Functions")


def _retrier(check: Check, rule: dict[str, Any], path: str) -> None:
    check.number(rule, "IntervalSeconds", path, least=1)
    check.number(rule, "MaxAttempts", path)
    check.number(rule, "BackoffRate", path, least=1, whole=False)
    check.number(rule, "MaxDelaySeconds", path, least=1, most=31_622_400)
    longest, interval = rule.get("MaxDelaySeconds"), rule.get("IntervalSeconds", 1)
    if isinstance(longest, int) and isinstance(interval, int) and longest <= interval:
        check.add(f"{path}.MaxDelaySeconds", "must be greater than IntervalSeconds")
    if rule.get("JitterStrategy", "NONE") not in ("NONE", "FULL"):
        check.add(f"{path}.JitterStrategy", f"must be NONE or FULL, not {rule['JitterStrategy']!r}")


def _catcher(check: Check, rule: dict[str, Any], path: str) -> None:
    if not isinstance(rule.get("Next"), str):
        check.add(f"{path}.Next", "is missing")
    if rule.get("ResultPath") is not None:
        check.reference(rule["ResultPath"], f"{path}.ResultPath")
    if "Assign" in rule:
        assignments(check, rule["Assign"], f"{path}.Assign")
