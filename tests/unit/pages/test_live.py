"""Live streams: looks are shared, news alone is sent, and whoever goes away stops nobody else."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from gatherer.pages.live import Look, Watchers, live
from snakebatch.errors import UnknownJobError


class Scene:
    """Something to look at: counts the looks, and changes when told."""

    def __init__(self, *looks: Look | Exception) -> None:
        self.looks = list(looks)
        self.seen = 0

    def __call__(self) -> Look:
        self.seen += 1
        found = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(found, Exception):
            raise found
        return found


async def no_pause(seconds: float) -> None:
    await asyncio.sleep(0)


def eager(**options: Any) -> Watchers:
    """Watchers to whom no look is fresh once it is done."""
    return Watchers(every=0.0, pause=no_pause, **options)


async def taken(stream: AsyncIterator[str], count: int) -> list[str]:
    return [await anext(stream) for _ in range(count)]


def parsed(events: str) -> list[tuple[str, Any]]:
    """Events by kind, with their data."""
    found = []
    for block in events.split("\n\n"):
        if block and not block.startswith(":"):
            kind, data = block.split("\n")
            found.append((kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_only_what_changed_is_sent_and_the_end_is_said() -> None:
    scene = Scene(
        Look({"n": 1}, {"a": "<b>1</b>", "b": "same"}),
        Look({"n": 1}, {"a": "<b>1</b>", "b": "same"}),
        Look({"n": 2}, {"a": "<b>2</b>", "b": "same"}, ended=True),
    )

    async def watched() -> list[tuple[str, Any]]:
        return parsed("".join([text async for text in eager().stream("x", scene)]))

    assert asyncio.run(watched()) == [
        ("fragments", {"a": "<b>1</b>", "b": "same"}),
        ("data", {"n": 1}),
        ("fragments", {"a": "<b>2</b>"}),
        ("data", {"n": 2}),
        ("end", {}),
    ]


def test_silence_is_broken_by_heartbeats() -> None:
    async def watched() -> list[str]:
        stream = eager().stream("x", Scene(Look({"n": 1})))
        found = await taken(stream, 3)
        await stream.aclose()  # type: ignore[attr-defined]  # an async generator, said to be an iterator
        return found

    assert [text[0] for text in asyncio.run(watched())] == ["e", ":", ":"]


def test_a_look_that_fails_is_told_and_tried_again() -> None:
    async def watched() -> list[tuple[str, Any]]:
        scene = Scene(Look({"n": 1}), OSError("S3 is away"), Look({"n": 2}, ended=True))
        return parsed("".join([text async for text in eager().stream("x", scene)]))

    assert asyncio.run(watched()) == [("data", {"n": 1}), ("trouble", {}), ("data", {"n": 2}), ("end", {})]


def test_the_stream_of_what_is_deleted_says_so_and_ends() -> None:
    scene = Scene(Look({"n": 1}), UnknownJobError("there is no job 'x'"))

    async def play() -> list[str]:
        return [event async for event in eager().stream("x", scene)]

    kinds = [kind for kind, _ in parsed("".join(asyncio.run(asyncio.wait_for(play(), 10))))]
    assert kinds == ["data", "gone", "end"]


def test_a_hundred_who_watch_the_same_share_one_look() -> None:
    release = threading.Event()
    looks: list[int] = []

    def slow() -> Look:
        looks.append(1)
        assert release.wait(60)
        return Look({"n": 1})

    async def crowd() -> None:
        watchers = Watchers(every=1000.0)
        waiting = [asyncio.create_task(watchers.see("x", slow)) for _ in range(100)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # who goes away takes nobody's look along
        release.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert sum(isinstance(one, Look) for one in found) == 99
        await watchers.see("x", slow)

    asyncio.run(crowd())
    assert len(looks) == 1


def test_streams_are_counted_until_they_end() -> None:
    async def counted() -> list[int]:
        watchers = eager(most=1)
        stream = watchers.stream("x", Scene(Look({"n": 1})))
        await anext(stream)
        during = [watchers.streams, watchers.full]
        await stream.aclose()  # type: ignore[attr-defined]  # an async generator, said to be an iterator
        return [*during, watchers.streams, watchers.full]

    assert asyncio.run(counted()) == [1, True, 0, False]


def answered(watchers: Watchers, **how: Any) -> httpx.Response:
    """What a live route over these watchers answers."""
    app = FastAPI()
    app.state.watchers = watchers

    @app.get("/live/x")
    async def route(request: Request) -> Response:
        return await live(request, "x", Scene(Look({"n": 1}, {"a": "b"}, ended=True)))

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://gatherer"
        ) as client:
            return await client.get("/live/x", **how)

    return asyncio.run(asked())


def test_programs_get_the_data_alone() -> None:
    answer = answered(Watchers(most=0))
    assert (answer.status_code, answer.json()) == (200, {"n": 1})


HOW = {"query": {"params": {"stream": "1"}}, "header": {"headers": {"accept": "text/event-stream"}}}


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_events_are_sent_to_who_asks_for_them(how: Any) -> None:
    answer = answered(Watchers(), **how)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [kind for kind, _ in parsed(answer.text)] == ["fragments", "data", "end"]


def test_too_many_streams_are_told_to_come_again() -> None:
    answer = answered(Watchers(most=0), **HOW["query"])
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert answer.headers["content-type"] == "application/problem+json"
