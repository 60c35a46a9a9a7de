"""The live pages: rendered here, kept up to date by server-sent events, read without a build step."""

from __future__ import annotations

from fastapi import FastAPI

from gatherer.api.parts import Parts
from gatherer.pages.live import Watchers
from gatherer.pages.rendering import Static


def add_pages(app: FastAPI, parts: Parts) -> None:
    """Add every page to the application."""
    app.state.watchers = Watchers()
    app.mount("/static", Static(), name="static")
