"""S3, SQS and DynamoDB: moto's server, in the process that is nothing else; and slots, which moto has not.

moto decides a conditional write in two steps (look, then write) and answers each request in a thread of its
own, so two writers could both be told that they were first. Leases and create-only objects rest on exactly
this; hence the locks around what is conditional.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from snakebatch.clock import SystemClock
from snakebatch.local import lambda_server
from snakebatch.local.lambdas.provisioned import ProvisionedConcurrency
from snakebatch.local.moto_memory import forget_what_is_deleted
from snakebatch.local.processes import leave_with

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def serve(listener: int, lifeline: int) -> None:
    """Entry point of the process: serve on a socket that listens already, until the lifeline closes."""
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

    quicken_queues()
    forget_what_is_deleted()
    application = with_slots(DomainDispatcherApplication(create_backend_app))
    guarded = one_at_a_time(application)
    with socket.socket(fileno=listener) as opened:
        host, port = opened.getsockname()
        server = make_server(host, port, guarded, threaded=True, request_handler=Handler, fd=listener)
    server.serve_forever()


def quicken_queues() -> None:
    """Make moto's SQS usable with thousands of waiting messages.

    It reads the time through several datetime objects for each message of every scan, and lists all
    attributes of a queue (three scans) three times for each message received. At 1,000 messages this changes
    a receive from 600 to 4 ms, and a batch of ten from 230 to 13.
    """
    from moto.sqs import models

    def in_time(backend: Any, queue_name: str, message: Any) -> bool:
        kept = float(backend.get_queue(queue_name).message_retention_period)
        return bool(kept + message.sent_timestamp / 1000 > time.time())

    moto: Any = models
    moto.unix_time_millis = lambda: 1000 * time.time()
    moto.SQSBackend.is_message_valid_based_on_retention_period = in_time


def with_slots(application: Application) -> Application:
    """Offer Lambda's provisioned concurrency beside moto, which has none: of any function, ready at once.

    For who has no address of Lambda's own, as single functions on a laptop; the embedded cloud has one.
    """
    provisioned = ProvisionedConcurrency(lambda name, qualifier: True, SystemClock())

    def served(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not lambda_server.is_offered(environ["PATH_INFO"]):
            return application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"]
        said = lambda_server.answer(provisioned, method, path, query, body)
        start_response(f"{said.status} {HTTPStatus(said.status).phrase}", said.headers)
        return [said.body]

    return served


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
