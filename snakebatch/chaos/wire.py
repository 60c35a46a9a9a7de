"""The wire: an HTTP proxy before a service, through which every request of every process passes.

Handlers, gatherers and the executor find their services under its address, by the endpoint variables that
every AWS SDK reads. What disturbs a request disturbs it here: their own clients see what they would see of
AWS, and retry as they would there.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from snakebatch.chaos.answers import Answer
from snakebatch.chaos.call import Call, call_of

_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect", "host"}
"""Headers of one connection, not of the request."""


class CutError(Exception):
    """The connection ends here, without (the rest of) an answer."""


class Exchange:
    """One request on its way: the caller's side, and the service's."""

    def __init__(self, handler: _Handler, call: Call) -> None:
        self.call = call
        self.headers = {name: value for name, value in handler.headers.items() if name.lower() not in _HOP}
        self._handler = handler

    def body(self) -> bytes:
        """All of the request's body."""
        return self._handler.rfile.read(self.call.size)

    def half_a_body(self) -> int:
        """Read half of the request's body; returns how many bytes are left out."""
        return self.call.size - len(self._handler.rfile.read(self.call.size // 2))

    def forward(self, body: bytes) -> Answer:
        """The service's answer."""
        return self._handler.forward(self.headers, body)

    def answer(self, answer: Answer) -> None:
        """Hand it to the caller."""
        self._handler.send(answer, answer.body)

    def answer_in_part(self, answer: Answer, size: int) -> None:
        """Hand over so many bytes of its body, and cut the connection."""
        self._handler.send(answer, answer.body[:size])
        raise CutError

    def answer_slowly(self, answer: Answer, pieces: int, pause: Callable[[], None]) -> None:
        """Hand its body over in pieces, with a pause before each."""
        size = max(1, -(-len(answer.body) // pieces))
        self._handler.send(answer, b"")
        for start in range(0, len(answer.body), size):
            pause()
            self._handler.wfile.write(answer.body[start : start + size])


Carry = Callable[[Exchange], None]
"""Carries one exchange out; may raise CutError."""


class Wire:
    """A proxy that runs until it is closed; ``url`` is where callers find the service at ``upstream``."""

    def __init__(self, upstream: str, carry: Carry) -> None:
        handler = type("Handler", (_Handler,), {"upstream": urlsplit(upstream).netloc, "carry": carry})
        self._http = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.05,), name="wire", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and end every connection."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self._http.end_connections()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open: set[socket.socket] = set()
        self._threads_open: set[threading.Thread] = set()
        self._guard = threading.Lock()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
            self._threads_open.add(threading.current_thread())
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                self._open.discard(request)
                self._threads_open.discard(threading.current_thread())

    def end_connections(self) -> None:
        """Callers keep theirs open for ever."""
        with self._guard:
            opened, threads = list(self._open), list(self._threads_open)
        for connection in opened:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was killed is no news."""


class _Handler(BaseHTTPRequestHandler):
    upstream: str
    carry: Carry
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    _connection: http.client.HTTPConnection | None = None

    def finish(self) -> None:
        """The caller is gone."""
        if self._connection is not None:
            self._connection.close()
        with suppress(OSError):
            super().finish()

    def _pass(self) -> None:
        call = call_of(self.command, self.path, dict(self.headers.items()))
        try:
            type(self).carry(Exchange(self, call))
        except CutError:
            self._cut()

    def do_GET(self) -> None:
        """Any request of that method."""
        self._pass()

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET  # noqa: N815  # http.server's names

    def forward(self, headers: dict[str, str], body: bytes) -> Answer:
        """Ask the service."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self.upstream)
        self._connection.request(self.command, self.path, body=body, headers=headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.will_close:
            self._connection.close()
        kept = tuple((name, value) for name, value in response.getheaders() if name.lower() not in _HOP)
        if self.command == "HEAD":
            # Of what would come; there is no body to count.
            kept += (("Content-Length", response.getheader("Content-Length") or "0"),)
        return Answer(response.status, kept, content)

    def send(self, answer: Answer, body: bytes) -> None:
        """Hand over an answer's head, and so much of its body."""
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.command != "HEAD" and answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not news."""
