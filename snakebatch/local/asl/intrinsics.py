"""The intrinsic functions `States.*` of JSONPath states.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
A call is parsed once into a closure over its arguments: constants, paths, or further calls.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import random
import re
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from . import jsonpath
from .errors import INTRINSIC_FAILURE, StateError

Resolve = Callable[[str], Any]
"""Gives the value of a path's text."""

Call = Callable[[Resolve], Any]


class IntrinsicSyntaxError(ValueError):
    """A call that can't be read, or names no function there is."""


def is_intrinsic(text: str) -> bool:
    """Whether a `.$` value is a call rather than a path."""
    return text.startswith("States.")


@lru_cache(maxsize=2048)
def parse(text: str) -> Call:
    """Parse `States.Name(arguments)`; raises IntrinsicSyntaxError."""
    call, at = _call(text, 0)
    if text[at:].strip():
        raise IntrinsicSyntaxError(f"'{text}': nothing may follow the closing parenthesis")
    return call


_NAME = re.compile(r"\s*(States\.\w+)\s*\(")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_PATH = re.compile(r"\$[^,()\s\[\]]*(\[(?:'(?:[^'\\]|\\.)*'|[^\]'])*\][^,()\s\[\]]*)*")


def _call(text: str, at: int) -> tuple[Call, int]:
    head = _NAME.match(text, at)
    if head is None:
        raise IntrinsicSyntaxError(f"'{text}': no call of an intrinsic function at {at}")
    name = head.group(1)
    function = _FUNCTIONS.get(name)
    if function is None:
        raise IntrinsicSyntaxError(f"'{name}' is no intrinsic function")
    arguments, at = _arguments(text, head.end())
    least, most = _ARITY[name]
    if not least <= len(arguments) <= most:
        raise IntrinsicSyntaxError(f"'{name}' takes {least} to {most} arguments, not {len(arguments)}")

    def call(resolve: Resolve) -> Any:
        values = [argument(resolve) for argument in arguments]
        try:
            return function(*values)
        except StateError:
            raise
        except (ArithmeticError, LookupError, TypeError, ValueError, binascii.Error) as problem:
            raise StateError(INTRINSIC_FAILURE, f"{name} failed: {problem}") from problem

    return call, at


def _arguments(text: str, at: int) -> tuple[list[Call], int]:
    arguments: list[Call] = []
    while True:
        at = _blank(text, at)
        if text.startswith(")", at) and not arguments:
            return arguments, at + 1
        argument, at = _argument(text, at)
        arguments.append(argument)
        at = _blank(text, at)
        if text.startswith(")", at):
            return arguments, at + 1
        if not text.startswith(",", at):
            raise IntrinsicSyntaxError(f"'{text}': a comma or a closing parenthesis is missing at {at}")
        at += 1


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _argument(text: str, at: int) -> tuple[Call, int]:
    if text.startswith("'", at):
        return _string(text, at)
    if text.startswith("States.", at):
        return _call(text, at)
    if text.startswith("$", at):
        path = _PATH.match(text, at)
        if path is None:
            raise IntrinsicSyntaxError(f"'{text}': no path at {at}")
        found = path.group()
        try:
            jsonpath.parse(found)
        except jsonpath.JsonPathSyntaxError as problem:
            raise IntrinsicSyntaxError(str(problem)) from problem
        return (lambda resolve: resolve(found)), path.end()
    for word, value in (("true", True), ("false", False), ("null", None)):
        if text.startswith(word, at):
            return _constant(value), at + len(word)
    number = _NUMBER.match(text, at)
    if number is None:
        raise IntrinsicSyntaxError(f"'{text}': no argument at {at}")
    return _constant(json.loads(number.group())), number.end()


def _constant(value: Any) -> Call:
    return lambda _: value


def _string(text: str, at: int) -> tuple[Call, int]:
    """A quoted text; its escapes stay until the function has seen its braces."""
    i, kept = at + 1, []
    while i < len(text):
        char = text[i]
        if char == "\\" and i + 1 < len(text):
            kept.append(text[i : i + 2])
            i += 2
        elif char == "'":
            return _constant(_Quoted("".join(kept))), i + 1
        else:
            kept.append(char)
            i += 1
    raise IntrinsicSyntaxError(f"'{text}': the quote at {at} is never closed")


class _Quoted(str):
    """A literal argument with its escapes still in it."""

    def plain(self) -> str:
        return re.sub(r"\\(.)", r"\1", self)


