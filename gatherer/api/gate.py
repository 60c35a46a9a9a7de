"""The gate before all routes and pages. It refuses by default: a new route is closed until it is named here.

It stands before the routing, so that unknown paths tell nobody without a key that they are unknown.
"""

from __future__ import annotations

from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gatherer.api.buckets import Buckets
from gatherer.api.keys import Caller, KeyRing
from gatherer.api.problems import API, problem
from snakebatch.errors import MeshError

OPEN_PATHS = frozenset({"/v9/health", "/login"})
OPEN_FOLDERS = ("/static/",)

COOKIE = "snakebatch_session"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="snakebatch"'}


class Gate:
    """Lets through what has a valid key or session, and what is open to everybody."""

    def __init__(self, app: ASGIApp, *, keys: KeyRing, failures: Buckets, proxies: int) -> None:
        self._app = app
        self._keys = keys
        self._failures = failures
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and is_open(scope["path"])):
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})  # there are none
            return
        request = Request(scope)
        found = await self._judge(request)
        if isinstance(found, Caller):
            scope.setdefault("state", {})["caller"] = found
            await self._app(scope, receive, send)
        else:
            await found(scope, receive, send)

    async def _judge(self, request: Request) -> Caller | Response:
        """The caller, or the answer to one who may not call."""
        key, token = bearer(request.headers), request.cookies.get(COOKIE)
        if key is None and not token:
            return _ask_for_key(request, "give a key: Authorization: Bearer KEY")
        try:
            caller = await self._look_up(key, token or "")
        except (ClientError, BotoCoreError, MeshError):
            return problem(503, "the keys can't be read: try again in a moment", headers={"Retry-After": "2"})
        if caller is None:
            wait = self._failures.take(address_of(request, self._proxies))
            if wait:
                # Right keys still pass: nobody guesses 256 bits, and who shares an address with a client
                # that has an old key is not to be locked out by it.
                return too_many(wait, "too many attempts with wrong keys from this address")
            return _ask_for_key(request, "this key or session is unknown, revoked or over: ask for another")
        if caller.session and request.method not in _SAFE and not same_origin(request.headers):
            return problem(403, "a session may change things from our own pages only: use a key instead")
        return caller

    async def _look_up(self, key: str | None, token: str) -> Caller | None:
        # A key that is named counts, whatever the cookie says.
        look = self._keys.of_session if key is None else self._keys.of_key
        given = token if key is None else key
        return await run_in_threadpool(look, given) if self._keys.stale else look(given)


def is_open(path: str) -> bool:
    """Whether everybody may ask for a path."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def bearer(headers: Headers) -> str | None:
    """The key of the header ``Authorization``; empty where it holds something else, None without one."""
    given = headers.get("authorization")
    if given is None:
        return None
    kind, _, key = given.partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def same_origin(headers: Headers) -> bool:
    """Whether a browser says that one of our own pages asks: other sites' forms can't say so."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    # Compared as text: what is no address at all is no origin of ours either.
    place = headers.get("origin", "").partition("://")[2]
    return bool(place) and place == headers.get("host")


def address_of(request: HTTPConnection, proxies: int) -> str:
    """The client's address, as our outermost proxy saw it; what a client itself writes there counts not."""
    seen = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
    if proxies and len(seen) >= proxies:
        return seen[-proxies]
    return request.client.host if request.client else ""


def too_many(wait: int, why: str) -> Response:
    """The answer to who asks too often."""
    return problem(429, f"{why}: try again in {wait} s", headers={"Retry-After": str(wait)})


def _ask_for_key(request: Request, why: str) -> Response:
    path = request.url.path
    if path.startswith(API) or request.method not in _SAFE:
        return problem(401, why, headers=_CHALLENGE)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/login?next={quote(path + query, safe='')}", 303, {"Cache-Control": "no-store"})
