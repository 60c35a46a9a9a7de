"""How much and how often: sizes of bodies, whatever they say of themselves, and requests of each key."""

from __future__ import annotations

from typing import Literal as OneOf

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatherer.api.buckets import Buckets
from gatherer.api.gate import too_many
from gatherer.api.problems import ProblemError, problem
from gatherer.api.settings import MiB, Settings
from snakebatch.clock import Clock

Kind = OneOf["read", "write", "train", "predict", "upload"]

LARGE = MiB
"""Bytes from which a body that is held whole in memory takes one of the few places for such."""

_CLOSE = {"Connection": "close"}
"""The rest of a body that is too large is not read, so nothing else can come on its connection."""

_BUSY = {"Retry-After": "1"}


def kind_of(method: str, path: str) -> Kind:
    """Which rate a request counts for."""
    if method in ("GET", "HEAD", "OPTIONS"):
        return "read"
    if path == "/v9/train" or path.endswith("/resume"):
        return "train"
    if path == "/v9/predict-sync":
        return "predict"
    return "upload" if path.startswith(("/v9/upload", "/v9/models")) else "write"


def most_bytes(path: str, content_type: str, settings: Settings) -> tuple[int, bool]:
    """The most bytes of a request's body, and whether it is held whole in memory."""
    if "/parts/" in path:
        return settings.part_bytes, True
    if path in ("/v9/upload", "/v9/models") or (
        path == "/v9/train" and content_type.startswith("multipart/form-data")
    ):
        return settings.upload_bytes, False
    return settings.json_bytes, True


class Limits:
    """Refuses what is too large (413), too often (429), or too much at once (503)."""

    def __init__(self, app: ASGIApp, *, settings: Settings, clock: Clock) -> None:
        self._app = app
        self._settings = settings
        rates = {kind: getattr(settings, kind) for kind in ("read", "write", "train", "predict", "upload")}
        self._buckets = {kind: Buckets(rate, clock) for kind, rate in rates.items()}
        self._large = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        caller = scope.get("state", {}).get("caller")
        if caller is not None:
            wait = self._buckets[kind_of(scope["method"], scope["path"])].take(caller.id)
            if wait:
                await too_many(wait, "too many requests with this key")(scope, receive, send)
                return
        headers = Headers(scope=scope)
        most, whole = most_bytes(scope["path"], headers.get("content-type", ""), self._settings)
        said = headers.get("content-length", "0")
        if not said.isascii() or not said.isdigit() or int(said) > most:
            answer = problem(413, _too_large(most), headers=_CLOSE)
            await answer(scope, receive, send)
            return
        body = _Body(self, receive, most, whole)
        try:
            await self._app(scope, body.receive, send)
        finally:
            body.leave()

    def enter(self) -> None:
        """Take a place for a large body; raises ProblemError where none is free."""
        if self._large >= self._settings.large_bodies:
            raise ProblemError(503, "too many large requests at once: try again", headers=_BUSY | _CLOSE)
        self._large += 1

    def leave(self) -> None:
        """Give the place back."""
        self._large -= 1


class _Body:
    """Counts a body as it comes: what it says of its length may be wrong, or missing."""

    def __init__(self, limits: Limits, receive: Receive, most: int, whole: bool) -> None:
        self._limits = limits
        self._receive = receive
        self._most = most
        self._whole = whole
        self._seen = 0
        self._entered = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._most:
            raise ProblemError(413, _too_large(self._most), headers=_CLOSE)
        if self._whole and self._seen > LARGE and not self._entered:
            self._limits.enter()
            self._entered = True
        return message

    def leave(self) -> None:
        if self._entered:
            self._limits.leave()


def _too_large(most: int) -> str:
    return (
        f"the body has more than {most:,} bytes, the most that is taken here; send larger data by an upload"
    )
