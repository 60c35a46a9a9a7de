"""What MeshSnake does when the service is busy, slow, away or cross: tries are counted, pauses faked."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from snakebatch.client import AsyncMeshSnake, MeshSnake
from snakebatch.client.remote.calls import FIRST_PATIENCE, LONG_PATIENCE, PATIENCE, Caller
from snakebatch.client.remote.effects import NoReplyError, Pause, Reply, Request
from snakebatch.errors import (
    InputError,
    KeyRefusedError,
    NotReadyError,
    ServiceError,
    SnakeBatchError,
    UnknownJobError,
    UnreachableError,
)
from tests.support.fake_mesh import KEY, URL, FakeClock, FakeMesh, problem

ROWS = [{"y": "ab"[n % 2], "x": n % 7} for n in range(20)]
PARAMETERS: dict[str, Any] = {"target_index": "y", "n_layers": 1, "bucket": 10}
LOST = (httpx.ReadTimeout("slow"), httpx.ReadError("reset"), httpx.RemoteProtocolError("cut off"))


def fails(times: int, outcome: Callable[[], httpx.Response | Exception], path: str = "") -> Any:
    """A service that fails the first requests for a path, and then works."""
    left = [times]

    def before(request: httpx.Request) -> httpx.Response | None:
        if path not in f"{request.method} {request.url.path}" or not left[0]:
            return None
        left[0] -= 1
        found = outcome()
        if isinstance(found, Exception):
            raise found
        return found

    return before


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("path", ["POST /v9/upload", "POST /v9/train", "GET /v9/status", "GET /v9/model"])
def test_what_passes_is_tried_again(status: int, path: str) -> None:
    mesh = FakeMesh()
    mesh.before = fails(3, lambda: httpx.Response(status), path)
    MeshSnake(ROWS, **PARAMETERS, **mesh.how)
    assert mesh.count(path) == 3 + (3 if "status" in path else 1)
    assert len(mesh.jobs) == 1


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), *LOST])
@pytest.mark.parametrize("path", ["POST /v9/upload", "POST /v9/train", "GET /v9/status", "GET /v9/model"])
def test_a_broken_connection_is_tried_again(error: Exception, path: str) -> None:
    mesh = FakeMesh()
    mesh.before = fails(2, lambda: error, path)
    MeshSnake(ROWS, **PARAMETERS, **mesh.how)
    assert mesh.count(path) == 2 + (3 if "status" in path else 1)


def test_a_training_whose_answer_was_lost_is_not_started_twice() -> None:
    mesh = FakeMesh()
    lost = [2]

    def before(request: httpx.Request) -> None:
        if request.url.path == "/v9/train" and lost[0]:
            lost[0] -= 1
            mesh._train(request)  # it came in
            raise httpx.ReadError("and the answer did not come out")

    mesh.before = before
    MeshSnake(ROWS, **PARAMETERS, **mesh.how)
    posts = [request for request in mesh.seen if request.url.path == "/v9/train"]
    assert len(posts) == 3
    assert len({request.headers["idempotency-key"] for request in posts}) == 1
    assert len({request.content for request in posts}) == 1
    assert len(mesh.jobs) == 1


def test_the_same_training_twice_on_purpose_is_two_jobs() -> None:
    mesh = FakeMesh()
    first, second = (MeshSnake(ROWS, **PARAMETERS, **mesh.how) for _ in range(2))
    assert first.model_id != second.model_id
    assert len(mesh.jobs) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 409, 413, 422, 500, 501])
def test_what_does_not_pass_is_not_tried_again(status: int) -> None:
    mesh = FakeMesh()
    mesh.before = fails(9, lambda: problem(status, "no"))
    with pytest.raises(SnakeBatchError):
        MeshSnake(ROWS, **PARAMETERS, **mesh.how)
    assert len(mesh.seen) == 1
    assert mesh.clock.slept == []


def test_pauses_grow_and_are_spread() -> None:
    clock = FakeClock()
    pauses = list(_pauses(Caller(URL, clock, random.Random(1), met=True), clock, lambda: Reply(503)))
    limits = [0.25, 0.5, 1, 2, 4, 8, 15, 15, 15, 15]
    for pause, limit in zip(pauses, limits, strict=False):
        assert limit / 2 <= pause <= limit
    assert len(set(pauses)) == len(pauses)
    assert PATIENCE - 15 < sum(pauses) <= PATIENCE
    other = list(_pauses(Caller(URL, clock, random.Random(2), met=True), clock, lambda: Reply(503)))
    assert other != pauses


def _pauses(caller: Caller, clock: FakeClock, reply: Callable[[], Reply]) -> Iterator[float]:
    flow = caller.call(Request("GET", "/x"))
    effect = next(flow)
    while True:
        try:
            effect = flow.send(reply() if isinstance(effect, Request) else None)
        except StopIteration:
            return
        if isinstance(effect, Pause):
            clock.sleep(effect.seconds)
            yield effect.seconds


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7.0), ("0", 0.0), ("date", 30.0), ("100000", 120.0), ("soon", 0.0), ("-3", 0.0), ("past", 0.0)],
)
def test_a_wish_of_the_service_is_kept(said: str, seconds: float) -> None:
    clock = FakeClock()
    when = {"date": clock.now + 30, "past": clock.now - 99}.get(said)
    header = said if when is None else formatdate(when, usegmt=True)
    caller = Caller(URL, clock, met=True)
    flow = caller.call(Request("GET", "/x"), patience=1_000)
    next(flow)
    pause = flow.send(Reply(429, {"retry-after": header}))
    assert isinstance(pause, Pause)
    assert seconds <= pause.seconds <= max(seconds, 0.25)


def test_a_wrong_address_is_said_after_seconds_not_minutes() -> None:
    mesh = FakeMesh()
    mesh.before = fails(10**6, lambda: httpx.ConnectError("Connection refused"))
    with pytest.raises(
        UnreachableError, match=rf"{URL} did not answer \d times \(Connection refused\): check"
    ):
        MeshSnake(ROWS, **PARAMETERS, **mesh.how)
    assert 0 < sum(mesh.clock.slept) <= FIRST_PATIENCE


def test_a_gatherer_that_is_replaced_is_waited_for() -> None:
    mesh = FakeMesh()
    mesh.before = fails(30, lambda: httpx.ConnectError("refused"), "GET /v9/status")
    MeshSnake(ROWS, **PARAMETERS, **mesh.how)
    assert PATIENCE < sum(mesh.clock.slept) < LONG_PATIENCE


def test_a_wait_that_has_an_end_does_not_outlast_it_where_the_service_is_away() -> None:
    mesh = FakeMesh()
    mesh.before = fails(10**6, lambda: httpx.ConnectError("refused"), "GET /v9/status")
    with pytest.raises(UnreachableError):
        MeshSnake(ROWS, **PARAMETERS, timeout=20, **mesh.how)
    assert sum(mesh.clock.slept) <= 20


def test_a_deletion_whose_answer_was_lost_is_done() -> None:
    mesh = FakeMesh()
    snake = MeshSnake(ROWS, **PARAMETERS, **mesh.how)
    outcomes = [httpx.ReadError("lost"), problem(404, "there is no such job")]

    def before(request: httpx.Request) -> httpx.Response:
        found = outcomes.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    mesh.before = before
    snake.delete()
    outcomes = [problem(404, "there is no such job")]
    with pytest.raises(UnknownJobError):
        snake.delete()


def test_a_wait_that_is_given_up_says_how_to_go_on() -> None:
    mesh = FakeMesh()
    mesh.before = fails(10**6, lambda: httpx.ConnectError("refused"), "GET /v9/status")
    with pytest.raises(UnreachableError, match=r"MeshSnake.connect\('job\w+', url='http://mesh.test:8080'\)"):
        MeshSnake(ROWS, **PARAMETERS, **mesh.how)


def test_an_upload_that_was_perhaps_begun_is_not_begun_twice() -> None:
    """Nor is anything else that is not said to be repeatable."""
    clock = FakeClock()
    for failure, again in (
        (NoReplyError("lost", sent=True), False),
        (NoReplyError("refused", sent=False), True),
    ):
        flow = Caller(URL, clock, met=True).call(Request("POST", "/x", repeatable=False))
        next(flow)
        if again:
            assert isinstance(flow.throw(failure), Pause)
        else:
            with pytest.raises(UnreachableError):
                flow.throw(failure)
    for status, again in ((502, False), (504, False), (429, True), (503, True)):
        flow = Caller(URL, clock, met=True).call(Request("POST", "/x", repeatable=False))
        next(flow)
        if again:
            assert isinstance(flow.send(Reply(status)), Pause)
        else:
            with pytest.raises(StopIteration):
                flow.send(Reply(status))


def test_a_large_file_goes_on_after_a_broken_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snakebatch.client.remote.uploads.IN_ONE", 100)
    mesh = FakeMesh(part_bytes=32)
    mesh.before = fails(3, lambda: httpx.WriteError("broken pipe"), "parts/3")
    snake = MeshSnake(ROWS, **PARAMETERS, **mesh.how)
    (content,) = mesh.datasets.values()
    assert content.startswith(b'"y","x"\n')
    parts = -(-len(content) // 32)
    assert mesh.count("/parts/") == parts + 3
    assert mesh.count("POST /v9/uploads$") == 1
    assert snake.header == ["y", "x"]


def test_an_upload_that_is_gone_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snakebatch.client.remote.uploads.IN_ONE", 100)
    mesh = FakeMesh(part_bytes=64)
    mesh.before = fails(1, lambda: problem(404, "there is no such upload"), "complete")
    MeshSnake(ROWS, **PARAMETERS, **mesh.how)
    assert mesh.count("POST /v9/uploads$") == 2
    mesh.before = fails(2, lambda: problem(404, "there is no such upload"), "complete")
    with pytest.raises(UnknownJobError, match="there is no such upload"):
        MeshSnake(ROWS, **PARAMETERS, **mesh.how)


def test_a_model_that_breaks_off_is_fetched_from_its_start() -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b'{"version": "this is no'
            raise httpx.ReadError("reset")

    mesh = FakeMesh()
    mesh.before = fails(1, lambda: httpx.Response(200, stream=Broken()), "/stripped")
    assert MeshSnake(ROWS, **PARAMETERS, **mesh.how).header == ["y", "x"]


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (
            problem(422, "x", errors=[{"field": "bucket", "detail": "at least 1"}]),
            InputError,
            "bucket: at least 1",
        ),
        (
            problem(422, "bucket: no", errors=[{"field": "bucket", "detail": "no"}]),
            InputError,
            "^bucket: no$",
        ),
        (problem(413, "the body is too large"), InputError, "too large"),
        (problem(401, "no"), KeyRefusedError, r"refused the key: make a key .*`snakebatch keys add NAME`"),
        (problem(404, "there is no job"), UnknownJobError, "there is no job"),
        (problem(409, "job x still runs"), NotReadyError, "still runs"),
        (problem(500, "the gatherer has a fault"), ServiceError, r"failed \(500\): the gatherer has a fault"),
        (httpx.Response(500, text="<html>Oh no"), ServiceError, "said '<html>Oh no': is this the address of"),
        (httpx.Response(200, text="<html>Hello"), ServiceError, "what is no JSON object"),
        (httpx.Response(200, json=[1]), ServiceError, "what is no JSON object"),
        (
            httpx.Response(301, headers={"location": "https://x/v9/plan"}),
            ServiceError,
            "redirects to https://x/v9",
        ),
    ],
)
def test_what_an_answer_stands_for(answer: httpx.Response, error: type[Exception], says: str) -> None:
    mesh = FakeMesh()
    mesh.before = lambda request: answer
    with pytest.raises(error, match=says) as caught:
        MeshSnake.plan(100, **mesh.how)
    assert KEY not in str(caught.value)


def test_without_a_key_it_says_where_one_comes_from() -> None:
    mesh = FakeMesh()
    with pytest.raises(KeyRefusedError, match="wants a key: make a key where the mesh runs"):
        MeshSnake(ROWS, **PARAMETERS, **(mesh.how | {"key": ""}))


@pytest.mark.parametrize("target", ["", "file:///etc/passwd", "gopher://x"])
def test_a_redirect_to_nowhere(target: str) -> None:
    mesh = FakeMesh()
    mesh.before = fails(1, lambda: httpx.Response(307, headers={"location": target}), "GET /v9/model")
    with pytest.raises(ServiceError, match="answered a redirect to"):
        MeshSnake(ROWS, **PARAMETERS, **mesh.how)


def test_redirects_without_end() -> None:
    mesh = FakeMesh()
    mesh.before = fails(99, lambda: httpx.Response(307, headers={"location": "/v9/model/x"}), "GET /v9/model")
    with pytest.raises(ServiceError, match="3 redirects in a row"):
        MeshSnake(ROWS, **PARAMETERS, **mesh.how)


def test_too_few_answers_are_not_taken_for_some() -> None:
    mesh = FakeMesh()
    snake = MeshSnake(ROWS, **PARAMETERS, cloud_threshold=1, **mesh.how)
    mesh.before = lambda request: httpx.Response(200, json={"answers": ["a"]})
    with pytest.raises(ServiceError, match="1 answers came back for 20 rows"):
        snake.get_prediction(ROWS)
    mesh.before = lambda request: httpx.Response(200, json={"answers": "a"})
    with pytest.raises(ServiceError, match="no list of answers"):
        snake.get_prediction(ROWS)


def test_awaited_it_tries_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(mesh: FakeMesh) -> None:
        mesh.before = fails(3, lambda: httpx.ReadError("reset"), "GET /v9/status")
        async with await AsyncMeshSnake(ROWS, **PARAMETERS, **mesh.how):
            pass

    sync, other = FakeMesh(), FakeMesh()
    sync.before = fails(3, lambda: httpx.ReadError("reset"), "GET /v9/status")
    MeshSnake(ROWS, **PARAMETERS, **sync.how)
    asyncio.run(ask(other))
    assert [path.split()[0] for path in other.paths] == [path.split()[0] for path in sync.paths]
    assert len(other.clock.slept) == len(sync.clock.slept)
