"""Definitions are accepted whole or refused with every finding: nothing is skipped over silently.

What the service would refuse is refused, and so is what the service can do and this executor cannot: by
name and JSON path.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from . import check_map, check_rules
from .check_reads import states_reads
from .checks import Check, check_expressions
from .fields import BRANCH_FIELDS, PROCESSOR_FIELDS, REQUIRED, STATE_FIELDS, STATE_TYPES, TOP_FIELDS
from .machine import JSONATA, JSONPATH
from .naming import parse_json

MAX_BYTES = 1024 * 1024


def examine(definition: str, kind: str = "STANDARD") -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Read a definition: its object, and every finding as (JSON path, message); none if it is accepted.

    `kind` is the machine's type: STANDARD or EXPRESS.
    """
    check = Check()
    if len(definition.encode()) > MAX_BYTES:
        check.add("$", "the definition is larger than 1 MiB")
    try:
        raw = parse_json(definition)
    except ValueError as problem:
        return {}, [("$", f"the definition is not JSON: {problem}")]
    if not isinstance(raw, dict):
        return {}, [("$", "the definition must be a JSON object")]
    language = raw.get("QueryLanguage", JSONPATH)
    if language not in (JSONATA, JSONPATH):
        check.add("$.QueryLanguage", f"must be JSONata or JSONPath, not {language!r}")
        language = JSONPATH
    check.fields(raw, TOP_FIELDS, "$")
    check.number(raw, "TimeoutSeconds", "$", least=1)
    if raw.get("Version", "1.0") != "1.0":
        check.add("$.Version", "must be 1.0")
    _graph(check, raw, language, "$", _Place(express=kind == "EXPRESS"))
    return raw, check.findings


@dataclass(frozen=True)
class _Place:
    """Where a graph stands: state names of the machine so far, variables set outside, the type."""

    names: set[str] = field(default_factory=set)
    outer: frozenset[str] = frozenset()
    express: bool = False


def _graph(check: Check, raw: Any, language: str, path: str, place: _Place) -> None:
    """StartAt and States of a machine, branch or item processor; names are unique in the machine."""
    if not isinstance(raw, dict):
        return
    states = raw.get("States")
    if not isinstance(states, dict) or not states:
        check.add(f"{path}.States", "must be an object with at least one state")
        return
    if not isinstance(raw.get("StartAt"), str):
        check.add(f"{path}.StartAt", "is missing: the name of the state to start at")
    elif raw["StartAt"] not in states:
        check.add(f"{path}.StartAt", f"there is no state '{raw['StartAt']}' here")
    for name, state in states.items():
        where = f"{path}.States.{name}"
        if name in place.names:
            check.add(where, f"the state name '{name}' is used twice in the machine")
        if not 1 <= len(name) <= 80:
            check.add(where, "a state's name has 1 to 80 characters")
        place.names.add(name)
        if not isinstance(state, dict):
            check.add(where, "must be an object")
            continue
        _state(check, state, language, where, place)
    _shadowing(check, states, path, place)
    for name, state in states.items():
        _inner(
            check,
            state,
            language,
            f"{path}.States.{name}",
            replace(place, outer=place.outer | assigned(states)),
        )
    _transitions(check, raw, path)


def _state(check: Check, state: dict[str, Any], outer: str, path: str, place: _Place) -> None:
    kind = state.get("Type")
    if not isinstance(kind, str) or kind not in STATE_TYPES:
        check.add(f"{path}.Type", f"{kind!r} is no state type; there are {', '.join(sorted(STATE_TYPES))}")
        return
    language = state.get("QueryLanguage", outer)
    if language not in (JSONATA, JSONPATH) or (outer == JSONATA and language == JSONPATH):
        check.add(f"{path}.QueryLanguage", f"{language!r} is not possible in a {outer} definition")
        return
    allowed = STATE_FIELDS[language][kind]
    other = STATE_FIELDS[JSONPATH if language == JSONATA else JSONATA][kind]
    for name in state:
        if name not in allowed:
            why = (
                f"belongs to {JSONPATH if language == JSONATA else JSONATA}"
                if name in other
                else "is not a field of"
            )
            tail = (
                f", and this {kind} state is {language}"
                if name in other
                else f" {kind} states, or not implemented"
            )
            check.add(f"{path}.{name}", f"{name} {why}{tail}")
    for name in sorted(REQUIRED.get(kind, set()) - set(state)):
        check.add(f"{path}.{name}", "is missing")
    if kind not in ("Choice", "Succeed", "Fail") and ("Next" in state) == (state.get("End") is True):
        check.add(path, 'needs either Next or "End": true')
    if "End" in state and not isinstance(state["End"], bool):
        check.add(f"{path}.End", "must be true or false")
    check_expressions(check, state, language, path)
    if language == JSONATA:
        states_reads(check, state, path)
    check_rules.attempts(check, state, language, path)
    _particular(check, state, kind, language, path)
    if place.express:
        _express(check, state, path)


