"""Things that come from far away, fetched some at a time before their turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
V = TypeVar("V")


def ahead(fetch: Callable[[T], V], things: Iterable[T], most: int) -> Iterator[V]:
    """``fetch`` of each thing, in order, while up to ``most`` of those after it are being fetched.

    An error comes at its thing's turn; what was begun by then is dropped.
    """
    with ThreadPoolExecutor(most, thread_name_prefix="ahead") as fetchers:
        coming: deque[Future[V]] = deque()
        try:
            for thing in things:
                if len(coming) == most:
                    yield coming.popleft().result()
                coming.append(fetchers.submit(fetch, thing))
            while coming:
                yield coming.popleft().result()
        finally:
            for future in coming:
                future.cancel()
