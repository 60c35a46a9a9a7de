"""Trainings over HTTP: three kinds of data, one job each, however often the request is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gatherer.api.problems import MEDIA_TYPE
from tests.support.api import ApiBench, Caller
from tests.support.mesh import BUCKET

ROWS = [{"y": "a", "x": 1}, {"y": "b", "x": None, "word": 'é "quoted"\nline'}]
CSV = b"y,x\na,1\nb,2\n"
AGAIN = {"Idempotency-Key": "nightly-1"}


def started(api: ApiBench, model_id: str) -> Any:
    """The input that a job's execution was started with."""
    return json.loads(api.sfn.of(model_id)["input"])


def test_rows_become_a_csv_and_a_job(api: ApiBench, client: Caller) -> None:
    answer = client.post("/v9/train", json={"rows": ROWS, "target": "y", "n_layers": 2})

    assert answer.status_code == 202, answer.text
    model_id = answer.json()["model_id"]
    assert answer.json() == {
        "model_id": model_id,
        "status_url": f"/v9/status/{model_id}",
        "model_url": f"/v9/model/{model_id}",
        "run_url": f"/runs/{model_id}",
    }
    dataset = f"datasets/{model_id}.csv"
    assert started(api, model_id) == {
        "dataset": f"s3://{BUCKET}/{dataset}",
        "target": "y",
        "n_layers": 2,
        "job": model_id,
    }
    assert api.objects.get(dataset).decode() == 'y,x,word\r\na,1,\r\nb,,"é ""quoted""\nline"\r\n'
    status = client.get(f"/v9/status/{model_id}").json()
    assert (status["status"], status["state"]) == ("RUNNING", "Stage")


def test_a_csv_comes_with_its_parameters_as_fields(api: ApiBench, client: Caller) -> None:
    fields = {"target": "y", "n_layers": "3", "slots": "auto", "max_usd": "0.5", "dry_run": "true"}
    answer = client.post("/v9/train", files={"file": ("data.csv", CSV)}, data=fields)
    model_id = answer.json()["model_id"]
    assert api.objects.get(f"datasets/{model_id}.csv") == CSV
    asked = started(api, model_id)
    assert {name: asked[name] for name in fields} == {
        "target": "y",
        "n_layers": 3,
        "slots": "auto",
        "max_usd": 0.5,
        "dry_run": True,
    }


def test_a_large_csv_is_streamed_in_parts(api: ApiBench, client: Caller) -> None:
    data = b"y,x\n" + b"a,1\n" * (5 << 20)

    async def pieces() -> AsyncIterator[bytes]:
        body: bytes = form(FILE_PART[:-8] + data, TARGET)["content"]
        for start in range(0, len(body), 1 << 18):
            yield body[start : start + (1 << 18)]

    answer = client.post("/v9/train", content=pieces(), headers=form()["headers"])
    model_id = answer.json()["model_id"]
    head = api.s3.head_object(Bucket=BUCKET, Key=f"datasets/{model_id}.csv")
    assert head["ContentLength"] == len(data)
    assert head["ETag"].endswith('-3"'), "three parts of 8 MiB"


def test_data_in_s3_are_named(api: ApiBench, client: Caller) -> None:
    asked = {"dataset": "s3://other/data.csv", "target": 0, "seed": 7}
    model_id = client.post("/v9/train", json=asked).json()["model_id"]
    assert started(api, model_id) == {**asked, "job": model_id}


def test_what_is_no_data_of_this_bucket_is_not_read(client: Caller) -> None:
    asked = {"dataset": f"s3://{BUCKET}/service/keys.json", "target": "y"}
    answer = client.post("/v9/train", json=asked)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "dataset"