def _express(check: Check, state: dict[str, Any], path: str) -> None:
    """What Express workflows have not: tokens, jobs, distributed maps (concepts-standard-vs-express)."""
    resource = state.get("Resource")
    if isinstance(resource, str) and re.search(r":states:.*\.(waitForTaskToken|sync|sync:2)$", resource):
        check.add(f"{path}.Resource", "Express workflows have the request-response pattern only")
    if check_map.is_distributed(state):
        check.add(f"{path}.ItemProcessor.ProcessorConfig.Mode", "Express workflows have inline Maps only")


def _particular(check: Check, state: dict[str, Any], kind: str, language: str, path: str) -> None:
    if kind == "Task":
        check_rules.task(check, state, language, path)
    elif kind == "Choice":
        check_rules.choice(check, state, language, path)
    elif kind == "Wait":
        check_rules.wait(check, state, path)
    elif kind == "Fail":
        for name in ("Error", "Cause"):
            if name in state and not isinstance(state[name], str):
                check.add(f"{path}.{name}", "must be a string")
            if name in state and f"{name}Path" in state:
                check.add(f"{path}.{name}Path", f"can't stand beside {name}")
    elif kind == "Parallel":
        if not isinstance(state.get("Branches"), list) or not state["Branches"]:
            check.add(f"{path}.Branches", "must be an array with at least one branch")
    elif kind == "Map":
        check_map.map_state(check, state, language, path)
        if not isinstance(state.get("ItemProcessor", state.get("Iterator")), dict):
            check.add(f"{path}.ItemProcessor", "is missing")


def _inner(check: Check, state: Any, outer: str, path: str, place: _Place) -> None:
    """The graphs inside a state: branches of a Parallel, the processor of a Map."""
    if not isinstance(state, dict):
        return
    language = state.get("QueryLanguage", outer)
    if language not in (JSONATA, JSONPATH):
        return
    branches = state.get("Branches") if state.get("Type") == "Parallel" else None
    for i, branch in enumerate(branches if isinstance(branches, list) else []):
        check.fields(branch, BRANCH_FIELDS, f"{path}.Branches[{i}]")
        _graph(check, branch, language, f"{path}.Branches[{i}]", place)
    if state.get("Type") != "Map":
        return
    if check_map.is_distributed(state):
        # Children of a distributed map are executions of their own: nothing outside can be read, all names
        # are free.
        kind = state["ItemProcessor"]["ProcessorConfig"].get("ExecutionType")
        place = _Place(place.names, frozenset(), kind == "EXPRESS")
    for member in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(member), dict):
            check.fields(state[member], PROCESSOR_FIELDS, f"{path}.{member}")
            _graph(check, state[member], language, f"{path}.{member}", place)


def _assigners(state: Any) -> list[tuple[str, dict[str, Any]]]:
    """The Assign objects of a state, its rules and catchers: (field, object)."""
    if not isinstance(state, dict):
        return []
    found = [("Assign", state.get("Assign"))]
    for member in ("Choices", "Catch"):
        rules = state.get(member)
        for i, rule in enumerate(rules if isinstance(rules, list) else []):
            if isinstance(rule, dict):
                found.append((f"{member}[{i}].Assign", rule.get("Assign")))
    return [(where, value) for where, value in found if isinstance(value, dict)]


def assigned(states: dict[str, Any]) -> frozenset[str]:
    """The variables that a graph's own states set."""
    return frozenset(
        name.removesuffix(".$")
        for state in states.values()
        for _, value in _assigners(state)
        for name in value
    )


def _shadowing(check: Check, states: dict[str, Any], path: str, place: _Place) -> None:
    """An inner graph can't set a variable of an outer one (workflow-variables, "variable scope")."""
    for state_name, state in states.items():
        for where, value in _assigners(state):
            for name in value:
                if name.removesuffix(".$") in place.outer:
                    check.add(
                        f"{path}.States.{state_name}.{where}.{name}",
                        "is a variable of an outer scope, which can be read here but not set",
                    )


def _transitions(check: Check, raw: dict[str, Any], path: str) -> None:
    """Every target is there, and every state can be reached."""
    states = raw["States"]
    reached: set[str] = set()
    waiting = [raw.get("StartAt")]
    for name, state in states.items():
        for where, target in _targets(state):
            if not isinstance(target, str) or target not in states:
                check.add(f"{path}.States.{name}.{where}", f"there is no state '{target}' here")
    if not isinstance(raw.get("StartAt"), str) or raw["StartAt"] not in states:
        return
    while waiting:
        name = waiting.pop()
        if isinstance(name, str) and name in states and name not in reached:
            reached.add(name)
            waiting.extend(target for _, target in _targets(states[name]))
    for name in states:
        if name not in reached:
            check.add(f"{path}.States.{name}", "can't be reached from StartAt")


def _targets(state: Any) -> list[tuple[str, Any]]:
    """Where a state may lead: (field, state name)."""
    if not isinstance(state, dict):
        return []
    targets = [(name, state[name]) for name in ("Next", "Default") if name in state]
    for member in ("Choices", "Catch"):
        rules = state.get(member)
        for i, rule in enumerate(rules if isinstance(rules, list) else []):
            if isinstance(rule, dict) and "Next" in rule:
                targets.append((f"{member}[{i}].Next", rule["Next"]))
    return targets
