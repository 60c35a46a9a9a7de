"""Whether the gatherer is alive, told over HTTP: what a load balancer and the machine's own probe ask."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from snakebatch.clock import Clock
from snakebatch.version import ENGINE, VERSION

PATH = "/v9/health"

PATIENCE = 300.0
"""Seconds without one successful look at the queue after which the gatherer counts as dead: receivers look
every two seconds, so that only a dead thread, lost credentials or a lost network takes that long.
"""

_CALLER_SECONDS = 5.0
"""A caller that sends its request more slowly is hung up on."""


class Pulse:
    """When a receiver last looked at the queue with success. Several threads beat, several ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = clock.time()

    def beat(self) -> None:
        """Note that a look succeeded."""
        self._last = self._clock.time()

    def silence(self) -> float:
        """Seconds since the last success, or since the start."""
        return max(0.0, self._clock.time() - self._last)

    def report(self) -> tuple[bool, dict[str, object]]:
        """Whether the gatherer is alive, and what it says of itself."""
        silence = self.silence()
        alive = silence <= PATIENCE
        said = {"status": "ok" if alive else "silent", "silent_seconds": round(silence, 1)}
        return alive, {**said, "version": VERSION, "engine": ENGINE}


@contextmanager
def health_server(pulse: Pulse, port: int) -> Iterator[int]:
    """Answer ``GET /v9/health`` on every interface while the block runs; yields the port (0: a free one).

    200 for a live gatherer, 503 for a silent one, 404 for any other path.
    """

    class Handler(_Handler):
        asked = pulse

    server = ThreadingHTTPServer(("", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    asked: ClassVar[Pulse]
    timeout = _CALLER_SECONDS
    server_version = "snakebatch"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer one probe."""
        if self.path.partition("?")[0] != PATH:
            self._answer(HTTPStatus.NOT_FOUND, {"status": "unknown path", "known": PATH})
            return
        alive, said = self.asked.report()
        self._answer(HTTPStatus.OK if alive else HTTPStatus.SERVICE_UNAVAILABLE, said)

    def _answer(self, status: HTTPStatus, said: dict[str, object]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a probe asks every few seconds, day and night."""
