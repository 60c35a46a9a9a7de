"""The server of the API and the pages: uvicorn in a thread, beside the threads that drain the queue."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

_GRACE = 5
"""Seconds that requests in hand may take to end once the gatherer is told to stop."""


def listening(port: int, inherited: int | None) -> socket.socket:
    """The socket that the parent bound (its file descriptor), or a new one on every interface."""
    if inherited is not None:
        return socket.socket(fileno=inherited)
    return socket.create_server(("", port), reuse_port=False)


_KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than a load balancer's 60, and than a poller's pause.
Who closes first meets a request that is on its way.
"""


@contextmanager
def serving(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    """Answer requests at ``listener`` while the block runs."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=_KEEP_ALIVE,
        server_header=False,
        lifespan="on",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="http", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
