"""A mesh behind the HTTP API of its gatherer (docs/http-api.md)."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

from pydantic import ValidationError

from snakebatch.client.remote import uploads
from snakebatch.client.remote.calls import PATIENCE, Caller
from snakebatch.client.remote.effects import Flow, Reply, Request
from snakebatch.client.remote.mesh import job_status
from snakebatch.client.remote.problems import problem_of
from snakebatch.client.remote.questions import rows_text
from snakebatch.client.remote.tables import Table
from snakebatch.errors import InputError, ServiceError
from snakebatch.mesh.canonical import canonical
from snakebatch.mesh.job_status import JobStatus
from snakebatch.planner.plan import Plan

PREDICT_SECONDS = 330.0
"""An EXPRESS execution lasts five minutes at most."""

DOWNLOAD_SECONDS = 120.0

_JSON = {"Content-Type": "application/json"}
_REDIRECTS = frozenset({302, 303, 307, 308})
_MOST_REDIRECTS = 3


class HttpMesh:
    """Requests and what their answers mean; ``had_key`` says whether a key goes with them."""

    def __init__(self, caller: Caller, *, had_key: bool) -> None:
        self._caller = caller
        self._had_key = had_key

    @property
    def where(self) -> str:
        return f"url={self._caller.url!r}"

    def __repr__(self) -> str:
        return f"HttpMesh({self.where})"

    def train(self, table: Table, asked: Mapping[str, Any]) -> Flow[str]:
        dataset = table.uri
        if dataset is None:
            dataset = yield from uploads.upload(table, self.good)
        content = json.dumps({"dataset": dataset, **asked}).encode()
        # A nonce of this call: who trains the same twice on purpose gets two jobs, a request that is sent
        # twice gets one.
        key = hashlib.sha256(canonical([table.digest, asked, secrets.token_hex(16)]).encode()).hexdigest()
        request = Request("POST", "/v9/train", content, {**_JSON, "Idempotency-Key": key})
        return str((yield from self._json(request))["model_id"])

    def status(self, model_id: str, *, patience: float) -> Flow[JobStatus]:
        body = yield from self._json(Request("GET", _path("status", model_id)), patience)
        try:
            return job_status(body)
        except ValidationError as error:
            raise self._strange(
                f"a status that this version does not understand ({error.errors()[0]['msg']})"
            ) from error

    def fetch(self, model_id: str, sink: BinaryIO, *, stripped: bool) -> Flow[None]:
        path = _path("model", model_id) + ("/stripped" if stripped else "")
        request = Request("GET", path, sink=sink, read_seconds=DOWNLOAD_SECONDS)
        for _ in range(_MOST_REDIRECTS):
            reply = yield from self._caller.call(request)
            if reply.status not in _REDIRECTS:
                self._check(reply, request)
                return
            target = reply.headers.get("location", "")
            if urlsplit(target).scheme not in ("", "http", "https") or not target:
                raise self._strange(f"a redirect to {target[:80]!r}")
            request = Request("GET", target, sink=sink, read_seconds=DOWNLOAD_SECONDS)
        raise self._strange(f"{_MOST_REDIRECTS} redirects in a row")

    def predict(self, model_id: str, mode: str, lines: Sequence[str]) -> Flow[list[Any]]:
        content = f'{{"model_id":{json.dumps(model_id)},"mode":{json.dumps(mode)},"rows":{rows_text(lines)}}}'
        request = Request("POST", "/v9/predict-sync", content.encode(), _JSON, read_seconds=PREDICT_SECONDS)
        answers = (yield from self._json(request)).get("answers")
        if not isinstance(answers, list):
            raise self._strange("no list of answers")
        return answers

    def upload(self, model: bytes) -> Flow[str]:
        request = Request("POST", "/v9/models", model, _JSON, read_seconds=DOWNLOAD_SECONDS)
        return str((yield from self._json(request))["model_id"])

    def plan(self, asked: Mapping[str, Any]) -> Flow[Plan]:
        content = json.dumps(dict(asked)).encode()
        body = yield from self._json(Request("POST", "/v9/plan", content, _JSON))
        return Plan(**{field.name: body[field.name] for field in fields(Plan)})

    def resume(self, model_id: str, changes: Mapping[str, Any]) -> Flow[str]:
        content = json.dumps(dict(changes)).encode()
        # Not repeated where the answer was lost: each is a run of its own.
        request = Request("POST", _path("jobs", model_id) + "/resume", content, _JSON, repeatable=False)
        return str((yield from self._json(request))["model_id"])

    def partial(self, model_id: str) -> Flow[dict[str, Any]]:
        request = Request("POST", _path("jobs", model_id) + "/partial", read_seconds=DOWNLOAD_SECONDS)
        return (yield from self._json(request))

    def receipt(self, model_id: str) -> Flow[dict[str, Any]]:
        return (yield from self._json(Request("GET", _path("jobs", model_id) + "/receipt")))

    def trace(self, model_id: str) -> Flow[dict[str, Any]]:
        return (yield from self._json(Request("GET", _path("jobs", model_id) + "/trace")))

    def delete(self, model_id: str) -> Flow[None]:
        request = Request("DELETE", _path("jobs", model_id))
        reply = yield from self._caller.call(request)
        # Whose answer was lost has deleted it the first time.
        if reply.status != 404 or reply.tries == 1:
            self._check(reply, request)

    # requests

    def good(self, request: Request, patience: float = PATIENCE) -> Flow[Reply]:
        """The answer to a request, if it is a good one; else raises what it stands for."""
        reply = yield from self._caller.call(request, patience)
        self._check(reply, request)
        return reply

    def _json(self, request: Request, patience: float = PATIENCE) -> Flow[dict[str, Any]]:
        reply = yield from self.good(request, patience)
        return self.content(reply)

    def content(self, reply: Reply) -> dict[str, Any]:
        """The object that an answer holds."""
        try:
            body = json.loads(reply.content)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            said = reply.content[:80].decode(errors="replace")
            raise self._strange(f"what is no JSON object ({said!r})")
        return body

    def _check(self, reply: Reply, request: Request) -> None:
        if 200 <= reply.status < 300:
            return
        if not request.of_service:
            raise ServiceError(
                f"the storage that {self._caller.url} names answered {reply.status}: ask again, and look "
                "whether the network lets you reach it"
            )
        raise problem_of(reply, self._caller.url, had_key=self._had_key)

    def _strange(self, what: str) -> ServiceError:
        return ServiceError(
            f"{self._caller.url} answered {what}: is this the address of a gatherer, and of this version?"
        )


def _path(kind: str, model_id: str) -> str:
    return f"/v9/{kind}/{quote(model_id, safe='')}"


def checked_url(url: str) -> str:
    """An address of a service, without what is too much at its end; raises InputError on what is none."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"url is {url!r}; give the address of a gatherer, such as http://127.0.0.1:8080")
    if parts.username or parts.password:
        raise InputError("the url holds a name or a password: give the key as key=... or in SNAKEBATCH_KEY")
    if parts.query or parts.fragment:
        # Mostly the link that `snakebatch serve` prints: it holds the key, which errors must not show.
        raise InputError(
            "the url goes on after a ? or #, as a link to log in does: give the address alone, such as "
            "http://127.0.0.1:8100, and the key as key=... or in SNAKEBATCH_KEY"
        )
    try:
        parts.port  # noqa: B018  # raises on a port that is none
    except ValueError as error:
        raise InputError(f"url is {url!r}; its port is no number from 0 to 65535") from error
    return url.strip().rstrip("/")


def checked_key(key: str | None) -> str | None:
    """A key without the line end of its file; raises InputError, without showing it, on what can't be one."""
    if key is None or not key.strip():
        return None
    clean = key.strip()
    if not clean.isascii() or not clean.isprintable() or " " in clean:
        raise InputError("the key holds blanks or characters that no key has: give it as it was printed")
    return clean
