"""How much, how often, and how much at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gatherer.api.buckets import Buckets
from gatherer.api.problems import MEDIA_TYPE
from gatherer.api.settings import Rate, Settings
from snakebatch.clock import SimulatedClock
from snakebatch.errors import InputError
from tests.support.api import ApiBench

ROUTES = ["/v9/train", "/v9/predict-sync", "/v9/plan", "/v9/uploads"]
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ROUTES)
def test_a_body_that_says_it_is_too_large_is_not_read(api: ApiBench, path: str) -> None:
    app = api.another(json_bytes=100)
    answer = api.client(app).post(path, content=b" " * 101, headers=JSON)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["connection"] == "close"
    assert "100 bytes" in answer.json()["detail"]


@pytest.mark.parametrize("path", ROUTES)
def test_a_body_that_says_nothing_is_counted(api: ApiBench, path: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 10

    app = api.another(json_bytes=100)
    answer = api.client(app).post(path, content=pieces(), headers=JSON)
    assert answer.status_code == 413


def test_an_upload_may_be_larger_than_a_body_of_json(api: ApiBench) -> None:
    app = api.another(json_bytes=10, upload_bytes=1_000)
    caller = api.client(app)
    assert caller.post("/v9/upload", files={"file": ("a.csv", b"y,x\n" * 100)}).status_code == 201
    assert caller.post("/v9/upload", files={"file": ("a.csv", b"y,x\n" * 300)}).status_code == 413
    given = {"files": {"file": ("a.csv", b"y,x\na,1\n" * 20)}, "data": {"target": "y"}}
    assert caller.post("/v9/train", **given).status_code == 202


def test_what_came_of_an_upload_that_is_too_large_is_dropped(api: ApiBench) -> None:
    app = api.another(upload_bytes=20 << 20)

    async def pieces() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(21):
            yield b"x" * (1 << 20)

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = api.client(app).post("/v9/upload", content=pieces(), headers=headers)
    assert answer.status_code == 413
    assert "Uploads" not in api.s3.list_multipart_uploads(Bucket=api.bucket)
    assert list(api.objects.keys("")) == []


def test_a_bucket_fills_with_time() -> None:
    clock = SimulatedClock()
    buckets = Buckets(Rate(2, 3), clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 1]
    assert buckets.take("b") == 0, "each has its own"
    clock.sleep(0.5)
    assert [buckets.take("a") for _ in range(2)] == [0, 1]
    clock.sleep(100)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 1]


def test_the_least_used_bucket_is_forgotten() -> None:
    buckets = Buckets(Rate(0.1, 1), SimulatedClock(), most=2)
    assert [buckets.take(who) for who in ("a", "b", "a", "c")] == [0, 0, 10, 0]
    assert buckets.take("a") == 10
    assert buckets.take("b") == 0


def test_each_key_and_kind_has_its_rate(api: ApiBench) -> None:
    app = api.another(write=Rate(1, 2), read=Rate(1, 3))
    _, other = api.keys.add("other", api.clock.time())
    caller = api.client(app)
    plans = [caller.post("/v9/plan", json={"rows": 5}) for _ in range(3)]
    assert [answer.status_code for answer in plans] == [200, 200, 429]
    assert plans[-1].headers["Retry-After"] == "1"
    assert plans[-1].headers["content-type"] == MEDIA_TYPE
    assert [caller.get("/v9/jobs").status_code for _ in range(4)] == [200, 200, 200, 429]
    them = api.client(app, Authorization=f"Bearer {other}")
    assert them.post("/v9/plan", json={"rows": 5}).status_code == 200
    api.clock.sleep(1)
    assert caller.post("/v9/plan", json={"rows": 5}).status_code == 200
    assert api.anybody(app).get("/v9/health").status_code == 200, "probes are not counted"


def test_large_bodies_take_turns(api: ApiBench) -> None:
    """The first holds its place until it has come whole; another one meanwhile is sent away."""
    app = api.another(large_bodies=1)
    caller = api.client(app)
    body = b" " * (2 << 20)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield body
        begun.set()
        await go_on.wait()
        yield b"{}"

    async def both() -> tuple[int, int, int]:
        first = asyncio.create_task(caller._ask("POST", "/v9/plan", {"content": slow(), "headers": JSON}))
        await begun.wait()
        second = await caller._ask("POST", "/v9/plan", {"content": body, "headers": JSON})
        go_on.set()
        answered = await first
        third = await caller._ask("POST", "/v9/plan", {"content": body, "headers": JSON})
        return answered.status_code, second.status_code, third.status_code

    assert asyncio.run(both()) == (422, 503, 422)


def test_the_environment_sets_the_limits() -> None:
    settings = Settings.read_from(
        {
            "GATHERER_KEYS_SHA256": f"{'a' * 64}, {'B' * 64}",
            "GATHERER_MAX_JSON_BYTES": "5",
            "GATHERER_MAX_UPLOAD_BYTES": "6",
            "GATHERER_MAX_PART_BYTES": "7",
            "GATHERER_STREAM_BYTES": "8",
            "GATHERER_PREDICTIONS": "9",
            "GATHERER_LARGE_BODIES": "3",
            "GATHERER_PROXIES": "1",
            "GATHERER_RATE_READ": "0.5:7",
            "GATHERER_RATE_TRAIN": "",
            "OTHER": "x",
        }
    )
    assert settings == Settings(
        keys_sha256=("a" * 64, "b" * 64),
        json_bytes=5,
        upload_bytes=6,
        part_bytes=7,
        stream_bytes=8,
        predictions=9,
        large_bodies=3,
        proxies=1,
        read=Rate(0.5, 7),
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("GATHERER_RATE_READ", "7"),
        ("GATHERER_RATE_READ", "0:7"),
        ("GATHERER_RATE_TRAIN", "1:0"),
        ("GATHERER_MAX_JSON_BYTES", "many"),
        ("GATHERER_KEYS_SHA256", "secret"),
    ],
)
def test_a_setting_that_can_not_be_read_is_named(name: str, text: str) -> None:
    with pytest.raises(InputError, match=name):
        Settings.read_from({name: text})
