"""The application: routes and pages over the same parts."""

from __future__ import annotations

from fastapi import FastAPI

from gatherer.api import health
from gatherer.api.parts import Parts
from gatherer.pages import add_pages
from snakebatch.version import VERSION


def create_app(parts: Parts) -> FastAPI:
    """All routes and pages; nothing is asked of AWS before the first request."""
    app = FastAPI(title="SnakeBatch", version=VERSION, docs_url=None, redoc_url=None)
    app.state.parts = parts
    app.include_router(health.router)
    add_pages(app, parts)
    return app