def _plain(value: Any) -> Any:
    return value.plain() if isinstance(value, _Quoted) else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _format(template: Any, *values: Any) -> str:
    if not isinstance(template, str):
        raise TypeError("the template must be a string")
    pieces = (
        re.split(r"(\\.|\{\})", template) if isinstance(template, _Quoted) else re.split(r"(\{\})", template)
    )
    filled, used = [], 0
    for piece in pieces:
        if piece == "{}":
            if used >= len(values):
                raise ValueError("there are more {} than values")
            filled.append(_text(_plain(values[used])))
            used += 1
        else:
            filled.append(piece[1:] if len(piece) == 2 and piece[0] == "\\" else piece)
    if used != len(values):
        raise ValueError("there are more values than {}")
    return "".join(filled)


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("an array is expected")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("a number is expected")
    return int(value + 0.5) if isinstance(value, float) else value


def _partition(items: Any, size: Any) -> list[Any]:
    step = _whole(size)
    if step < 1:
        raise ValueError("the chunk size must be positive")
    return [_array(items)[at : at + step] for at in range(0, len(_array(items)), step)]


def _range(first: Any, last: Any, step: Any) -> list[int]:
    by = _whole(step)
    if by == 0:
        raise ValueError("the step can't be 0")
    numbers = list(range(_whole(first), _whole(last) + (1 if by > 0 else -1), by))
    if len(numbers) > 1000:
        raise ValueError("an array range can't have more than 1,000 elements")
    return numbers


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _unique(items: Any) -> list[Any]:
    kept: list[Any] = []
    for item in _array(items):
        if not any(_same(item, other) for other in kept):
            kept.append(item)
    return kept


def _item(items: Any, index: Any) -> Any:
    if not 0 <= _whole(index) < len(_array(items)):
        raise IndexError(f"there is no item {index}")
    return items[_whole(index)]


def _limited(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError("a string is expected")
    if len(text) > 10_000:
        raise ValueError("a string of at most 10,000 characters is expected")
    return text


def _hash(data: Any, algorithm: Any) -> str:
    known = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
    if algorithm not in known:
        raise ValueError(f"the algorithm is one of {', '.join(known)}")
    return hashlib.new(known[algorithm], _limited(_text(data)).encode(), usedforsecurity=False).hexdigest()


def _merge(first: Any, second: Any, deep: Any) -> dict[str, Any]:
    if deep is not False:
        raise ValueError("only the shallow merge, with false, is there")
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise TypeError("two objects are expected")
    return {**first, **second}


def _random(start: Any, end: Any, seed: Any = None) -> int:
    generator = random.Random(seed) if seed is not None else random
    if _whole(end) <= _whole(start):
        raise ValueError("the end must be greater than the start")
    return generator.randrange(_whole(start), _whole(end))


def _split(text: Any, marks: Any) -> list[str]:
    if not isinstance(text, str) or not isinstance(marks, str) or not marks:
        raise TypeError("two strings are expected")
    return [part for part in re.split("[" + re.escape(marks) + "]", text) if part]


def _plainly(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: function(*(_plain(value) for value in values))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "States.Format": _format,
    "States.StringToJson": _plainly(lambda text: json.loads(text)),
    "States.JsonToString": _plainly(
        lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    ),
    "States.Array": _plainly(lambda *values: list(values)),
    "States.ArrayPartition": _plainly(_partition),
    "States.ArrayContains": _plainly(lambda items, value: any(_same(item, value) for item in _array(items))),
    "States.ArrayRange": _plainly(_range),
    "States.ArrayGetItem": _plainly(_item),
    "States.ArrayLength": _plainly(lambda items: len(_array(items))),
    "States.ArrayUnique": _plainly(_unique),
    "States.Base64Encode": _plainly(lambda text: base64.b64encode(_limited(text).encode()).decode()),
    "States.Base64Decode": _plainly(lambda text: base64.b64decode(_limited(text), validate=True).decode()),
    "States.Hash": _plainly(_hash),
    "States.JsonMerge": _plainly(_merge),
    "States.MathRandom": _plainly(_random),
    "States.MathAdd": _plainly(lambda a, b: _whole(a) + _whole(b)),
    "States.StringSplit": _plainly(_split),
    "States.UUID": _plainly(lambda: str(uuid.uuid4())),
}

_ARITY = {
    "States.Format": (1, 100), "States.StringToJson": (1, 1), "States.JsonToString": (1, 1),
    "States.Array": (0, 1000), "States.ArrayPartition": (2, 2), "States.ArrayContains": (2, 2),
    "States.ArrayRange": (3, 3), "States.ArrayGetItem": (2, 2), "States.ArrayLength": (1, 1),
    "States.ArrayUnique": (1, 1), "States.Base64Encode": (1, 1), "States.Base64Decode": (1, 1),
    "States.Hash": (2, 2), "States.JsonMerge": (3, 3), "States.MathRandom": (2, 3), "States.MathAdd": (2, 2),
    "States.StringSplit": (2, 2), "States.UUID": (0, 0),
}  # fmt: skip
