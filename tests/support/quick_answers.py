"""What a short way to moto is, and how it says no: see ``quick_moto``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

WRITES = Lock()
"""Of two conditional writes, one sees what the other wrote."""

Answer = tuple[int, dict[str, Any]]
"""A status of HTTP, and what boto3 returns but for its own metadata."""


class RefusedError(Exception):
    """What S3 answers where it does not do what is asked; ``error`` is boto3's ``response["Error"]``."""

    def __init__(self, status: int, code: str, message: str, **more: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"Code": code, "Message": message, **more}


@dataclass(frozen=True)
class Quick:
    """``answer`` takes the client and ``parameters``, all that it knows, and does what is asked.

    It returns None, and has done nothing, where only the long way knows the answer.
    """

    parameters: frozenset[str]
    answer: Callable[..., Answer | None]
