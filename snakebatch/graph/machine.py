"""A state machine's definition as a graph: its states, and every transition that it names.

The language: https://states-language.net/spec.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from typing import Literal as OneOf

from snakebatch.errors import InputError, shown

Kind = OneOf["next", "choice", "default", "catch"]
T = TypeVar("T")

_DEEPEST = 100
"""Maps and Parallels within each other that are drawn: Python's stack holds a few times as many."""

_KINDS: Mapping[type, str] = {str: "a text", list: "a list", dict: "an object"}
_NO_LETTER = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")
"""What JSON can spell and XML, of which a picture is made, can't hold."""


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
        return _read(_parsed(definition) if isinstance(definition, str) else definition, "the machine", 0)
    except RecursionError as error:
        raise _no("it is nested too deeply") from error


def _no(why: str) -> InputError:
    return InputError(f"this is no definition of a state machine: {why}")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"this is no definition of a state machine, which is JSON: {error}") from error
    except ValueError as error:
        # Python turns no text of thousands of digits into a whole number.
        raise _no("a number in it has thousands of digits") from error


def _read(definition: Any, what: str, depth: int) -> Machine:
    if not isinstance(definition, Mapping) or not isinstance(definition.get("States"), Mapping):
        raise _no(f"{what} has no States")
    if depth > _DEEPEST:
        raise _no(f"its states are nested more than {_DEEPEST} deep")
    states: Mapping[str, Any] = definition["States"]
    for name, state in states.items():
        _check_text(name, f"the name {shown(name)}")
        if not isinstance(state, Mapping):
            raise _no(f"the state {shown(name)} should be an object")
    found = tuple(way for name, state in states.items() for way in _ways(name, state))
    start = _text(definition, "StartAt", what)
    for target in [start, *(way.target for way in found)]:
        if target not in states:
            raise InputError(f"the definition leads to {shown(target)}, which is none of its states")
    return Machine(
        start=start,
        states=tuple(_state(name, state, depth) for name, state in states.items()),
        transitions=found,
        comment=_text(definition, "Comment", what, ""),
    )


def _state(name: str, state: Mapping[str, Any], depth: int) -> State:
    where = f"the state {shown(name)}"
    key = next((key for key in ("ItemProcessor", "Iterator") if state.get(key)), None)
    processor = {} if key is None else _field(state, key, dict, where)
    inside = [processor] if processor else _field(state, "Branches", list, where, [])
    config = _field(processor, "ProcessorConfig", dict, f"{key} of {shown(name)}", {})
    what = f"{key or 'a branch'} of {shown(name)}"
    return State(
        name=name,
        type=_text(state, "Type", where, ""),
        comment=_text(state, "Comment", where, ""),
        distributed=config.get("Mode") == "DISTRIBUTED",
        inner=tuple(_read(machine, what, depth + 1) for machine in inside),
    )


def _ways(name: str, state: Mapping[str, Any]) -> Iterator[Transition]:
    where = f"the state {shown(name)}"
    if "Next" in state:
        yield Transition(name, _text(state, "Next", where), "next")
    for choice in _objects(state, "Choices", where):
        yield Transition(
            name, _text(choice, "Next", f"a choice of {shown(name)}"), "choice", _condition(choice)
        )
    if "Default" in state:
        yield Transition(name, _text(state, "Default", where), "default", "otherwise")
    for catch in _objects(state, "Catch", where):
        what = f"a Catch of {shown(name)}"
        errors = _field(catch, "ErrorEquals", list, what)
        label = ", ".join(_text({"ErrorEquals": error}, "ErrorEquals", what) for error in errors)
        yield Transition(name, _text(catch, "Next", what), "catch", label)


def _objects(owner: Mapping[str, Any], key: str, what: str) -> list[dict[str, Any]]:
    """The list of objects in a field, which may be missing."""
    found = _field(owner, key, list, what, [])
    if not all(isinstance(one, dict) for one in found):
        raise _no(f"{key} of {what} should be a list of objects")
    return found


def _text(owner: Mapping[str, Any], key: str, what: str, default: str | None = None) -> str:
    return _check_text(_field(owner, key, str, what, default), f"{key} of {what}")


def _field(owner: Mapping[str, Any], key: str, kind: type[T], what: str, default: T | None = None) -> T:
    """A field of an object; InputError where it is missing without a ``default``, or of another kind."""
    value = owner.get(key, default)
    if not isinstance(value, kind):
        raise _no(f"{key} of {what} should be {_KINDS[kind]}")
    return value


def _check_text(text: str, what: str) -> str:
    if _NO_LETTER.search(text):
        raise _no(f"{what} holds what is no character of a text")
    return text


def _condition(choice: Mapping[str, Any]) -> str:
    """JSONata's condition without its braces, or JSONPath's rule as it stands."""
    text = choice.get("Condition")
    if isinstance(text, str):
        _check_text(text, "a Condition")
        return text.removeprefix("{%").removesuffix("%}").strip()
    rule = {key: value for key, value in choice.items() if key not in ("Next", "Comment", "Assign", "Output")}
    return json.dumps(rule)
