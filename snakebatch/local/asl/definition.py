"""Definitions are accepted whole or refused with every finding: nothing is skipped over silently.

What the service would refuse is refused, and so is what the service can do and this executor cannot: by name and
JSON path. https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
"""

from __future__ import annotations

import json
from typing import Any

from . import check_map, check_rules
from .checks import Check, check_expressions
from .fields import BRANCH_FIELDS, PROCESSOR_FIELDS, REQUIRED, STATE_FIELDS, STATE_TYPES, TOP_FIELDS
from .machine import JSONATA, JSONPATH

MAX_BYTES = 1024 * 1024


def examine(definition: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Read a definition: its object, and every finding as (JSON path, message); none if it is accepted."""
    check = Check()
    if len(definition.encode()) > MAX_BYTES:
        check.add("$", "the definition is larger than 1 MiB")
    try:
        raw = json.loads(definition)
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
    _graph(check, raw, language, "$", set())
    return raw, check.findings


def _graph(check: Check, raw: dict[str, Any], language: str, path: str, names: set[str]) -> None:
    """StartAt and States of a machine, branch or item processor; state names are unique in the whole machine."""
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
        if name in names:
            check.add(where, f"the state name '{name}' is used twice in the machine")
        if not 1 <= len(name) <= 80:
            check.add(where, "a state's name has 1 to 80 characters")
        names.add(name)
        if not isinstance(state, dict):
            check.add(where, "must be an object")
            continue
        _state(check, state, language, where, names)
    _transitions(check, raw, path)


def _state(check: Check, state: dict[str, Any], outer: str, path: str, names: set[str]) -> None:
    kind = state.get("Type")
    if kind not in STATE_TYPES:
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
    check_rules.attempts(check, state, language, path)
    _particular(check, state, kind, language, path, names)


def _particular(
    check: Check, state: dict[str, Any], kind: str, language: str, path: str, names: set[str]
) -> None:
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
        branches = state.get("Branches")
        if not isinstance(branches, list) or not branches:
            check.add(f"{path}.Branches", "must be an array with at least one branch")
            return
        for i, branch in enumerate(branches):
            check.fields(branch, BRANCH_FIELDS, f"{path}.Branches[{i}]")
            _graph(check, branch, language, f"{path}.Branches[{i}]", names)
    elif kind == "Map":
        check_map.map_state(check, state, language, path)
        member = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        processor = state.get(member)
        if not isinstance(processor, dict):
            check.add(f"{path}.ItemProcessor", "is missing")
            return
        check.fields(processor, PROCESSOR_FIELDS, f"{path}.{member}")
        _graph(check, processor, language, f"{path}.{member}", names)


def _transitions(check: Check, raw: dict[str, Any], path: str) -> None:
    """Every target is there, and every state can be reached."""
    states = raw["States"]
    reached: set[str] = set()
    waiting = [raw.get("StartAt")]
    for name, state in states.items():
        for where, target in _targets(state):
            if target not in states:
                check.add(f"{path}.States.{name}.{where}", f"there is no state '{target}' here")
    while waiting:
        name = waiting.pop()
        if isinstance(name, str) and name in states and name not in reached:
            reached.add(name)
            waiting.extend(target for _, target in _targets(states[name]))
    for name in states:
        if name not in reached and raw.get("StartAt") in states:
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
