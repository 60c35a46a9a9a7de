"""A state machine's definition as a graph: its states, and every transition that it names.

The language: https://states-language.net/spec.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from typing import Literal as OneOf

from snakebatch.errors import InputError, shown

Kind = OneOf["next", "choice", "default", "catch"]


@dataclass(frozen=True)
class Transition:
    """One way from a state to another. ``label`` is the condition or the errors that lead there."""

    source: str
    target: str
    kind: Kind
    label: str = ""


@dataclass(frozen=True)
class State:
    """A state. ``inner`` holds the graphs inside it: a Map's processor, a Parallel's branches."""

    name: str
    type: str
    comment: str = ""
    distributed: bool = False
    inner: tuple[Machine, ...] = ()


@dataclass(frozen=True)
class Machine:
    """A graph of states, in the definition's order."""

    start: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    comment: str = ""

    def everywhere(self) -> Iterator[State]:
        """Every state, inner ones included."""
        for state in self.states:
            yield state
            for machine in state.inner:
                yield from machine.everywhere()

    def all_transitions(self) -> Iterator[Transition]:
        """Every transition, inner ones included."""
        yield from self.transitions
        for state in self.states:
            for machine in state.inner:
                yield from machine.all_transitions()


def read_machine(definition: str | Mapping[str, Any]) -> Machine:
    """The graph of a definition, in JSON or read already. Raises InputError for what is none."""
    try:
        if isinstance(definition, str):
            definition = json.loads(definition)
        return _read(definition)
    except ValueError as error:
        raise InputError(f"this is no definition of a state machine, which is JSON: {error}") from error
    except (AttributeError, KeyError, RecursionError, TypeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise InputError(
            f"this is no definition of a state machine: a state can't be read ({why})"
        ) from error


def _read(definition: Any) -> Machine:
    if not isinstance(definition, Mapping) or not isinstance(definition.get("States"), Mapping):
        raise InputError("this is no definition of a state machine: it has no States")
    states: Mapping[str, Mapping[str, Any]] = definition["States"]
    found = tuple(way for name, state in states.items() for way in _ways(name, state))
    targets = [str(definition.get("StartAt")), *(way.target for way in found)]
    for target in targets:
        if target not in states:
            raise InputError(f"the definition leads to {shown(target)}, which is none of its states")
    return Machine(
        start=targets[0],
        states=tuple(_state(name, state) for name, state in states.items()),
        transitions=found,
        comment=str(definition.get("Comment", "")),
    )


def _state(name: str, state: Mapping[str, Any]) -> State:
    processor = state.get("ItemProcessor") or state.get("Iterator")
    inside = [processor] if processor else state.get("Branches", [])
    config = processor.get("ProcessorConfig", {}) if processor else {}
    return State(
        name=name,
        type=str(state.get("Type", "")),
        comment=str(state.get("Comment", "")),
        distributed=config.get("Mode") == "DISTRIBUTED",
        inner=tuple(_read(machine) for machine in inside),
    )


def _ways(name: str, state: Mapping[str, Any]) -> Iterator[Transition]:
    if "Next" in state:
        yield Transition(name, state["Next"], "next")
    for choice in state.get("Choices", []):
        yield Transition(name, choice["Next"], "choice", _condition(choice))
    if "Default" in state:
        yield Transition(name, state["Default"], "default", "otherwise")
    for catch in state.get("Catch", []):
        yield Transition(name, catch["Next"], "catch", ", ".join(catch["ErrorEquals"]))


def _condition(choice: Mapping[str, Any]) -> str:
    """JSONata's condition without its braces, or JSONPath's rule as it stands."""
    text = choice.get("Condition")
    if isinstance(text, str):
        return text.removeprefix("{%").removesuffix("%}").strip()
    rule = {key: value for key, value in choice.items() if key not in ("Next", "Comment", "Assign", "Output")}
    return json.dumps(rule)
