"""JSONPath as Step Functions reads it: parsed once into steps, evaluated on JSON values.

`$`, `$$` (the context object) and `$name` (a variable) as roots; `.name`, `['name']`, `[0]`, `[-1]`,
`[0,2]`, `[1:3]`, `[*]`, `.*`, `..name` and filters `[?(@.x > 1 && @.y)]`. A definite path (roots, names,
one index) gives the value it leads to; any other the list of all that it finds, perhaps empty.
https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MISSING = object()
"""What a definite path that leads nowhere gives."""


class JsonPathSyntaxError(ValueError):
    """A path that can't be read; the message says where it ends to make sense."""


@dataclass(frozen=True)
class JsonPath:
    """A parsed path: `root` is "$", "$$" or a variable's name; `steps` map a value to those they lead to."""

    text: str
    root: str
    steps: tuple[Callable[[Any], Iterable[Any]], ...]
    definite: bool
    names: tuple[str | int, ...]  # of a reference path: names and indices; empty unless definite

    def find(self, value: Any) -> Any:
        """What it leads to from the root's value: a value or MISSING if definite, else a list."""
        found = [value]
        for step in self.steps:
            found = [hit for item in found for hit in step(item)]
        if self.definite:
            return found[0] if found else MISSING
        return found


_NAME = re.compile(r"[\w\-\u0080-\uffff]+")
_INDEX = re.compile(r"-?\d+")
_ROOT = re.compile(r"\$\$|\$[A-Za-z_][\w]*|\$")


@lru_cache(maxsize=4096)
def parse(text: str) -> JsonPath:
    """Parse a path; raises JsonPathSyntaxError."""
    root = _ROOT.match(text)
    if root is None:
        raise JsonPathSyntaxError(f"'{text}' is no JSONPath: it must start with $")
    steps: list[Callable[[Any], Iterable[Any]]] = []
    names: list[str | int] = []
    definite = True
    at = root.end()
    while at < len(text):
        step, name, at = _step(text, at)
        steps.append(step)
        if name is None:
            definite = False
        else:
            names.append(name)
    found_root = root.group()
    return JsonPath(
        text, found_root if found_root in ("$", "$$") else found_root[1:], tuple(steps), definite,
        tuple(names) if definite else (),
    )  # fmt: skip


def _step(text: str, at: int) -> tuple[Callable[[Any], Iterable[Any]], str | int | None, int]:
    if text.startswith("..", at):
        at += 2
        if text.startswith("*", at):
            return _descend(None), None, at + 1
        name = _NAME.match(text, at)
        if name is None:
            raise JsonPathSyntaxError(f"'{text}': a name or * must follow '..'")
        return _descend(name.group()), None, name.end()
    if text.startswith(".*", at):
        return _children, None, at + 2
    if text.startswith(".", at):
        name = _NAME.match(text, at + 1)
        if name is None:
            raise JsonPathSyntaxError(f"'{text}': a name must follow the '.' at {at}")
        return _member(name.group()), name.group(), name.end()
    if text.startswith("[", at):
        end = _closing(text, at)
        inside = text[at + 1 : end].strip()
        step, step_name = _bracket(text, inside)
        return step, step_name, end + 1
    raise JsonPathSyntaxError(f"'{text}': what stands at {at} is no step of a path")


def _closing(text: str, at: int) -> int:
    """Where the bracket opened at `at` closes, minding quotes and inner brackets."""
    depth, quote = 0, ""
    i = at
    while i < len(text):
        char = text[i]
        if quote:
            if char == "\\":
                i += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
            if depth == 0:
                return i
        i += 1
    raise JsonPathSyntaxError(f"'{text}': the bracket at {at} is never closed")


