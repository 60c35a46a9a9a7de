"""Bytes of a request on their way into an object of S3, one part of it in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.concurrency import run_in_threadpool

from snakebatch.mesh.part_uploads import Sink


async def pour(sink: Sink, data: bytes) -> None:
    """Add bytes to a sink; in a thread where that calls S3."""
    if sink.fills(data):
        await run_in_threadpool(sink.add, data)
    else:
        sink.add(data)


@asynccontextmanager
async def pouring(sink: Sink) -> AsyncIterator[None]:
    """Whatever ends the block early leaves nothing of the sink in S3."""
    try:
        yield
    except BaseException:
        await run_in_threadpool(sink.abort)
        raise


@asynccontextmanager
async def received(sink: Sink, pieces: AsyncIterator[bytes]) -> AsyncIterator[Sink]:
    """Fill a sink; the block completes it."""
    async with pouring(sink):
        async for data in pieces:
            await pour(sink, data)
        yield sink
