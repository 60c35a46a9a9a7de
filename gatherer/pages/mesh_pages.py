"""The pages of the mesh, and what they are read with."""

from __future__ import annotations

from fastapi import FastAPI

from gatherer.api.parts import Parts
from gatherer.pages import concurrency, economics, explaining, grid
from gatherer.pages.mesh_state import add_mesh_state


def add_mesh_pages(app: FastAPI, parts: Parts) -> None:
    """Add the grid, the spawn panel, the plans and the pages that explain."""
    add_mesh_state(app, parts)
    for module in (grid, concurrency, economics, explaining):
        app.include_router(module.router)