SOURCES: dict[str, dict[str, Any]] = {
    "rows": {"json": {"rows": ROWS, "target": "y"}},
    "uri": {"json": {"dataset": "s3://other/data.csv", "target": "y"}},
    "file": {"files": {"file": ("data.csv", CSV)}, "data": {"target": "y"}},
}
OTHERS: dict[str, dict[str, Any]] = {
    "rows": {"json": {"rows": [*ROWS, ROWS[0]], "target": "y"}},
    "uri": {"json": {"dataset": "s3://other/data.csv", "target": "x"}},
    "file": {"files": {"file": ("data.csv", CSV + b"c,3\n")}, "data": {"target": "y"}},
}


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_request_is_the_same_job(api: ApiBench, client: Caller, source: str) -> None:
    first = client.post("/v9/train", headers=AGAIN, **SOURCES[source])
    again = api.client(api.another()).post("/v9/train", headers=AGAIN, **SOURCES[source])
    assert again.json() == first.json()
    api.sfn.succeed(first.json()["model_id"], model=None)
    assert client.post("/v9/train", headers=AGAIN, **SOURCES[source]).json() == first.json()

    other = client.post("/v9/train", headers=AGAIN, **OTHERS[source])
    assert other.status_code == 422
    assert other.json()["errors"][0]["field"] == "Idempotency-Key"
    _, key = api.keys.add("other", api.clock.time())
    api.clock.sleep(10)
    theirs = api.client(Authorization=f"Bearer {key}").post("/v9/train", headers=AGAIN, **OTHERS[source])
    assert theirs.status_code == 202, "another caller's key is another name"


