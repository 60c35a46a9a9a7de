"""The client of a mesh; and what others build with: estimators of scikit-learn, pictures of matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snakebatch.client.mesh_snake import MeshSnake
    from snakebatch.client.mesh_snake_async import AsyncMeshSnake

__all__ = ["AsyncMeshSnake", "MeshSnake"]


def __getattr__(name: str) -> Any:
    # Imported when it is asked for: who wants the estimators needs no client.
    if name == "MeshSnake":
        from snakebatch.client.mesh_snake import MeshSnake

        return MeshSnake
    if name == "AsyncMeshSnake":
        from snakebatch.client.mesh_snake_async import AsyncMeshSnake

        return AsyncMeshSnake
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