def _bracket(text: str, inside: str) -> tuple[Callable[[Any], Iterable[Any]], str | int | None]:
    if inside == "*":
        return _children, None
    if inside.startswith("?(") and inside.endswith(")"):
        return _filter(_condition(inside[2:-1])), None
    if re.fullmatch(r"-?\d*:-?\d*(:-?\d+)?", inside):
        parts = [int(part) if part else None for part in inside.split(":")]
        if len(parts) == 3 and parts[2] == 0:
            raise JsonPathSyntaxError(f"'{text}': a slice can't step by 0")
        cut = slice(*parts)
        return (lambda value: value[cut] if isinstance(value, list) else []), None
    keys = _split(inside, ",")
    picks = [_key(text, key.strip()) for key in keys]
    if len(picks) == 1:
        return (_member(picks[0]) if isinstance(picks[0], str) else _index(picks[0])), picks[0]
    many = [_member(pick) if isinstance(pick, str) else _index(pick) for pick in picks]
    return (lambda value: [hit for pick in many for hit in pick(value)]), None


def _key(text: str, key: str) -> str | int:
    if _INDEX.fullmatch(key):
        return int(key)
    if len(key) >= 2 and key[0] == key[-1] and key[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", key[1:-1])
    raise JsonPathSyntaxError(
        f"'{text}': [{key}] is neither an index, a quoted name, *, a slice nor a filter"
    )


def _split(text: str, separator: str) -> list[str]:
    """Split outside quotes, brackets and parentheses."""
    parts, depth, quote, start = [], 0, "", 0
    i = 0
    while i < len(text):
        char = text[i]
        if quote:
            if char == "\\":
                i += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif depth == 0 and text.startswith(separator, i):
            parts.append(text[start:i])
            i += len(separator)
            start = i
            continue
        i += 1
    parts.append(text[start:])
    return parts


def _member(name: str) -> Callable[[Any], Iterable[Any]]:
    return lambda value: (value[name],) if isinstance(value, dict) and name in value else ()


def _index(index: int) -> Callable[[Any], Iterable[Any]]:
    return lambda value: (
        (value[index],) if isinstance(value, list) and -len(value) <= index < len(value) else ()
    )


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _descend(name: str | None) -> Callable[[Any], Iterable[Any]]:
    def walk(value: Any) -> Iterable[Any]:
        if isinstance(value, dict) and name is not None and name in value:
            yield value[name]
        for child in _children(value):
            if name is None:
                yield child
            yield from walk(child)

    return walk


def _filter(condition: Callable[[Any], bool]) -> Callable[[Any], Iterable[Any]]:
    return lambda value: [item for item in _children(value) if condition(item)]


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def _condition(text: str) -> Callable[[Any], bool]:
    """A filter's condition: comparisons of `@` paths and constants, joined by && and ||, with ! before."""
    text = text.strip()
    either = _split(text, "||")
    if len(either) > 1:
        options = [_condition(part) for part in either]
        return lambda item: any(option(item) for option in options)
    both = _split(text, "&&")
    if len(both) > 1:
        needs = [_condition(part) for part in both]
        return lambda item: all(need(item) for need in needs)
    if text.startswith("!") and not text.startswith("!="):
        negated = _condition(text[1:])
        return lambda item: not negated(item)
    if text.startswith("(") and text.endswith(")"):
        return _condition(text[1:-1])
    for sign, compare in _COMPARISONS.items():
        sides = _split(text, sign)
        if len(sides) == 2:
            return _comparison(_operand(sides[0]), compare, _operand(sides[1]))
    there = _operand(text)
    return lambda item: there(item) is not MISSING


def _comparison(
    left: Callable[[Any], Any], compare: Callable[[Any, Any], Any], right: Callable[[Any], Any]
) -> Callable[[Any], bool]:
    def holds(item: Any) -> bool:
        a, b = left(item), right(item)
        if a is MISSING or b is MISSING:
            return False
        try:
            return bool(compare(a, b))
        except TypeError:  # a number and a text have no order
            return False

    return holds


def _operand(text: str) -> Callable[[Any], Any]:
    text = text.strip()
    if text.startswith("@"):
        path = parse("$" + text[1:])
        return path.find
    if len(text) >= 2 and text[0] == text[-1] == "'":
        constant: Any = re.sub(r"\\(.)", r"\1", text[1:-1])
    else:
        try:
            constant = json.loads(text)
        except ValueError as problem:
            raise JsonPathSyntaxError(f"'{text}' is neither an @ path nor a constant") from problem
    return lambda _: constant
