"""SnakeBatch: train the Snake classifier across a mesh of Lambda functions, or on this machine.

The public names are imported when they are first asked for, so that ``import snakebatch`` costs next to
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snakebatch.version import VERSION

if TYPE_CHECKING:
    from snakebatch.snake import Snake

__version__ = VERSION

__all__ = ["Snake", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Snake":
        from snakebatch.snake import Snake

        return Snake
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