@pytest.mark.parametrize("lost", ["dataset", "execution"])
def test_a_request_that_was_cut_off_is_gone_on_with(
    api: ApiBench, client: Caller, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gatherer dies between the note of a request and its data, or its execution."""

    class DeadError(Exception):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise DeadError

    with monkeypatch.context() as patch:
        if lost == "dataset":
            patch.setattr("snakebatch.mesh.part_uploads.Sink.complete", die)
        else:
            patch.setattr(api.sfn, "start_execution", die)
        with pytest.raises(DeadError):
            client.post("/v9/train", headers=AGAIN, **SOURCES["file"])

    answer = client.post("/v9/train", headers=AGAIN, **SOURCES["file"])
    assert answer.status_code == 202
    assert api.objects.get(f"datasets/{answer.json()['model_id']}.csv") == CSV


def test_the_key_of_a_deleted_job_is_used_up(client: Caller) -> None:
    model_id = client.post("/v9/train", headers=AGAIN, **SOURCES["rows"]).json()["model_id"]
    assert client.delete(f"/v9/jobs/{model_id}").status_code == 202
    assert client.post("/v9/train", headers=AGAIN, **SOURCES["rows"]).status_code == 409


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"target": "y"}, "body"),
    ({"rows": ROWS, "dataset": "s3://b/k", "target": "y"}, "body"),
    ({"rows": ROWS}, "target"),
    ({"rows": ROWS, "target": "z"}, "target"),
    ({"rows": ROWS, "target": "y", "n_layers": 0}, "n_layers"),
    ({"rows": ROWS, "target": "y", "n_layers": "3"}, "n_layers"),
    ({"rows": ROWS, "target": "y", "colour": "red"}, "colour"),
    ({"rows": ROWS, "target": "y", "oppose_profile": "fast"}, "oppose_profile"),
    ({"rows": ROWS, "target": "y", "min_share": 0.5, "max_share": 0.2}, "body"),
    ({"rows": [], "target": "y"}, "rows"),
    ({"rows": [{"y": 1}], "target": "y"}, "rows"),
    ({"rows": [{"y": 1, "x": "\0"}], "target": "y"}, "rows"),
    ({"rows": [{"y": {"a": 1}, "x": 1}], "target": "y"}, "rows"),
    ({"rows": [{"y": 1, " x": 1}], "target": "y"}, "rows"),
    ({"rows": [1], "target": "y"}, "rows.0"),
    ({"dataset": "http://a/b", "target": "y"}, "dataset"),
]


@pytest.mark.parametrize(("asked", "field"), WRONG)
def test_what_is_wrong_is_named_and_nothing_is_kept(
    api: ApiBench, client: Caller, asked: dict[str, Any], field: str
) -> None:
    answer = client.post("/v9/train", json=asked, headers=AGAIN)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE
    said = answer.json()
    assert (said["status"], said["title"]) == (422, "Unprocessable Content")
    assert said["errors"][0]["field"] == field
    assert "Value error" not in said["detail"]
    assert list(api.objects.keys("")) == []
    assert api.sfn.calls["start_execution"] == 0


def test_several_faults_are_named_at_once(client: Caller) -> None:
    asked = {"rows": ROWS, "target": "y", "tau": 0, "bucket": 0}
    said = client.post("/v9/train", json=asked).json()
    assert [error["field"] for error in said["errors"]] == ["bucket", "tau"]


def form(*parts: bytes, end: bytes = b"--b--\r\n") -> dict[str, Any]:
    body = b"".join(b"--b\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts) + end
    return {"content": body, "headers": {"Content-Type": "multipart/form-data; boundary=b"}}


FILE_PART = b'name="file"; filename="a.csv"\r\n\r\ny,x\na,1\n'
TARGET = b'name="target"\r\n\r\ny'
BROKEN = {
    "no file": (form(TARGET), "file"),
    "no target": (form(FILE_PART), "target"),
    "two files": (form(FILE_PART, FILE_PART, TARGET), "file"),
    "a field twice": (form(FILE_PART, TARGET, TARGET), "target"),
    "an unknown field": (form(FILE_PART, TARGET, b'name="colour"\r\n\r\nred'), "colour"),
    "a bad number": (form(FILE_PART, TARGET, b'name="tau"\r\n\r\nmany'), "tau"),
    "no end": (form(FILE_PART, TARGET, end=b""), "body"),
    "no UTF-8": (form(FILE_PART, b'name="target"\r\n\r\n\xff'), "target"),
    "no boundary": ({**form(FILE_PART), "headers": {"Content-Type": "multipart/form-data"}}, "body"),
    "no form": ({"content": b"nonsense", "headers": form()["headers"]}, "body"),
    "no name": (form(b'filename="a"\r\n\r\nx'), None),
    "too much": (form(FILE_PART, b'name="target"\r\n\r\n' + b"y" * 70_000), "target"),
    "too many": (form(*[b'name="a%d"\r\n\r\nx' % n for n in range(101)]), None),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_form_is_refused(api: ApiBench, client: Caller, broken: str) -> None:
    given, field = BROKEN[broken]
    answer = client.post("/v9/train", **given)
    assert answer.status_code == 422, answer.text
    assert field is None or answer.json()["errors"][0]["field"] == field
    assert list(api.objects.keys("")) == []


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_form_may_come_in_any_pieces(api: ApiBench, client: Caller, size: int) -> None:
    body: bytes = form(FILE_PART, TARGET)["content"]

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]
            await asyncio.sleep(0)

    answer = client.post("/v9/train", content=pieces(), headers=form()["headers"])
    assert api.objects.get(f"datasets/{answer.json()['model_id']}.csv") == b"y,x\na,1\n"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"\xff", "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b'{"target": "y", "rows": [{"y": 1, "x": ' + b"9" * 5_000 + b"}]}", "application/json", 422),
        (b'{"target": "y", "rows": [{"y": "\\ud800", "x": 1}]}', "application/json", 422),
        (b'{"target": "\\ud800", "rows": [{"y": "a", "x": 1}]}', "application/json", 422),
        (b'{"target": "y", "\\ud800": 1, "rows": [{"y": "a", "x": 1}]}', "application/json", 422),
        (b'{"target": "y", "rows": [{"y": "a", "x": NaN}]}', "application/json", 202),
        (b'{"target": "y", "rows": [{"y": "a", "x": 1e999}]}', "application/json", 422),
        (b'{"target": "y", "n_layers": 2.0, "rows": [{"y": "a", "x": 1}]}', "application/json", 202),
        (CSV, "text/csv", 415),
        (CSV, "", 415),
    ],
)
def test_odd_bodies(client: Caller, content: bytes, kind: str, status: int) -> None:
    answer = client.post("/v9/train", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert status == 202 or answer.headers["content-type"] == MEDIA_TYPE


@pytest.mark.parametrize("key", ["", "a b", "a" * 256, "é"])
def test_an_idempotency_key_is_printable(client: Caller, key: str) -> None:
    answer = client.post("/v9/train", headers=[("Idempotency-Key", key.encode())], **SOURCES["rows"])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
