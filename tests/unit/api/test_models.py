"""Models over HTTP: fetched and uploaded."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.api import ApiBench, Caller
from tests.support.mesh import BUCKET
from tests.support.predictions import small_snake

ASKED = {"rows": [{"y": "a", "x": 1}, {"y": "b", "x": 2}], "target": "y"}
JSON = {"Content-Type": "application/json"}
BIG = b'{"model": "' + b"x" * (3 << 20) + b'"}'


@pytest.fixture
def job(api: ApiBench, client: Caller) -> str:
    """A job that has trained a model of 3 MiB."""
    model_id: str = client.post("/v9/train", json=ASKED).json()["model_id"]
    for name, data in (("model", BIG), ("model_stripped", b'{"stripped": 1}')):
        api.objects.put(f"jobs/{model_id}/{name}.json", data)
    where = f"s3://{BUCKET}/jobs/{model_id}"
    api.sfn.succeed(model_id, model=f"{where}/model.json", model_stripped=f"{where}/model_stripped.json")
    return model_id


@pytest.fixture
def model(tmp_path: Path) -> bytes:
    path = tmp_path / "model.json"
    small_snake().to_json(path)
    return path.read_bytes()


def test_a_model_is_streamed(api: ApiBench, client: Caller, job: str) -> None:
    answer = client.get(f"/v9/model/{job}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == BIG
    assert answer.headers["content-length"] == str(len(BIG))
    assert client.get(f"/v9/model/{job}/stripped").json() == {"stripped": 1}


def test_a_large_model_is_a_link_away(api: ApiBench, job: str) -> None:
    client = api.client(api.another(stream_bytes=1 << 20))
    answer = client.get(f"/v9/model/{job}")
    assert answer.status_code == 307
    link = urlsplit(answer.headers["location"])
    assert link.path.endswith(f"/jobs/{job}/model.json")
    assert "Signature" in link.query
    assert client.get(f"/v9/model/{job}?stream=true").content == BIG
    assert client.get(f"/v9/model/{job}/stripped").status_code == 200


@pytest.mark.parametrize("form", ["", "/stripped"])
def test_a_model_that_is_not_there_yet_is_a_conflict(api: ApiBench, client: Caller, form: str) -> None:
    model_id = client.post("/v9/train", json=ASKED).json()["model_id"]
    assert client.get(f"/v9/model/{model_id}{form}").status_code == 409
    api.sfn.fail(model_id, "EngineError", "odd")
    failed = client.get(f"/v9/model/{model_id}{form}")
    assert failed.status_code == 409
    assert "EngineError" in failed.json()["detail"]
    api.sfn.succeed(model_id, model=None, model_stripped=None)
    assert "dry run" in client.get(f"/v9/model/{model_id}{form}").json()["detail"]


def test_a_model_that_somebody_removed_is_not_found(api: ApiBench, client: Caller, job: str) -> None:
    api.objects.delete(f"jobs/{job}/model.json")
    assert client.get(f"/v9/model/{job}").status_code == 404


@pytest.mark.parametrize("way", ["body", "form"])
def test_a_model_is_uploaded_under_the_name_of_its_content(
    api: ApiBench, client: Caller, model: bytes, way: str
) -> None:
    given = {"content": model, "headers": JSON} if way == "body" else {"files": {"file": ("m.json", model)}}
    answer = client.post("/v9/models", **given)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert said["bytes"] == len(model)
    assert said["model_url"] == f"/v9/model/{said['model_id']}"
    assert client.get(said["model_url"]).content == model
    assert client.get(f"{said['model_url']}/stripped").status_code == 409
    assert client.post("/v9/models", content=model, headers=JSON).json() == said
    assert list(api.objects.keys("models/")) == [f"models/{said['model_id']}/model.json"]


def test_a_model_of_several_parts_is_uploaded(api: ApiBench, client: Caller, model: bytes) -> None:
    """Blanks make it large; what is too large to be checked here is taken as it is."""
    data = model + b" " * (20 << 20)
    said = client.post("/v9/models", content=data, headers=JSON).json()
    assert said["bytes"] == len(data)
    assert client.get(said["model_url"]).content == data
    assert list(api.objects.keys("models/incoming/")) == []


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"version": 5}', b"[" * 100_000])
def test_what_is_no_model_is_refused(api: ApiBench, client: Caller, data: bytes) -> None:
    answer = client.post("/v9/models", content=data, headers=JSON)
    assert answer.status_code == 422, answer.text
    assert list(api.objects.keys("")) == []


def test_a_form_of_a_model_has_one_file(client: Caller, model: bytes) -> None:
    wrong = client.post("/v9/models", files={"model": ("m.json", model)})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "model")
    assert client.post("/v9/models", content=model, headers={"Content-Type": "text/plain"}).status_code == 415


def test_a_broken_model_says_where(client: Caller, model: bytes) -> None:
    content = json.loads(model)
    del content["layers"]
    answer = client.post("/v9/models", json=content)
    assert "layers" in answer.json()["detail"]
