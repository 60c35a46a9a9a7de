"""Compact models that a warm shard keeps."""

from __future__ import annotations

from pathlib import Path

from snakebatch.engine.model import Model
from snakebatch.mesh.content_cache import ON_DISK, ContentCache
from snakebatch.mesh.model_file import from_bytes

MOST_BYTES = 384 << 20
"""Of a compact model, and of all that are in memory. Asked all over, they take some six times as much, which
leaves room for populations in a shard's 4 GiB; 1,000,000 rows in 5 layers have some 300 MB.
"""

MOST_MODELS = 8


class ModelCache(ContentCache[Model]):
    """Models by the content of their compact file: see ``ContentCache``."""

    def __init__(
        self,
        folder: Path,
        *,
        in_memory: int = MOST_MODELS,
        memory_bytes: int = MOST_BYTES,
        on_disk: int = ON_DISK,
    ) -> None:
        super().__init__(
            folder, "model", from_bytes, in_memory=in_memory, memory_bytes=memory_bytes, on_disk=on_disk
        )
