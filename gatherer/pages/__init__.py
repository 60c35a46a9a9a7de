"""The live pages: rendered here, kept up to date by server-sent events, read without a build step."""

from __future__ import annotations

from fastapi import FastAPI

from gatherer.api.parts import Parts
from gatherer.pages import home, runs, start
from gatherer.pages.live import Watchers
from gatherer.pages.mesh_pages import add_mesh_pages
from gatherer.pages.rendering import HEADERS, Static, error_page, login_page
from gatherer.pages.run_view import RunViews
from snakebatch.mesh.environment import Environment

ROUTERS = (home, runs, start)


def add_pages(app: FastAPI, parts: Parts) -> None:
    """Add every page to the application."""
    app.state.watchers = Watchers()
    app.state.batches = Environment.read().predict_batch_machine
    app.state.runs = RunViews(parts.jobs, app.state.batches, parts.clock)
    app.state.login_page, app.state.page_headers = login_page, HEADERS
    app.state.error_page = error_page
    app.mount("/static", Static(), name="static")
    for module in ROUTERS:
        app.include_router(module.router)
    add_mesh_pages(app, parts)
