"""Tables to the service: a small one in one request, a large one in parts, each sent again if it is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from snakebatch.client.remote.effects import Flow, Reply, Request
from snakebatch.client.remote.tables import Table
from snakebatch.errors import ServiceError, UnknownJobError

IN_ONE = 4 << 20
"""Bytes up to which a table is sent in one request."""

PART_SECONDS = 120.0

Send = Callable[[Request], Flow[Reply]]
"""Sends a request; raises what an answer that is no good stands for."""


def upload(table: Table, send: Send) -> Flow[str]:
    """Send a table; returns its ``s3://`` address."""
    if table.size <= IN_ONE:
        reply = yield from send(_whole(table))
    else:
        reply = yield from _in_parts(table, send)
    return str(_body(reply)["dataset"])


def _whole(table: Table) -> Request:
    boundary = f"snakebatch-{table.digest}"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{table.name}"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    )
    content = head.encode() + table.part(0, table.size) + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return Request("POST", "/v9/upload", content, headers, read_seconds=PART_SECONDS)


def _in_parts(table: Table, send: Send) -> Flow[Reply]:
    try:
        return (yield from _parts(table, send))
    except UnknownJobError:
        # The upload is gone: it expired while the connection was broken, or it was completed by a request
        # whose answer was lost. Either way, once more from the start.
        return (yield from _parts(table, send))


def _parts(table: Table, send: Send) -> Flow[Reply]:
    begun = json.dumps({"name": table.name}).encode()
    headers = {"Content-Type": "application/json"}
    # Begun twice it is two uploads, one of which nobody ends: not to be sent again without need.
    opened = _body((yield from send(Request("POST", "/v9/uploads", begun, headers, repeatable=False))))
    place = f"/v9/uploads/{quote(str(opened['upload_id']), safe='')}"
    size = int(opened["part_bytes"])
    for number, start in enumerate(range(0, table.size, size), 1):
        part = table.part(start, size)
        raw = {"Content-Type": "application/octet-stream"}
        yield from send(Request("PUT", f"{place}/parts/{number}", part, raw, read_seconds=PART_SECONDS))
    return (yield from send(Request("POST", f"{place}/complete", read_seconds=PART_SECONDS)))


def _body(reply: Reply) -> dict[str, Any]:
    body = json.loads(reply.content)
    if not isinstance(body, dict):
        raise ServiceError("the service answered an upload with what is no object: is it a gatherer?")
    return body
