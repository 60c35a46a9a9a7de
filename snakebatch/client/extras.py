"""What to say where an extra of SnakeBatch is not installed."""

from __future__ import annotations

from snakebatch.errors import MissingExtraError


def missing(package: str, extra: str) -> MissingExtraError:
    """The error for a package that only ``extra`` brings."""
    message = f"{package} is not installed; run: pip install 'snakebatch[{extra}]'"
    return MissingExtraError(message, name=package)
