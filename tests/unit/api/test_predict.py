"""Predictions over HTTP: which model, which errors, how many at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import ApiBench, Caller
from tests.support.mesh import BUCKET

KEY = f"models/m-{'0' * 32}/model.json"
ROWS = [{"x": 1.5, "word": "é"}, {"x": None}]


@pytest.fixture
def model(api: ApiBench) -> str:
    api.objects.put(KEY, b"{}")
    return f"m-{'0' * 32}"


def test_a_batch_is_answered_in_order(api: ApiBench, client: Caller, model: str) -> None:
    answer = client.post("/v9/predict-sync", json={"model_id": model, "mode": "audit", "rows": ROWS})
    assert answer.json() == {"model_id": model, "mode": "audit", "answers": ROWS}
    (asked,) = api.predictions.asked
    assert asked["model"] == f"s3://{BUCKET}/{KEY}"


def test_a_model_is_named_by_its_uri_too(client: Caller, model: str) -> None:
    asked = {"model": f"s3://{BUCKET}/{KEY}", "rows": ROWS}
    assert client.post("/v9/predict-sync", json=asked).json()["model_id"] is None
    assert client.post("/v9/predict-sync", json={**asked, "rows": []}).json()["answers"] == []


WRONG: list[tuple[dict[str, Any], int, str | None]] = [
    ({"rows": ROWS}, 422, "body"),
    ({"model_id": "a", "model": "s3://b/c.json", "rows": ROWS}, 422, "body"),
    ({"model_id": "nobody", "rows": ROWS}, 404, None),
    ({"model_id": f"m-{'1' * 32}", "rows": ROWS}, 404, None),
    ({"model": f"s3://{BUCKET}/models/none.json", "rows": ROWS}, 404, None),
    ({"model": "s3://other/models/model.json", "rows": ROWS}, 422, "model"),
    ({"model": f"s3://{BUCKET}/service/keys.json", "rows": ROWS}, 422, "model"),
    ({"model": "model.json", "rows": ROWS}, 422, "model"),
    ({"model_id": "a", "rows": ROWS, "mode": "guess"}, 422, "mode"),
    ({"model_id": "a", "rows": {"x": 1}}, 422, "rows"),
    ({"model_id": "a", "rows": [[1]]}, 422, "rows.0"),
]


@pytest.mark.parametrize(("asked", "status", "field"), WRONG)
def test_what_is_wrong_is_named(
    client: Caller, model: str, asked: dict[str, Any], status: int, field: str | None
) -> None:
    answer = client.post("/v9/predict-sync", json=asked)
    assert answer.status_code == status, answer.text
    assert field is None or answer.json()["errors"][0]["field"] == field


def test_a_number_that_is_not_finite_is_named(client: Caller, model: str) -> None:
    body = f'{{"model_id": "{model}", "rows": [{{"x": 1}}, {{"x": 1e999}}]}}'
    answer = client.post("/v9/predict-sync", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert "row 2, column 'x'" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("InputError", 422),
        ("ModelError", 422),
        ("StrippedModelError", 409),
        ("MeshError", 503),
        ("States.Timeout", 503),
    ],
)
def test_what_the_workflow_says_is_told(
    api: ApiBench, client: Caller, model: str, error: str, status: int
) -> None:
    api.predictions.failure = (error, "row 1, column 'x': odd")
    answer = client.post("/v9/predict-sync", json={"model_id": model, "rows": ROWS})
    assert answer.status_code == status
    assert "row 1, column 'x': odd" in answer.json()["detail"]
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_too_many_at_once_are_sent_away(api: ApiBench, model: str) -> None:
    app = api.another(predictions=1)
    asked = {"model_id": model, "rows": ROWS}
    with app.state.predictions:
        busy = api.client(app).post("/v9/predict-sync", json=asked)
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "1")
    assert api.client(app).post("/v9/predict-sync", json=asked).status_code == 200
    api.predictions.failure = ("MeshError", "odd")
    api.client(app).post("/v9/predict-sync", json=asked)
    api.predictions.failure = None
    assert api.client(app).post("/v9/predict-sync", json=asked).status_code == 200, "a place is given back"
