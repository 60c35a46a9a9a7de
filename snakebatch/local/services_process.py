"""S3, SQS and DynamoDB: moto's server, in the process that is nothing else.

moto decides a conditional write in two steps (look, then write) and answers each request in a thread of its own,
so two writers could both be told that they were first. Leases and create-only objects rest on exactly this;
hence the locks around what is conditional.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from snakebatch.local.processes import leave_with

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def serve(listener: int, lifeline: int) -> None:
    """Entry point of the services' process: serve on a socket that listens already, until the lifeline closes."""
    leave_with(lifeline)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    class Handler(MotoRequestHandler):
        # Headers and body leave in two writes: Nagle's algorithm would hold the second for 40 ms.
        disable_nagle_algorithm = True
        protocol_version = "HTTP/1.1"

    application = DomainDispatcherApplication(create_backend_app)
    guarded = one_at_a_time(application)
    with socket.socket(fileno=listener) as opened:
        host, port = opened.getsockname()
        server = make_server(host, port, guarded, threaded=True, request_handler=Handler, fd=listener)
    server.serve_forever()


def one_at_a_time(application: Application) -> Application:
    """Serialise conditional writes: all of DynamoDB, and what S3 shall write only if (not) there."""
    objects, items = threading.Lock(), threading.Lock()

    def lock_for(environ: dict[str, Any]) -> threading.Lock | None:
        if environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB"):
            return items
        writes = environ["REQUEST_METHOD"] in ("PUT", "POST", "DELETE")
        return objects if writes and ("HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MATCH" in environ) else None

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        lock = lock_for(environ)
        if lock is None:
            return application(environ, start_response)
        with lock:
            return list(application(environ, start_response))

    return guarded

