"""What an expression reads: variables, and parts of `$states`, found without evaluating it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .jsonata import CHILDREN, parse

Reads = frozenset[tuple[str, ...]]
"""A variable and the plain names after it: `$run.job` is ("run", "job")."""


@lru_cache(maxsize=4096)
def reads(text: str) -> Reads:
    """What `{% ... %}` reads beside functions of JSONata and names that it binds itself.

    Raises ExpressionSyntaxError if it does not parse.
    """
    parsed = parse(text)
    return frozenset(
        path for path in _reads(parsed.ast, frozenset()) if parsed.environment.lookup(path[0]) is None
    )


def _reads(node: Any, bound: frozenset[str]) -> Iterator[tuple[str, ...]]:
    if isinstance(node, (list, tuple)):
        for item in node:
            # A block's expressions, and a path's steps, see what those before them bound.
            yield from _reads(item, bound)
            bound |= _binds(item)
        return
    kind = getattr(node, "type", None)
    # A function may call itself by the name it is bound to, and a step's predicates know the step's names.
    bound |= _binds(node)
    if kind == "variable" and node.value and node.value != "$" and node.value not in bound:
        yield (str(node.value),)
    if kind == "path" and (names := _names(node.steps)) and names[0] not in bound:
        yield names
        # The first step is read above, with the names after it.
        yield from _reads(list(node.steps)[1:], bound)
        yield from _parts(node.steps[0], bound)
        yield from _reads(getattr(node, "group", None), bound)
        return
    if kind == "lambda":
        bound |= {str(argument.value) for argument in node.arguments or []}
        yield from _reads(node.body, bound)
        return
    if kind == "bind":
        yield from _reads(node.rhs, bound)
        return
    yield from _parts(node, bound)


def _parts(node: Any, bound: frozenset[str]) -> Iterator[tuple[str, ...]]:
    for name in CHILDREN:
        child = getattr(node, name, None)
        if child is not None and not isinstance(child, str):
            yield from _reads(child, bound)


def _names(steps: Any) -> tuple[str, ...]:
    """The names of a path from its variable on, as far as they are plain."""
    steps = list(steps or [])
    if not steps or getattr(steps[0], "type", None) != "variable" or steps[0].value in ("", "$"):
        return ()
    names = [str(steps[0].value)]
    for step in steps[1:]:
        if getattr(step, "type", None) != "name":
            break
        names.append(str(step.value))
    return tuple(names)


def _binds(node: Any) -> frozenset[str]:
    """The names that what follows a node may read: `$x := ...`, and `@$x` and `#$i` of a step."""
    names = {str(node.lhs.value)} if getattr(node, "type", None) == "bind" else set()
    for member in ("focus", "index"):
        if isinstance(value := getattr(node, member, None), str):
            names.add(value)
    for stage in getattr(node, "stages", None) or []:
        if getattr(stage, "type", None) == "index":
            names.add(str(stage.value))
    return frozenset(names)
