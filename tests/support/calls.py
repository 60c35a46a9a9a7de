"""Which AWS calls a handler can come to make, found in the source by the names that its code mentions.

Starting from a handler's module, every function or method of a mentioned name, in any module that the handler
imports, counts as reached: too many at worst, never too few.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from tests.support.handlers import ROOT

OURS = ("snakebatch.mesh", "snakebatch.graph", "gatherer")
"""What calls AWS; a test of imports holds the engine and the planner to not knowing it."""
CLIENTS = {
    "s3": "s3",
    "sqs": "sqs",
    "dynamodb": "dynamodb",
    "sfn": "states",
    "stepfunctions": "states",
    "lambda_client": "lambda",
    "cloudwatch": "cloudwatch",
}
"""How the library names a client, and how IAM names its service."""

Call = tuple[str, str]


def calls(handler: Path) -> set[Call]:
    """Pairs of service and boto3 method, paginators by the method that they page."""
    modules = _closure(handler)
    bodies: dict[str, list[ast.AST]] = {}
    waiting: list[ast.AST] = []
    for path in modules:
        for owner, node in _outermost(_tree(path)):
            if path == handler or not isinstance(node, ast.FunctionDef):
                waiting.append(node)  # the handler, and what stands at module level
            elif node.name.startswith("__") and owner:
                bodies.setdefault(owner, []).append(node)  # Python itself calls these
            else:
                bodies.setdefault(node.name, []).append(node)
    found: set[Call] = set()
    while waiting:
        node = waiting.pop()
        found |= set(_aws_calls(node))
        for name in _mentioned(node):
            waiting.extend(bodies.pop(name, []))
    return found


@functools.cache
def _tree(path: Path) -> ast.Module:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    return tree


def _closure(handler: Path) -> set[Path]:
    """The handler's module and every module of ours that it imports, directly or not."""
    seen: set[Path] = set()
    waiting = [handler]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(OURS):
                waiting.extend(_files(node.module))
                for alias in node.names:  # a module, perhaps
                    waiting.extend(_files(f"{node.module}.{alias.name}"))
    return seen


def _files(module: str) -> Iterator[Path]:
    place = ROOT / module.replace(".", "/")
    yield from (path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file())


def _outermost(tree: ast.AST, owner: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Statements and functions of a module, the functions of its classes among them with the class's name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _outermost(node, node.name)
        else:
            yield owner, node


def _mentioned(node: ast.AST) -> set[str]:
    attributes = {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}
    return attributes | {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _aws_calls(node: ast.AST) -> Iterator[Call]:
    for inner in ast.walk(node):
        if not (isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute)):
            continue
        owner, method = inner.func.value, inner.func.attr
        client = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", None)
        if client in CLIENTS:
            if method == "get_paginator":
                (name,) = inner.args
                assert isinstance(name, ast.Constant)
                method = str(name.value)
            yield CLIENTS[client], method
