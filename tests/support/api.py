"""The HTTP API over moto's S3 and scripted executions, asked in process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from fastapi import FastAPI

from gatherer.api.app import create_app
from gatherer.api.parts import Parts
from gatherer.api.settings import Settings
from gatherer.health import Pulse
from snakebatch.clock import SimulatedClock
from snakebatch.mesh.api_keys import KeyFile, hash_of
from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.predicting import PredictClient
from snakebatch.mesh.prediction_store import PredictionStore
from snakebatch.mesh.store import JobStore
from tests.support.executions import MACHINE, FakeExecutions, FakePredictions

KEY = "sb_a-key-that-tests-use"
"""Valid everywhere: its hash stands in the environment of the gatherers of a test."""

KEY_VARIABLES = {"GATHERER_KEYS_SHA256": hash_of(KEY)}
BEARER = {"Authorization": f"Bearer {KEY}"}


@dataclass
class Caller:
    """Asks an application as httpx does, without a socket; follows no redirect, keeps no cookie."""

    app: FastAPI
    headers: Mapping[str, str]

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        return asyncio.run(self._ask(method, path, given))

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.request("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.request("POST", path, **given)

    def put(self, path: str, **given: Any) -> httpx.Response:
        return self.request("PUT", path, **given)

    def delete(self, path: str, **given: Any) -> httpx.Response:
        return self.request("DELETE", path, **given)

    async def _ask(self, method: str, path: str, given: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gatherer", headers=self.headers
        ) as client:
            return await client.request(method, path, **given)


@dataclass
class ApiBench:
    """A gatherer's API; use within ``mock_aws``, over a bucket that is there."""

    s3: Any
    bucket: str
    clock: SimulatedClock
    settings: Settings = field(default_factory=lambda: Settings(keys_sha256=(hash_of(KEY),)))

    def __post_init__(self) -> None:
        self.objects = Objects(self.s3, self.bucket)
        self.store = JobStore(self.objects)
        self.sfn = FakeExecutions(self.clock)
        self.predictions = FakePredictions()
        self.jobs = Jobs(self.store, self.sfn, MACHINE, self.clock)  # type: ignore[arg-type]  # a fake
        self.keys = KeyFile(self.objects)
        self.pulse = Pulse(self.clock)
        self.app = self.another()

    def another(self, **settings: Any) -> FastAPI:
        """The application of one more gatherer of the same account."""
        parts = Parts(
            jobs=self.jobs,
            predict=PredictClient(self.predictions, "predict", PredictionStore(self.objects)),
            pulse=self.pulse,
            clock=self.clock,
            clients=lambda name: self.s3,
            settings=replace(self.settings, **settings),
        )
        return create_app(parts)

    def client(self, app: FastAPI | None = None, **headers: str) -> Caller:
        """A caller with a valid key, unless ``headers`` say otherwise."""
        return Caller(app or self.app, headers or BEARER)

    def anybody(self, app: FastAPI | None = None) -> Caller:
        """A caller without a key."""
        return Caller(app or self.app, {})
