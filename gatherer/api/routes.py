"""Every route of an application, those of its routers too, which newer FastAPIs keep nested."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Scope


def routes_of(app: FastAPI) -> Iterator[BaseRoute]:
    """All routes; routers are included without a prefix, so that each has its whole path."""
    waiting = [*app.router.routes]
    while waiting:
        route = waiting.pop(0)
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            waiting = [*inner.routes, *waiting]


def methods_of(app: FastAPI, scope: Scope) -> list[str]:
    """The methods that a request's path is known for, of all routes that have it."""
    found: set[str] = set()
    for route in routes_of(app):
        if route.matches(scope)[0] is not Match.NONE:
            found |= set(getattr(route, "methods", None) or ())
    return sorted(found)
