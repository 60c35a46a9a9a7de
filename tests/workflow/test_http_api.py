"""The HTTP API of a whole embedded cloud: real workflow, real gatherers, over a socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from snakebatch import cli
from snakebatch.clock import SystemClock
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.snake import Snake
from tests.support.api import BEARER, KEY, KEY_VARIABLES
from tests.support.tables import three_classes
from tests.support.training import POLL_SECONDS

pytestmark = pytest.mark.slow

PARAMETERS = {"target": "y", "tau": 50, "bucket": 20, "n_layers": 2}


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud(http=("127.0.0.1", 0), environment=KEY_VARIABLES, gatherers=2) as cloud:
        yield cloud


@pytest.fixture
def client(cloud: EmbeddedCloud) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=cloud.url, headers=BEARER, timeout=60) as client:
        yield client


def ended(client: httpx.Client, model_id: str) -> Any:
    """The status of a job once it has ended."""
    clock = SystemClock()
    while True:
        status = client.get(f"/v9/status/{model_id}").raise_for_status().json()
        if status["ended"] is not None:
            return status
        clock.sleep(POLL_SECONDS)


def rows_of_all_kinds() -> list[dict[str, Any]]:
    texts = ["é\n☃", '"q", x', None, "", "NA", True, " blank "]
    return [
        {"x": n / 7, "word": texts[n % 7], "y": ["ja", "nein"][n % 3 == 0], "long": 10**17 + n}
        for n in range(300)
    ]


def test_rows_train_a_model_that_is_snake_s_to_the_byte(client: httpx.Client, tmp_path: Path) -> None:
    rows = rows_of_all_kinds()
    started = client.post("/v9/train", json={"rows": rows, **PARAMETERS})
    assert started.status_code == 202
    told = started.json()
    status = ended(client, told["model_id"])
    assert (status["status"], status["state"]) == ("SUCCEEDED", "Trained")
    assert status["coverage_per_layer"] == [1.0, 1.0]
    assert status["leaves"] == sum(status["leaves_per_layer"]) == status["leaves_expected"] > 2

    model = client.get(told["model_url"])
    snake = Snake(rows, target_index="y", noise=0, tau=50, bucket=20, n_layers=2)
    snake.to_json(tmp_path / "m.json")
    assert model.content == (tmp_path / "m.json").read_bytes()
    snake.to_json(tmp_path / "s.json", stripped=True)
    assert client.get(f"{told['model_url']}/stripped").content == (tmp_path / "s.json").read_bytes()
    receipt = client.get(f"/v9/jobs/{told['model_id']}/receipt").json()
    assert receipt["status"] == "TRAINED"
    assert receipt["job"] == told["model_id"]

    asked = {"model_id": told["model_id"], "mode": "probability", "rows": rows[:20]}
    answers = client.post("/v9/predict-sync", json=asked).raise_for_status().json()["answers"]
    assert answers == json.loads(json.dumps(snake.get_probability(rows[:20])))


def test_an_uploaded_table_trains_and_is_asked_about(client: httpx.Client) -> None:
    table = three_classes(200)
    uploaded = client.post("/v9/upload", files={"file": ("table.csv", table)}).json()
    asked = {"dataset": uploaded["dataset"], **PARAMETERS}
    first = client.post("/v9/train", json=asked, headers={"Idempotency-Key": "upload"}).json()
    again = client.post("/v9/train", json=asked, headers={"Idempotency-Key": "upload"}).json()
    assert first == again
    assert ended(client, first["model_id"])["status"] == "SUCCEEDED"
    assert client.post("/v9/train", json=asked, headers={"Idempotency-Key": "upload"}).json() == first

    model = client.get(first["model_url"]).content
    copied = client.post("/v9/models", content=model, headers={"Content-Type": "application/json"}).json()
    bad = {"model_id": copied["model_id"], "rows": [{"no such column": 1}]}
    answer = client.post("/v9/predict-sync", json=bad)
    assert answer.status_code == 422
    assert "row 1" in answer.json()["detail"]


def test_a_job_that_runs_is_stopped_and_leaves_nothing(cloud: EmbeddedCloud, client: httpx.Client) -> None:
    files = {"file": ("table.csv", three_classes(400))}
    fields = {name: str(value) for name, value in PARAMETERS.items()}
    model_id = client.post("/v9/train", files=files, data=fields).json()["model_id"]
    assert client.get(f"/v9/status/{model_id}").json()["status"] == "RUNNING"

    assert client.delete(f"/v9/jobs/{model_id}").status_code == 202

    arn = f"{cloud.train_arn.replace(':stateMachine:', ':execution:')}:{model_id}"
    assert cloud.sfn.describe_execution(executionArn=arn)["status"] == "ABORTED"
    assert client.get(f"/v9/status/{model_id}").status_code == 404
    assert model_id not in {job["model_id"] for job in client.get("/v9/jobs").json()["jobs"]}
    page = cloud.client("s3").list_objects_v2(Bucket=cloud.jobs_bucket, Prefix="datasets/")
    assert not any(model_id in entry["Key"] for entry in page.get("Contents", []))


def test_a_failed_job_says_why_and_is_drawn(
    cloud: EmbeddedCloud,
    client: httpx.Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SNAKEBATCH_KEY", KEY)
    asked = {"rows": [{"y": "a", "x": 1}, {"y": "b", "x": 2}], "target": "y", "max_usd": 1e-9}
    model_id = client.post("/v9/train", json=asked).json()["model_id"]
    status = ended(client, model_id)
    assert status["status"] == "FAILED"
    assert "max_usd" in status["cause"]
    assert client.get(f"/v9/model/{model_id}").status_code == 409

    for kind in ("svg", "png", "html", "mermaid"):
        out = tmp_path / f"run.{kind}"
        assert cli.main(["graph", "--run", model_id, "--url", cloud.url, "-o", str(out)]) == 0
        drawn = out.read_bytes()
        assert drawn.startswith(b"\x89PNG") if kind == "png" else b"max_usd" in drawn
    graph = (tmp_path / "run.svg").read_text()
    assert 'class="state fail failed" data-state="Refuse"' in graph
    assert 'class="state task succeeded" data-state="Stage"' in graph
    assert cli.main(["graph", "--run", "f" * 32, "--url", cloud.url]) == 2
    assert f"{cloud.url}/runs has those" in capsys.readouterr().err


def test_nobody_comes_in_without_a_key(cloud: EmbeddedCloud) -> None:
    assert httpx.get(f"{cloud.url}/v9/health").status_code == 200
    refused = httpx.get(f"{cloud.url}/v9/jobs")
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert httpx.get(f"{cloud.url}/").status_code == 303
