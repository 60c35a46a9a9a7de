"""A body read ahead gives its bytes in order, its error in its place, and holds a few blocks only."""

from __future__ import annotations

import io
from threading import Event

import pytest

from snakebatch.mesh.read_ahead import ReadAhead


class Body:
    """Bytes, with an error after them if one is given; counts the blocks that were asked for."""

    def __init__(self, data: bytes, error: Exception | None = None, stop_at: int = -1) -> None:
        self._data = io.BytesIO(data)
        self._error = error
        self._stop_at = stop_at
        self.asked = 0
        self.reached = Event()
        self.closed = False

    def read(self, size: int) -> bytes:
        self.asked += 1
        if self.asked == self._stop_at:
            self.reached.set()
        block = self._data.read(size)
        if not block and self._error is not None:
            raise self._error
        return block

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("block", [1, 7, 1000])
@pytest.mark.parametrize("asked", [1, 10, 4096])
def test_the_bytes_come_in_order(block: int, asked: int) -> None:
    data = bytes(range(256)) * 4
    body = Body(data)
    with io.BufferedReader(ReadAhead(body, block, 3), asked) as stream:
        assert stream.read() == data
        assert stream.read() == b""
    assert body.closed


def test_an_error_comes_after_the_bytes_before_it_and_stays() -> None:
    with ReadAhead(Body(b"abc", OSError("cut off")), 2) as stream:
        assert stream.read(2) + stream.read(2) == b"abc"
        for _ in range(2):
            with pytest.raises(OSError, match="cut off"):
                stream.read(1)


def test_few_blocks_wait_for_a_slow_parser() -> None:
    body = Body(b"x" * 1000, stop_at=4)
    with ReadAhead(body, block=1, most=4) as stream:
        assert body.reached.wait(30)
        assert stream.read(1) == b"x"
    # Four waited, one was taken, and one more may have been read in its place.
    assert body.asked <= 5


def test_closing_ends_the_thread_before_the_end_of_the_body() -> None:
    body = Body(b"x" * 10_000)
    stream = ReadAhead(body, block=1, most=2)
    stream.read(1)
    stream.close()
    assert body.closed
    asked = body.asked
    assert asked < 10
    assert not stream._thread.is_alive()
