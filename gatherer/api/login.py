"""``/login``: a key in exchange for a session of this browser, as Jupyter does it; ``/logout`` ends it."""

from __future__ import annotations

import html
from collections.abc import Callable
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gatherer.api.buckets import Buckets
from gatherer.api.forms import read_fields
from gatherer.api.gate import COOKIE, address_of
from gatherer.api.keys import SESSION_SECONDS, KeyRing
from gatherer.api.settings import Settings

router = APIRouter(include_in_schema=False)

LoginPage = Callable[[str | None, str], str]
"""Makes the page of a problem, or none, and of the path to go to then: ``app.state.login_page``."""

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_WRONG = "This key is unknown or revoked. Ask for another one."


@router.get("/login")
async def login(request: Request, key: str | None = None, next: str = "/") -> Response:
    """The form; or, with a key, the session."""
    if key is None:
        return _page(request, None, next, 200)
    return await _enter(request, key, next)


@router.post("/login")
async def login_by_form(request: Request) -> Response:
    """The form's own way, which leaves the key in no history."""
    fields = await read_fields(request)
    return await _enter(request, fields.get("key", ""), fields.get("next", "/"))


@router.post("/logout")
async def logout() -> Response:
    """End the session of this browser."""
    answer = RedirectResponse("/login", 303, _HEADERS)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


async def _enter(request: Request, key: str, goal: str) -> Response:
    keys: KeyRing = request.app.state.keys
    settings: Settings = request.app.state.settings
    failures: Buckets = request.app.state.failures
    caller = await run_in_threadpool(keys.of_key, key.strip())
    if caller is None:
        if failures.take(address_of(request, settings.proxies)):
            return _page(request, "Too many attempts. Wait a minute.", goal, 429)
        return _page(request, _WRONG, goal, 401)
    answer = RedirectResponse(local_path(goal), 303, _HEADERS)
    answer.set_cookie(
        COOKIE,
        keys.session(key.strip()),
        max_age=int(SESSION_SECONDS),
        httponly=True,
        samesite="strict",
        secure=_is_encrypted(request),
    )
    return answer


def local_path(goal: str) -> str:
    """Where to go after the login: a path of ours, never another site."""
    # Browsers read a backslash as a slash, and drop tabs and line ends.
    if not goal.startswith("/") or goal.startswith("//") or "\\" in goal or not goal.isprintable():
        return "/"
    parts = urlsplit(goal)
    return "/" if parts.scheme or parts.netloc or parts.path == "/login" else goal


def _is_encrypted(request: Request) -> bool:
    # Before a load balancer that ends TLS. Who writes this header himself makes only his own cookie stricter.
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))


def _page(request: Request, problem: str | None, goal: str, status: int) -> Response:
    make: LoginPage = getattr(request.app.state, "login_page", plain_page)
    headers: dict[str, str] = getattr(request.app.state, "page_headers", {})
    return HTMLResponse(make(problem, local_path(goal)), status, headers | _HEADERS)


def plain_page(problem: str | None, goal: str) -> str:
    """The form without any style."""
    said = f'<p role="alert">{html.escape(problem)}</p>' if problem else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Login - SnakeBatch</title></head>
<body><main><h1>SnakeBatch</h1>{said}
<form method="post" action="/login"><input type="hidden" name="next" value="{html.escape(goal)}">
<label>Key <input name="key" type="password" autocomplete="current-password" required autofocus></label>
<button>Log in</button></form></main></body></html>
"""
