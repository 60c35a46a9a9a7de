"""What the service would accept in a definition, and what no run of it could go well with.

    for path, message in review(definition): ...

Beside everything that `examine` refuses: variables that nobody assigns, or that stand outside a Distributed
Map and are read within it, and task tokens that are waited for and never handed out. Of JSONata states only.
https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from __future__ import annotations

from typing import Any

from .check_map import is_distributed
from .check_reads import expressions
from .checks import Check
from .definition import assigned, examine
from .machine import JSONATA, JSONPATH

TOKEN = ("states", "context", "Task", "Token")


def review(definition: str, kind: str = "STANDARD") -> list[tuple[str, str]]:
    """Every finding as (JSON path, message), those of `examine` first; `kind` is STANDARD or EXPRESS."""
    raw, findings = examine(definition, kind)
    check = Check()
    _graph(check, raw, raw.get("QueryLanguage", JSONPATH), "$", frozenset())
    return findings + check.findings


def _graph(check: Check, raw: Any, language: str, path: str, outer: frozenset[str]) -> None:
    states = raw.get("States") if isinstance(raw, dict) else None
    if not isinstance(states, dict):
        return
    known = outer | assigned(states)
    for name, state in states.items():
        if not isinstance(state, dict):
            continue
        where = f"{path}.States.{name}"
        spoken = state.get("QueryLanguage", language)
        if spoken == JSONATA:
            _variables(check, state, where, known)
            _token(check, state, where)
        for inner, graph in _inner(state, where):
            # A child of a Distributed Map is an execution of its own.
            _graph(check, graph, spoken, inner, frozenset() if is_distributed(state) else known)


def _variables(check: Check, state: dict[str, Any], path: str, known: frozenset[str]) -> None:
    for where, _, read in expressions(state, path):
        for name in sorted({names[0] for names in read} - known - {"states"}):
            check.add(where, f"${name} is assigned by no state whose variables can be read here")


def _token(check: Check, state: dict[str, Any], path: str) -> None:
    waits = str(state.get("Resource", "")).endswith(".waitForTaskToken")
    handed = False
    for where, field, read in expressions(state, path):
        if any(names[: len(TOKEN)] == TOKEN for names in read):
            handed = handed or field == "Arguments"
            if not waits:
                check.add(where, "there is no task token here: the Resource does not wait for one")
    if waits and not handed:
        check.add(f"{path}.Arguments", "the task token is waited for and never handed out")


def _inner(state: dict[str, Any], path: str) -> list[tuple[str, Any]]:
    branches = state.get("Branches")
    found = [
        (f"{path}.Branches[{i}]", branch)
        for i, branch in enumerate(branches if isinstance(branches, list) else [])
    ]
    return found + [
        (f"{path}.{name}", state[name]) for name in ("ItemProcessor", "Iterator") if name in state
    ]
