"""The application: routes and pages over the same parts, behind one gate."""

from __future__ import annotations

import threading

from aws_lambda_powertools import Logger
from fastapi import FastAPI

from gatherer.api import continuing, health, jobs, login, models, plan, predict, train, uploads
from gatherer.api.buckets import Buckets
from gatherer.api.gate import Gate
from gatherer.api.keys import KeyRing
from gatherer.api.limits import Limits
from gatherer.api.openapi import PATH, add_document
from gatherer.api.parts import Parts
from gatherer.api.problems import add_problems
from gatherer.api.settings import Settings
from gatherer.api.status_cache import StatusCache
from gatherer.pages import add_pages
from snakebatch.mesh.api_keys import KeyFile
from snakebatch.version import VERSION

ROUTERS = (train, jobs, continuing, models, predict, uploads, plan, health, login)


def create_app(parts: Parts) -> FastAPI:
    """All routes and pages; nothing is asked of AWS before the first request."""
    settings: Settings = parts.settings
    app = FastAPI(title="SnakeBatch", version=VERSION, openapi_url=PATH, docs_url=None, redoc_url=None)
    app.state.parts = parts
    app.state.settings = settings
    app.state.logger = Logger("gatherer", child=True)
    app.state.keys = KeyRing(KeyFile(parts.jobs.store.objects), settings.keys_sha256, parts.clock)
    app.state.failures = Buckets(settings.failures, parts.clock)
    app.state.statuses = StatusCache(parts.jobs.status, parts.jobs.is_deleted, parts.clock)
    app.state.predictions = threading.BoundedSemaphore(settings.predictions or 1)
    for module in ROUTERS:
        app.include_router(module.router)
    add_pages(app, parts)
    add_problems(app)
    add_document(app)
    # The last that is added is the first that a request meets.
    app.add_middleware(Limits, settings=settings, clock=parts.clock)
    app.add_middleware(Gate, keys=app.state.keys, failures=app.state.failures, proxies=settings.proxies)
    return app
