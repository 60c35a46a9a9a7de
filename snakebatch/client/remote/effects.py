"""What a flow asks of whoever drives it.

A flow is a generator: it yields what is to be done, is sent what came of it, and returns its result. It
touches neither network nor clock, so one flow serves ``MeshSnake`` (``drivers.SyncDriver``),
``AsyncMeshSnake`` (``drivers.AsyncDriver``) and tests. What goes wrong is thrown into it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeVar

READ_SECONDS = 60.0
"""How long an answer may be silent, where a request does not say."""

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    ``target`` is a path of the service, or a whole URL (of S3, say), which is never shown the key.
    ``content`` is sent again as it is when the request is. ``sink`` takes the body of a good answer from its
    start, so that a model never lies in memory. ``read_seconds`` is how long the answer may be silent.
    ``repeatable`` says that a second time does no harm.
    """

    method: str
    target: str
    content: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    sink: BinaryIO | None = None
    read_seconds: float = READ_SECONDS
    repeatable: bool = True

    @property
    def of_service(self) -> bool:
        """Whether it goes to the service itself."""
        return self.target.startswith("/")


@dataclass(frozen=True)
class Reply:
    """An answer; the names of its headers are in small letters. ``tries`` is how often it was asked for."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)
    tries: int = 1


@dataclass(frozen=True)
class Pause:
    """Wait that many seconds."""

    seconds: float


@dataclass(frozen=True)
class Work:
    """Blocking work, such as a call of boto3 or the reading of a model; event loops hand it to a thread."""

    do: Callable[[], Any]


Effect = Request | Pause | Work
Flow = Generator[Effect, Any, T]


class NoReplyError(Exception):
    """A request that was not answered; ``sent`` is False where it surely never reached the service."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


def working(do: Callable[[], T]) -> Flow[T]:
    """A flow of one piece of blocking work."""
    found: T = yield Work(do)
    return found
