"""Trainings over HTTP: three kinds of data, one job each, however often the request is sent."""

from __future__ import annotations

import json

from tests.support.api import ApiBench, Caller
from tests.support.mesh import BUCKET

ROWS = [{"y": "a", "x": 1}, {"y": "b", "x": None, "word": 'é "quoted"\nline'}]


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
    assert json.loads(api.sfn.of(model_id)["input"]) == {
        "dataset": f"s3://{BUCKET}/{dataset}",
        "target": "y",
        "n_layers": 2,
        "job": model_id,
    }
    assert api.objects.get(dataset).decode() == 'y,x,word\r\na,1,\r\nb,,"é ""quoted""\nline"\r\n'
    status = client.get(f"/v9/status/{model_id}").json()
    assert (status["status"], status["state"]) == ("RUNNING", "Stage")
