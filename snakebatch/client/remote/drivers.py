"""Who does what flows ask: one for threads, one for event loops. The one place that knows httpx."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, TypeVar

from snakebatch.client.extras import missing
from snakebatch.client.remote.effects import Effect, Flow, NoReplyError, Pause, Reply, Request, Work
from snakebatch.clock import Clock, SystemClock
from snakebatch.version import VERSION

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

CONNECT_SECONDS = 10.0
_HEADERS = {"User-Agent": f"snakebatch/{VERSION}", "Accept": "application/json"}


def load_httpx() -> Any:
    """The package httpx; raises MissingExtraError without it."""
    try:
        import httpx
    except ModuleNotFoundError as error:
        if error.name != "httpx":
            raise
        raise missing("httpx", "client") from None
    return httpx


class SyncDriver:
    """Drives flows in the calling thread. ``transport`` is one of httpx's, for tests."""

    def __init__(self, url: str | None, key: str | None, clock: Clock, transport: Any = None) -> None:
        self._clock = clock
        self._http: httpx.Client | None = None
        if url is not None:
            self._httpx = load_httpx()
            self._http = self._httpx.Client(**_options(self._httpx, url, key), transport=transport)

    def run(self, flow: Flow[T]) -> T:
        """Do all that the flow asks; returns its result, or raises what it raises."""
        try:
            effect = next(flow)
            while True:
                try:
                    found = self._do(effect)
                except BaseException as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(found)
        except StopIteration as end:
            result: T = end.value
            return result

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()

    def _do(self, effect: Effect) -> Any:
        if isinstance(effect, Pause):
            self._clock.sleep(effect.seconds)
            return None
        if isinstance(effect, Work):
            return effect.do()
        return self._exchange(effect)

    def _exchange(self, request: Request) -> Reply:
        assert self._http is not None, "no flow of a mesh without a service sends requests"
        try:
            with self._http.stream(**_asked(self._httpx, request)) as response:
                if request.sink is not None and response.status_code == 200:
                    _rewind(request)
                    for piece in response.iter_bytes():
                        request.sink.write(piece)
                    content = b""
                else:
                    content = response.read()
                return _reply(response, content)
        except self._httpx.TransportError as error:
            raise _unanswered(self._httpx, error) from error


class AsyncDriver:
    """Drives flows in the running event loop; a clock of the caller's own waits in a thread."""

    def __init__(self, url: str | None, key: str | None, clock: Clock, transport: Any = None) -> None:
        self._clock = clock
        self._http: httpx.AsyncClient | None = None
        if url is not None:
            self._httpx = load_httpx()
            self._http = self._httpx.AsyncClient(**_options(self._httpx, url, key), transport=transport)

    async def run(self, flow: Flow[T]) -> T:
        """Do all that the flow asks; returns its result, or raises what it raises."""
        try:
            effect = next(flow)
            while True:
                try:
                    found = await self._do(effect)
                except BaseException as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(found)
        except StopIteration as end:
            result: T = end.value
            return result

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()

    async def _do(self, effect: Effect) -> Any:
        if isinstance(effect, Pause):
            if isinstance(self._clock, SystemClock):
                await asyncio.sleep(effect.seconds)
            else:
                await asyncio.to_thread(self._clock.sleep, effect.seconds)
            return None
        if isinstance(effect, Work):
            return await asyncio.to_thread(effect.do)
        return await self._exchange(effect)

    async def _exchange(self, request: Request) -> Reply:
        assert self._http is not None, "no flow of a mesh without a service sends requests"
        try:
            async with self._http.stream(**_asked(self._httpx, request)) as response:
                if request.sink is not None and response.status_code == 200:
                    _rewind(request)
                    async for piece in response.aiter_bytes():
                        request.sink.write(piece)
                    content = b""
                else:
                    content = await response.aread()
                return _reply(response, content)
        except self._httpx.TransportError as error:
            raise _unanswered(self._httpx, error) from error


def _options(httpx: Any, url: str, key: str | None) -> dict[str, Any]:
    """Of a client of httpx. Redirects are followed by flows, which know who may be shown the key."""
    return {
        "base_url": url,
        "headers": _HEADERS,
        "auth": None if key is None else _bearer(httpx, key),
        "follow_redirects": False,
    }


def _bearer(httpx: Any, key: str) -> Any:
    """Adds the key as a request leaves, so that nothing that may be printed holds it before."""

    class Bearer(httpx.Auth):  # type: ignore[misc]  # httpx is not imported with this module
        def auth_flow(self, request: Any) -> Generator[Any, Any, None]:
            request.headers["Authorization"] = f"Bearer {key}"
            yield request

    return Bearer()


def _asked(httpx: Any, request: Request) -> dict[str, Any]:
    """The arguments of ``stream``."""
    asked = {
        "method": request.method,
        "url": request.target,
        "content": request.content,
        "headers": dict(request.headers),
        "timeout": httpx.Timeout(request.read_seconds, connect=CONNECT_SECONDS),
    }
    if request.params:
        asked["params"] = dict(request.params)
    # A key given to the client would go to S3 too, which is not to see it.
    return asked if request.of_service else asked | {"auth": None}


def _rewind(request: Request) -> None:
    """What an earlier try wrote is written over."""
    assert request.sink is not None
    request.sink.seek(0)
    request.sink.truncate()


def _reply(response: Any, content: bytes) -> Reply:
    return Reply(
        response.status_code, {name.lower(): value for name, value in response.headers.items()}, content
    )


def _unanswered(httpx: Any, error: Exception) -> NoReplyError:
    unsent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
    said = str(error) or type(error).__name__
    return NoReplyError(said, sent=not isinstance(error, unsent))
