"""A body that comes over the network, read by a thread of its own: who parses it does not wait for it."""

from __future__ import annotations

import io
from collections import deque
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 1 << 20
MOST_BLOCKS = 16
"""Blocks that wait for the parser at most: memory stays bounded where the network is the faster one."""


class ReadAhead(io.RawIOBase):
    """The stream of a body; what its ``read`` raises is raised where the parser comes to that place."""

    def __init__(self, body: Any, block: int = BLOCK, most: int = MOST_BLOCKS) -> None:
        self._body = body
        self._block = block
        self._most = most
        self._changed = Condition()
        self._fetched: deque[bytes | BaseException] = deque()
        self._stopped = False
        self._rest = memoryview(b"")
        self._thread = Thread(target=self._fetch, name="read-ahead", daemon=True)
        self._thread.start()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        if not self._rest:
            self._rest = memoryview(self._next())
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        """Stop the thread, after the block that it is reading, and close the body."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()
        self._body.close()
        super().close()

    def _next(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._fetched)
            block = self._fetched[0]
            # An error and the end, which is an empty block, stay for whoever asks again.
            if isinstance(block, BaseException):
                raise block
            if block:
                self._fetched.popleft()
                self._changed.notify_all()
            return block

    def _fetch(self) -> None:
        while not self._stopped:
            block: bytes | BaseException
            try:
                block = self._body.read(self._block)
            except BaseException as error:
                block = error
            with self._changed:
                self._fetched.append(block)
                self._changed.notify_all()
                self._changed.wait_for(lambda: len(self._fetched) < self._most or self._stopped)
            if not block or isinstance(block, BaseException):
                return
