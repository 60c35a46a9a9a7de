"""A handler that does nothing: what is left is the price of asking."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: Any) -> None:
    """Answer null."""
