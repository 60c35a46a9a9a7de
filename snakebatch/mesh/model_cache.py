"""Compact models that a warm shard keeps."""

from __future__ import annotations

from pathlib import Path

from snakebatch.engine.model import Model
from snakebatch.mesh.content_cache import ON_DISK, ContentCache
from snakebatch.mesh.model_file import from_bytes

MOST_BYTES = 256 << 20
"""Of a compact model. Two of them asked all over, beside two populations, stay well under a shard's 4 GiB."""


class ModelCache(ContentCache[Model]):
    """Models by the content of their compact file: see ``ContentCache``."""

    def __init__(self, folder: Path, *, in_memory: int = 2, on_disk: int = ON_DISK) -> None:
        super().__init__(folder, "model", from_bytes, in_memory=in_memory, on_disk=on_disk)
