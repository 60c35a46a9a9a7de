"""A gatherer for tests of its client: it plays a scripted service behind httpx's MockTransport.

It trains in this process, and answers questions as the mesh does: with the JSON of what Snake gives.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from snakebatch.engine.answers import answer
from snakebatch.engine.csv_table import read_csv
from snakebatch.engine.model import Model
from snakebatch.engine.training import check_parameters, train

URL, KEY = "http://mesh.test:8080", "a-key-that-nobody-may-see"

Answer = Callable[[httpx.Request], httpx.Response | None]


class FakeClock:
    """Time that passes as it is slept, at once; ``slept`` are the pauses."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class FakeMesh:
    """The service; ``seen`` are the requests, ``before`` may answer one instead of the service.

    A training takes ``looks`` statuses, ``failure`` is what it ends with. ``part_bytes`` are of resumable
    uploads.
    """

    looks: int = 3
    failure: tuple[str, str] | None = None
    part_bytes: int = 1 << 20
    before: Answer | None = None
    redirect_models: bool = False
    clock: FakeClock = field(default_factory=FakeClock)
    seen: list[httpx.Request] = field(default_factory=list)
    datasets: dict[str, bytes] = field(default_factory=dict)
    parts: dict[int, bytes] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    traces: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def how(self) -> dict[str, Any]:
        """Arguments of MeshSnake that lead here."""
        return {"url": URL, "key": KEY, "transport": self.transport, "clock": self.clock, "progress": False}

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.handle)

    @property
    def paths(self) -> list[str]:
        """Method and path of every request so far."""
        return [f"{request.method} {request.url.path}" for request in self.seen]

    def count(self, text: str) -> int:
        """How many requests' method and path match."""
        return sum(re.search(text, path) is not None for path in self.paths)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if self.before is not None and (instead := self.before(request)) is not None:
            return instead
        if request.url.host == "storage.test":
            assert "authorization" not in request.headers, "the storage is not to see the key"
            return self._model(request.url.path.removeprefix("/"))
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return problem(401, "no key")
        for method, pattern, route in self._routes():
            match = re.fullmatch(pattern, request.url.path)
            if match and method == request.method:
                return route(request, *match.groups())
        return problem(404, f"no route {request.method} {request.url.path}")

    def _routes(self) -> list[tuple[str, str, Callable[..., httpx.Response]]]:
        return [
            ("POST", "/v9/upload", self._upload),
            ("POST", "/v9/uploads", self._begin),
            ("PUT", r"/v9/uploads/u1/parts/(\d+)", self._part),
            ("POST", "/v9/uploads/u1/complete", self._complete),
            ("POST", "/v9/train", self._train),
            ("GET", r"/v9/status/(\w+)", self._status),
            ("GET", r"/v9/model/([\w-]+(?:/stripped)?)", lambda request, name: self._fetch(name)),
            ("POST", "/v9/models", self._put_model),
            ("POST", "/v9/predict-sync", self._predict),
            ("GET", r"/v9/jobs/(\w+)/receipt", self._receipt),
            ("GET", r"/v9/jobs/(\w+)/trace", self._trace),
            ("POST", r"/v9/jobs/(\w+)/resume", self._resume),
            ("POST", r"/v9/jobs/(\w+)/partial", lambda request, job: httpx.Response(200, json={"job": job})),
            ("DELETE", r"/v9/jobs/(\w+)", lambda request, name: httpx.Response(202, json={})),
        ]

    def _upload(self, request: httpx.Request) -> httpx.Response:
        boundary = request.headers["content-type"].partition("boundary=")[2].encode()
        part = request.content.split(b"--" + boundary)[1]
        head, _, body = part.partition(b"\r\n\r\n")
        assert b'name="file"' in head
        return self._dataset(body.removesuffix(b"\r\n"), 201)

    def _dataset(self, content: bytes, status: int) -> httpx.Response:
        uri = f"s3://jobs/datasets/{len(self.datasets)}.csv"
        self.datasets[uri] = content
        return httpx.Response(status, json={"dataset": uri, "bytes": len(content)})

    def _begin(self, request: httpx.Request) -> httpx.Response:
        self.parts.clear()
        return httpx.Response(201, json={"upload_id": "u1", "part_bytes": self.part_bytes})

    def _part(self, request: httpx.Request, number: str) -> httpx.Response:
        self.parts[int(number)] = request.content
        return httpx.Response(200, json={})

    def _complete(self, request: httpx.Request) -> httpx.Response:
        return self._dataset(b"".join(self.parts[number] for number in sorted(self.parts)), 200)

    def _train(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        key = request.headers["idempotency-key"]
        job = f"job{key[:8]}"
        if job not in self.jobs:
            self.jobs[job] = asked | {"looks": 0}
            if self.failure is None and asked["dataset"] in self.datasets:
                self.models[job] = trained(self.datasets[asked["dataset"]], asked)
        return httpx.Response(202, json={"model_id": job})

    def _resume(self, request: httpx.Request, job: str) -> httpx.Response:
        asked = self.jobs[job] | json.loads(request.content)
        again = f"{job}x"
        self.jobs[again] = asked | {"looks": 0}
        self.models[again] = trained(self.datasets[asked["dataset"]], asked)
        return httpx.Response(202, json={"model_id": again})

    def _status(self, request: httpx.Request, job: str) -> httpx.Response:
        if job not in self.jobs:
            return problem(404, f"there is no job {job}")
        self.jobs[job]["looks"] += 1
        return httpx.Response(200, json=self.status(job))

    def status(self, job: str) -> dict[str, Any]:
        looks = self.jobs[job]["looks"]
        body = {"model_id": job, "state": "Leaf", "started": 0.0, "seconds": float(looks)}
        if looks < self.looks:
            return body | {"status": "RUNNING", "leaves": looks, "leaves_expected": self.looks, "new": 1}
        if self.failure is None:
            return body | {"status": "SUCCEEDED", "ended": 9.0}
        return body | {"status": "FAILED", "ended": 9.0, "error": self.failure[0], "cause": self.failure[1]}

    def _receipt(self, request: httpx.Request, job: str) -> httpx.Response:
        counts = {"read": 8, "kept": 6, "duplicates": 2, "contradictions": 1}
        actual = {"leaves": 4, "buckets": 9, "usd": 0.0123, "seconds_by_step": {"stage": 1.0}}
        body = {"status": "TRAINED", "job": job, "fingerprint": "f" * 32, "training": {"seed": 7}}
        return httpx.Response(
            200,
            json=body | {"rows": counts, "actual": actual, "input": {"n_layers": 2}, "warnings": ["odd"]},
        )

    def _trace(self, request: httpx.Request, job: str) -> httpx.Response:
        if job not in self.traces:
            return problem(404, f"there is no job {job!r}")
        return httpx.Response(200, json=self.traces[job])

    def _fetch(self, name: str) -> httpx.Response:
        if self.redirect_models:
            return httpx.Response(307, headers={"location": f"http://storage.test/{name}"})
        return self._model(name)

    def _model(self, name: str) -> httpx.Response:
        model_id, _, form = name.partition("/")
        model = self.models[model_id]
        return httpx.Response(200, content="".join(model.pieces(stripped=bool(form))).encode())

    def _put_model(self, request: httpx.Request) -> httpx.Response:
        self.models["m-1"] = Model.read(json.loads(request.content))
        return httpx.Response(201, json={"model_id": "m-1"})

    def _predict(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        answers = answer(self.models[asked["model_id"]], asked["rows"], asked["mode"])
        return httpx.Response(200, json={**asked, "answers": json.loads(json.dumps(answers))})


def trained(table: bytes, asked: dict[str, Any]) -> Model:
    """What the mesh trains of a table: staging's reading, then the trainer."""
    intake = read_csv(
        lambda: io.TextIOWrapper(io.BytesIO(table), encoding="utf-8-sig", newline=""), asked["target"]
    )
    settings = check_parameters(
        n_layers=asked["n_layers"],
        bucket=asked["bucket"],
        noise=0,
        oppose_profile=asked["oppose_profile"],
        lookahead=asked["lookahead"],
        tau=asked["tau"],
        seed=asked.get("seed"),
        workers=1,
    )
    return train(intake, settings, asked.get("seed"), 1)


def problem(status: int, detail: str, **more: Any) -> httpx.Response:
    """An error as the service tells it."""
    body = {"type": "about:blank", "title": "x", "status": status, "detail": detail, **more}
    return httpx.Response(
        status, headers={"content-type": "application/problem+json"}, content=json.dumps(body)
    )
