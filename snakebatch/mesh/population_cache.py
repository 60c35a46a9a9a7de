"""Populations that a warm shard keeps."""

from __future__ import annotations

from pathlib import Path

from snakebatch.engine.population import Population
from snakebatch.mesh.content_cache import ON_DISK, ContentCache
from snakebatch.mesh.population_file import from_bytes


class PopulationCache(ContentCache[Population]):
    """Populations by content: see ``ContentCache``."""

    def __init__(self, folder: Path, *, in_memory: int = 2, on_disk: int = ON_DISK) -> None:
        super().__init__(folder, "population", from_bytes, in_memory=in_memory, on_disk=on_disk)
