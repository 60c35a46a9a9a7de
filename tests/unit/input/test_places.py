"""S3 URIs outside what the deployment allows are refused early, with what to do, at every door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from snakebatch.errors import InputError
from snakebatch.mesh.environment import read_arns
from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.places import Places
from snakebatch.mesh.prediction_dividing import Dividing
from snakebatch.mesh.prediction_messages import DivideEvent
from snakebatch.mesh.prediction_store import PredictionStore
from snakebatch.mesh.requests import StageEvent
from snakebatch.mesh.staging import Staging
from tests.support.api import ApiBench, Caller
from tests.support.mesh import BUCKET, STARTED, MeshBench
from tests.support.predictions import KEY, write_models
from tests.support.template import functions
from tests.unit.api.conftest import api, client
from tests.unit.mesh.conftest import mesh

__all__ = ["api", "client", "mesh"]

HOME = f"s3://{BUCKET}"
OTHERS = read_arns("arn:aws:s3:::shared/tables/*, arn:aws:s3:::one/a?.csv,arn:aws-cn:s3:::far/[x]/*")
FORBIDDEN = {
    "another bucket": "s3://other/data.csv",
    "a bucket whose name begins alike": f"s3://{BUCKET}-2/datasets/a.csv",
    "our bucket as a folder": f"s3://x/{BUCKET}/datasets/a.csv",
    "the keys of the API": f"{HOME}/service/keys.json",
    "a job's population": f"{HOME}/jobs/one/population",
    "a report": f"{HOME}/jobs/one/leaf/x",
    "a way out of the folder": f"{HOME}/datasets/../service/keys.json",
    "a folder that begins alike": f"{HOME}/datasets2/a.csv",
    "case": f"{HOME}/Datasets/a.csv",
    "nearly allowed": "s3://shared/tables2/a.csv",
    "one character more": "s3://one/a12.csv",
    "IAM knows no sets": "s3://far/x/a.csv",
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_is_not_allowed_is_never_read(name: str, mesh: MeshBench) -> None:
    places = Places(mesh.store.objects, OTHERS)
    uri = FORBIDDEN[name]
    if ".." in uri:
        # S3 knows no folders: this is an object of that very name under datasets/, and nothing else.
        places.check_dataset(uri)
        return
    with pytest.raises(InputError, match="dataset: ") as caught:
        places.check_dataset(uri)
    assert f"{HOME}/datasets/" in str(caught.value)
    with pytest.raises(InputError, match=r"data: "):
        places.check_batch(uri)


@pytest.mark.parametrize(
    "uri",
    [
        f"{HOME}/datasets/a.csv",
        "s3://shared/tables/deep/a.csv.gz",
        "s3://one/a1.csv",
        "s3://far/[x]/a\nb.csv",
    ],
)
def test_what_is_allowed_is_read(uri: str, mesh: MeshBench) -> None:
    Places(mesh.store.objects, OTHERS).check_dataset(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://other/models/model.json",
        f"{HOME}/service/keys.json",
        f"{HOME}/datasets/m.json",
        f"{HOME}/jobs/one/x",
    ],
)
def test_a_model_lies_where_models_are(uri: str, mesh: MeshBench) -> None:
    with pytest.raises(InputError, match=r"model: .*models/"):
        Places(mesh.store.objects).check_model(uri)


def test_staging_reads_only_what_is_allowed(mesh: MeshBench) -> None:
    mesh.s3.create_bucket(Bucket="shared", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    mesh.s3.put_object(Bucket="shared", Key="tables/a.csv", Body=b"a,y\n1,u\n2,v\n")
    asked = {"dataset": "s3://shared/tables/a.csv", "target": "y"}
    event = StageEvent(execution="one", started=STARTED, input=asked)
    with pytest.raises(InputError, match="not where data sets may be read from"):
        Staging(mesh.store).run(event)
    assert list(mesh.store.objects.keys("")) == []
    assert Staging(mesh.store, dataset_objects=OTHERS).run(event)["plan"]["rows"] == 2


def test_predictions_read_only_what_is_allowed(mesh: MeshBench, tmp_path: Path) -> None:
    write_models(tmp_path, mesh.s3, BUCKET)
    store = PredictionStore(mesh.store.objects)

    def divide(**change: Any) -> Any:
        asked = {"model": f"{HOME}/{KEY}", "data": "s3://shared/tables/a.csv"} | change
        return Dividing(store).run(DivideEvent(step="divide", execution="one", few=True, input=asked))

    with pytest.raises(InputError, match=r"data: .*not where data sets may be read from"):
        divide()
    with pytest.raises(InputError, match=r"model: .*no model"):
        divide(model=f"{HOME}/service/keys.json")


def test_the_api_refuses_what_it_knows_to_be_refused(api: ApiBench, client: Caller) -> None:
    asked = {"dataset": "s3://other/data.csv", "target": "y"}
    assert client.post("/v9/train", json=asked).status_code == 202, "it was not told: staging decides"
    api.jobs.dataset_objects = OTHERS
    answer = client.post("/v9/train", json=asked)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "dataset"
    asked["dataset"] = "s3://shared/tables/a.csv"
    assert client.post("/v9/train", json=asked).status_code == 202


def test_the_functions_know_what_the_template_allows() -> None:
    for name in ("StageFunction", "PredictFunction"):
        assert "DATASET_OBJECTS" in functions()[name]["Environment"]["Variables"]
    assert Jobs.__dataclass_fields__["dataset_objects"].default is None
