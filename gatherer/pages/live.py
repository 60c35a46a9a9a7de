"""What changes while one looks: a function that looks, asked once a second for all who watch the same thing.

    @router.get("/live/grid", include_in_schema=False)
    async def live_grid(request: Request) -> Response:
        return await live(request, "grid", lambda: look_at_grid(parts))

``look_at_grid`` is plain code (it may wait for S3 or Step Functions: it runs in a thread) and returns a
``Look``. Asked for JSON, the route answers ``data`` once; asked for events (``Accept: text/event-stream`` or
``?stream=1``), it sends ``fragments`` (HTML by element id) and ``data``, each when it has changed, until the
look says that it ``ended``, what is looked at was deleted (``gone``), or the reader goes. ``static/live.js``
is the other end: an element ``<p data-live="/live/grid">`` starts it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from snakebatch.errors import UnknownJobError

_EVERY = 1.0
_HEARTBEAT = 15
"""Looks without news after which a comment is sent: proxies close what is silent for a minute."""

_MOST_STREAMS = 256
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """What was seen. ``fragments``: HTML by element id; ``data``: JSON, for scripts and other programs."""

    data: Any = None
    fragments: Mapping[str, str] = field(default_factory=dict)
    ended: bool = False


Looking = Callable[[], Look]
Pause = Callable[[float], Awaitable[None]]


class _Shared:
    """A look that several wait for, and when it was done by its event loop's clock."""

    def __init__(self, look: Looking) -> None:
        self.loop = asyncio.get_running_loop()
        self.done = math.inf
        self.task = asyncio.create_task(run_in_threadpool(look))
        self.task.add_done_callback(self._note)

    def _note(self, task: asyncio.Task[Look]) -> None:
        self.done = self.loop.time()
        if not task.cancelled():
            task.exception()  # whoever still waits is told; if nobody does, that is no warning

    def fresh(self, seconds: float) -> bool:
        """Whether it is under way, or was done less than ``seconds`` ago."""
        return self.loop is asyncio.get_running_loop() and self.loop.time() - self.done < seconds


class Watchers:
    """All streams of one server. Looks at the same thing are shared for ``every`` seconds."""

    def __init__(
        self, every: float = _EVERY, most: int = _MOST_STREAMS, pause: Pause = asyncio.sleep
    ) -> None:
        self.streams = 0
        self._every = every
        self._most = most
        self._pause = pause
        self._looks: dict[str, _Shared] = {}

    async def see(self, name: str, look: Looking) -> Look:
        """The look of ``name`` that is under way or fresh, else a new one."""
        self._looks = {key: shared for key, shared in self._looks.items() if shared.fresh(self._every)}
        if name not in self._looks:
            self._looks[name] = _Shared(look)
        # Who goes away must not end the look that others wait for.
        return await asyncio.shield(self._looks[name].task)

    @property
    def full(self) -> bool:
        return self.streams >= self._most

    async def stream(self, name: str, look: Looking) -> AsyncIterator[str]:
        """Server-sent events: what changed, a heartbeat where nothing did, ``end`` at the end."""
        self.streams += 1
        try:
            sent: dict[str, str] = {}
            silent = 0
            while True:
                news, ended = await self._news(name, look, sent)
                silent = 0 if news else silent + 1
                if news:
                    yield news
                elif silent % _HEARTBEAT == 0:
                    yield ": still here\n\n"
                if ended:
                    yield _event("end", "{}")
                    return
                await self._pause(self._every)
        finally:
            self.streams -= 1

    async def _news(self, name: str, look: Looking, sent: dict[str, str]) -> tuple[str, bool]:
        try:
            seen = await self.see(name, look)
        except UnknownJobError:
            # Deleted while somebody watches: no later look finds it either.
            return _event("gone", "{}"), True
        except Exception:
            # The next look may succeed; the reader is told that what it sees is old.
            _LOG.exception("could not look at %s", name)
            return _event("trouble", "{}"), False
        changed = {key: html for key, html in seen.fragments.items() if sent.get(key) != html}
        sent.update(changed)
        text = _event("fragments", json.dumps(changed)) if changed else ""
        data = json.dumps(seen.data)
        if seen.data is not None and sent.get("data:") != data:
            sent["data:"] = data
            text += _event("data", data)
        return text, seen.ended


def _event(kind: str, data: str) -> str:
    return f"event: {kind}\ndata: {data}\n\n"


def wants_events(request: Request) -> bool:
    """Whether the reader asked for a stream."""
    accepts = request.headers.get("accept", "")
    return "text/event-stream" in accepts or request.query_params.get("stream") == "1"


async def live(request: Request, name: str, look: Looking) -> Response:
    """Answer a live route; ``name`` says what is looked at, the same for all that may share a look.

    Raises what the first look raises: who asks for what is not there gets an answer and no stream.
    """
    watchers: Watchers = request.app.state.watchers
    seen = await watchers.see(name, look)
    if not wants_events(request):
        return JSONResponse(seen.data, headers=_HEADERS)
    if watchers.full:
        return JSONResponse(
            {
                "type": "about:blank",
                "title": "Too many live streams",
                "status": 503,
                "detail": "too many pages are being watched; ask for JSON instead, or again later",
            },
            status_code=503,
            headers={**_HEADERS, "Retry-After": "10"},
            media_type="application/problem+json",
        )
    return StreamingResponse(watchers.stream(name, look), headers=_HEADERS, media_type="text/event-stream")
