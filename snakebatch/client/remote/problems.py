"""What an answer that is no good means: problem+json (RFC 9457) and statuses as errors of ours."""

from __future__ import annotations

import json
from typing import Any

from snakebatch.client.remote.effects import Reply
from snakebatch.errors import (
    InputError,
    KeyRefusedError,
    NotReadyError,
    ServiceError,
    SnakeBatchError,
    UnknownJobError,
    error_named,
)

_SHOWN = 300
"""Most characters of a message that is none of ours."""

_KEY = (
    "make a key where the mesh runs (`snakebatch keys add NAME`; `snakebatch serve` prints one), and give it "
    "as key=... or in SNAKEBATCH_KEY"
)

_OF_STATUS: dict[int, type[SnakeBatchError]] = {
    400: InputError,
    404: UnknownJobError,
    409: NotReadyError,
    411: InputError,
    413: InputError,
    415: InputError,
    422: InputError,
}


def problem_of(reply: Reply, url: str, *, had_key: bool) -> SnakeBatchError:
    """The error that an answer stands for; ``url`` is the service's, for messages."""
    if reply.status in (401, 403):
        why = "refused the key" if had_key else "wants a key"
        return _with_status(KeyRefusedError(f"the mesh at {url} {why}: {_KEY}"), reply.status)
    if 300 <= reply.status < 400:
        target = reply.headers.get("location", "nowhere")
        return _with_status(
            ServiceError(f"{url} redirects to {target}: give that address as url"), reply.status
        )
    body = _body(reply)
    if body is None:
        said = reply.content[:_SHOWN].decode(errors="replace").strip() or "nothing"
        return _with_status(
            ServiceError(
                f"{url} answered {reply.status} and said {' '.join(said.split())!r}: is this the address of "
                "a gatherer?"
            ),
            reply.status,
        )
    message = _message(body)
    named = error_named(str(body.get("type", "")).rpartition("/")[2].rpartition(":")[2], message)
    if named is not None:
        return named
    kind = _OF_STATUS.get(reply.status)
    if kind is not None:
        return kind(message)
    return _with_status(ServiceError(f"the mesh at {url} failed ({reply.status}): {message}"), reply.status)


def _with_status(error: ServiceError, status: int) -> ServiceError:
    error.status = status
    return error


def _body(reply: Reply) -> dict[str, Any] | None:
    if "json" not in reply.headers.get("content-type", ""):
        return None
    try:
        body = json.loads(reply.content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _message(body: dict[str, Any]) -> str:
    """The detail, and what each field lacks where it does not say so itself."""
    detail = str(body.get("detail") or body.get("title") or "no reason was given")
    found = body.get("errors")
    errors = [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
    told = [f"{entry.get('field', 'body')}: {entry.get('detail', 'is wrong')}" for entry in errors]
    return "; ".join([detail, *(line for line in told if line not in detail)])
