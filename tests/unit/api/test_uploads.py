"""Uploads: in one request, and in parts that outlive a connection and a gatherer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from snakebatch.mesh.uploads import LEAST_PART
from tests.support.api import BEARER, ApiBench, Caller
from tests.support.mesh import BUCKET

RAW = {"Content-Type": "application/octet-stream"}
PART = b"a,1\n" * (LEAST_PART // 4)


def key_of(answer: object) -> str:
    return str(answer).removeprefix(f"s3://{BUCKET}/")


def test_a_file_is_uploaded_in_one_request(api: ApiBench, client: Caller) -> None:
    answer = client.post("/v9/upload", files={"file": ("my data.csv", b"y,x\na,1\n")})
    assert answer.status_code == 201
    assert answer.json()["bytes"] == 8
    key = key_of(answer.json()["dataset"])
    assert key.startswith("datasets/uploads/")
    assert key.endswith("/my-data.csv")
    assert api.objects.get(key) == b"y,x\na,1\n"
    asked = {"dataset": answer.json()["dataset"], "target": "y"}
    assert client.post("/v9/train", json=asked).status_code == 202


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/a.csv.gz", "etc-a.csv.gz"),
        ("é☃", "data.csv"),
        (".", "data.csv"),
        ("x" * 250 + ".csv", None),
    ],
)
def test_a_name_becomes_a_safe_key(client: Caller, name: str, kept: str | None) -> None:
    upload_id = client.post("/v9/uploads", json={"name": name}).json()["upload_id"]
    client.put(f"/v9/uploads/{upload_id}/parts/1", content=b"y", headers=RAW)
    key = key_of(client.post(f"/v9/uploads/{upload_id}/complete").json()["dataset"])
    folder, _, last = key.rpartition("/")
    assert folder.count("/") == 2
    assert last == kept or (kept is None and len(last) == 100 and last.endswith(".csv"))


def test_an_interrupted_upload_goes_on_through_another_gatherer(api: ApiBench, client: Caller) -> None:
    begun = client.post("/v9/uploads", json={"name": "big.csv"}).json()
    upload = f"/v9/uploads/{begun['upload_id']}"
    assert begun["part_bytes"] >= LEAST_PART
    head, tail = b"y,x\n" + PART, b"b,2\n"
    kept = client.put(f"{upload}/parts/1", content=head, headers=RAW)
    assert kept.json() == {"number": 1, "bytes": len(head)}

    second = api.client(api.another())
    assert second.get(upload).json()["parts"] == [kept.json()]
    assert second.put(f"{upload}/parts/3", content=tail, headers=RAW).status_code == 200
    early = second.post(f"{upload}/complete")
    assert (early.status_code, early.json()["errors"][0]["field"]) == (422, "parts")
    assert "part 2 is missing" in early.json()["detail"]
    for data in (b"x" * LEAST_PART, PART):  # sent twice: the last counts
        assert second.put(f"{upload}/parts/2", content=data, headers=RAW).status_code == 200

    done = second.post(f"{upload}/complete").json()

    assert done["bytes"] == len(head + PART + tail)
    assert api.objects.get(key_of(done["dataset"])) == head + PART + tail
    assert client.post(f"{upload}/complete").json() == done, "the answer may have been lost"
    assert client.put(f"{upload}/parts/1", content=head, headers=RAW).status_code == 404


def test_a_short_part_is_named(client: Caller) -> None:
    upload = f"/v9/uploads/{client.post('/v9/uploads', json={}).json()['upload_id']}"
    assert "send part 1" in client.post(f"{upload}/complete").json()["detail"]
    for number in (1, 2):
        client.put(f"{upload}/parts/{number}", content=b"short", headers=RAW)
    assert "part 1 has 5 bytes" in client.post(f"{upload}/complete").json()["detail"]


@pytest.mark.parametrize("finished", [False, True])
def test_an_upload_is_given_up(api: ApiBench, client: Caller, finished: bool) -> None:
    upload = f"/v9/uploads/{client.post('/v9/uploads', json={}).json()['upload_id']}"
    client.put(f"{upload}/parts/1", content=b"y,x\n", headers=RAW)
    if finished:
        client.post(f"{upload}/complete")
    answer = client.delete(upload)
    assert (answer.status_code, answer.content) == (204, b"")
    assert list(api.objects.keys("")) == []
    assert "Uploads" not in api.s3.list_multipart_uploads(Bucket=BUCKET)
    assert client.delete(upload).status_code == 404


@pytest.mark.parametrize("upload_id", ["none", "0" * 32, "..", "a%2Fb", "é"])
def test_an_unknown_upload_is_not_found(client: Caller, upload_id: str) -> None:
    upload = f"/v9/uploads/{upload_id}"
    answers = [
        client.get(upload),
        client.delete(upload),
        client.post(f"{upload}/complete"),
        client.put(f"{upload}/parts/1", content=b"x", headers=RAW),
    ]
    assert {answer.status_code for answer in answers} <= {404, 405}


@pytest.mark.parametrize(
    ("number", "data", "kind", "status"),
    [
        ("0", b"x", RAW["Content-Type"], 422),
        ("10001", b"x", RAW["Content-Type"], 422),
        ("x", b"x", RAW["Content-Type"], 422),
        ("1", b"", RAW["Content-Type"], 422),
        ("1", b"x", "text/csv", 415),
    ],
)
def test_a_bad_part_is_refused(client: Caller, number: str, data: bytes, kind: str, status: int) -> None:
    upload = f"/v9/uploads/{client.post('/v9/uploads', json={}).json()['upload_id']}"
    answer = client.put(f"{upload}/parts/{number}", content=data, headers={"Content-Type": kind})
    assert answer.status_code == status


def test_a_part_has_a_largest_size(api: ApiBench) -> None:
    client = api.client(api.another(part_bytes=10))
    begun = client.post("/v9/uploads", json={}).json()
    assert begun["part_bytes"] == 10
    upload = f"/v9/uploads/{begun['upload_id']}"
    assert client.put(f"{upload}/parts/1", content=b"x" * 11, headers=RAW).status_code == 413


def test_a_caller_that_goes_away_leaves_nothing(api: ApiBench) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    messages: list[Any] = [
        {"type": "http.request", "body": head + b"x" * (9 << 20), "more_body": True},
        {"type": "http.disconnect"},
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v9/upload",
        "query_string": b"",
        "headers": [
            (b"authorization", BEARER["Authorization"].encode()),
            (b"content-type", b"multipart/form-data; boundary=b"),
        ],
    }
    told: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        told.append(message)

    asyncio.run(api.app(scope, receive, send))

    assert told[0]["status"] == 400, "which nobody reads"
    assert list(api.objects.keys("")) == []
    assert "Uploads" not in api.s3.list_multipart_uploads(Bucket=BUCKET)
