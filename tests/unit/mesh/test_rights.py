"""A whole training under the template's roles: each call must be granted, on the object that it names."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from snakebatch.clock import SystemClock
from snakebatch.local.lambda_server import LambdaServer
from snakebatch.local.lambdas.provisioned import ProvisionedConcurrency
from tests.support.handlers import event, invoke
from tests.support.mesh import BUCKET, TABLE, MeshBench, execution_arn
from tests.support.predictions import KEY, queries, write_models
from tests.support.rights import ACTIONS, may
from tests.support.tables import overlapping, three_classes
from tests.support.template import PREFIX, arn

PARTS_OF_BUCKET = {"s3:ListBucket"}
SHARDS = "v9-worker-pipe"
SERVICES = {"sfn": "states"}
"""Where boto3's name of a service is not IAM's."""


@dataclass
class Guard:
    """Notes every call of boto3 that the role at work may not make."""

    queue_url: str
    role: str | None = None
    calls: set[tuple[str, str]] = field(default_factory=set)
    refused: set[tuple[str | None, str, str]] = field(default_factory=set)

    def check(self, params: dict[str, Any], event_name: str, **context: Any) -> None:
        if self.role is None:
            return  # the test's own call
        _, service, operation = event_name.split(".")
        method = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation)[1:]
        action = ACTIONS[
            SERVICES.get(service, service), method.removesuffix("_v2") + ("_v2" if "V2" in operation else "")
        ]
        resource = self._resource(service, action, params)
        self.calls.add((self.role, action))
        if not may(self.role, action, resource):
            self.refused.add((self.role, action, resource))

    def _resource(self, service: str, action: str, params: dict[str, Any]) -> str:
        if service == "s3":
            assert params["Bucket"] == BUCKET
            bucket = arn("JobsBucket")
            return bucket if action in PARTS_OF_BUCKET else f"{bucket}/{params['Key']}"
        if service == "dynamodb":
            assert params["TableName"] == TABLE
            return arn("LeaseTable")
        if service == "lambda":
            function = arn("Shard00").removesuffix("00") + params["FunctionName"].removeprefix(f"{SHARDS}-")
            return f"{function}:{params['Qualifier']}" if "Qualifier" in params else function
        if service == "sfn":
            return str(params["executionArn"]).replace("snakebatch-train", f"{PREFIX}-train")
        assert service == "sqs"
        assert params["QueueUrl"] == self.queue_url
        return arn("ReportsQueue")

    def invoke(self, function: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.role = f"{function.capitalize()}Role"
        try:
            return invoke(function, payload)
        finally:
            self.role = None


@pytest.fixture
def guard(mesh: MeshBench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Guard]:
    for name, value in {
        "JOBS_BUCKET": BUCKET,
        "REPORTS_QUEUE_URL": mesh.queue_url,
        "LEASE_TABLE": TABLE,
        "SHARD_PREFIX": SHARDS,
        "POWERTOOLS_SERVICE_NAME": "snakebatch",
        "POWERTOOLS_METRICS_NAMESPACE": "SnakeBatch",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", str(mesh.folder))
    # Handlers make their clients when they are loaded, from the default session: its hooks see all calls.
    session = boto3.Session()
    guard = Guard(mesh.queue_url)
    session.events.register("provide-client-params.*.*", guard.check)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    # moto's Lambda has no functions; ours has the shards, whose slots are ready at once.
    server = LambdaServer(ProvisionedConcurrency(lambda name, qualifier: True, mesh.clock))
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", server.url)
    # What the bracket function waits between two requests.
    monkeypatch.setattr(SystemClock, "sleep", lambda clock, seconds: mesh.clock.sleep(seconds))
    yield guard
    server.close()


@pytest.mark.parametrize("grain", ["slice", "bucket"])
def test_a_training_and_its_repetition_stay_within_the_roles(
    mesh: MeshBench, guard: Guard, grain: str
) -> None:
    stage = event("stage")
    stage["input"] |= {"dataset": mesh.upload(three_classes(300)), "tau": 100, "bucket": 30, "n_layers": 2}
    stage["input"] |= {"leaf_grain": grain, "job": "twice"}
    first = train(mesh, guard, stage | {"execution": "first"})
    again = train(mesh, guard, stage | {"execution": "again"})

    assert first["output"]["model"] == again["output"]["model"]
    assert guard.refused == set()
    assert {role for role, _ in guard.calls} == {
        "StageRole",
        "WaveRole",
        "ShardRole",
        "BracketRole",
        "SettleRole",
    }


def test_a_job_that_mends_what_was_lost_stays_within_the_roles(mesh: MeshBench, guard: Guard) -> None:
    stage = event("stage")
    stage["input"] |= {"dataset": mesh.upload(three_classes(300)), "tau": 100, "bucket": 30, "n_layers": 2}
    stage["input"] |= {"job": "mended"}
    made = mesh.read(train(mesh, guard, stage | {"execution": "first"})["output"]["model"])
    objects = mesh.store.objects
    for key in [key for key in objects.keys("jobs/mended/") if "/texts/" in key or "/divide/reports/" in key]:
        objects.put(key, b"damaged")
    again = train(mesh, guard, stage | {"execution": "again"})
    assert mesh.read(again["output"]["model"]) == made
    assert guard.refused == set()
    assert {role for role, call in guard.calls if "DeleteObject" in str(call)} == {"StageRole", "WaveRole"}


def train(mesh: MeshBench, guard: Guard, stage: dict[str, Any]) -> dict[str, Any]:
    """The states of the workflow one after another, each in its own role."""
    execution = stage["execution"]
    staged = guard.invoke("stage", stage)
    run, wave = staged["run"], staged["wave"]
    holder = {"execution": execution_arn(execution)}
    assert guard.invoke("bracket", event("bracket-admit") | holder)["admitted"]
    slots = {"slots": 3, "job": run["job"]}
    while not guard.invoke("bracket", event("bracket-open") | holder | slots)["ready"]:
        pass
    while True:
        items = json.loads(mesh.store.objects.get(wave["items"])) if wave["items"] else []
        for item in items:
            guard.invoke("shard", event(f"shard-{wave['next']}") | item | {"execution": execution})
        if wave["next"] == "leaf":
            break
        of_run = {name: run[name] for name in ("job", "fingerprint", "execution")}
        of_run["execution_arn"] = holder["execution"]
        wave = guard.invoke("wave", event("wave") | of_run | {"wave": wave["wave"], "done": wave["next"]})
    guard.invoke("bracket", event("bracket-close") | holder)
    return guard.invoke("settle", event("settle") | {"run": run, "wave": wave, "execution": execution})


def test_a_sweep_stays_within_the_role(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("lambda")
    for qualifier in ("live", "7"):
        client.put_provisioned_concurrency_config(
            FunctionName=f"{SHARDS}-42", Qualifier=qualifier, ProvisionedConcurrentExecutions=2
        )
    guard.invoke("bracket", event("bracket-open") | {"slots": 1, "job": "job"})
    with monkeypatch.context() as patch:
        now = SystemClock().time()
        patch.setattr(SystemClock, "time", lambda clock: now + 200)
        swept = guard.invoke("bracket", event("bracket-sweep"))
    assert swept["leaked_slots"] == 5, "two without any record, twice, and the one of no execution"
    assert guard.refused == set()
    assert {action for _, action in guard.calls} >= {
        "states:DescribeExecution",
        "lambda:DeleteProvisionedConcurrencyConfig",
        "lambda:ListProvisionedConcurrencyConfigs",
    }


def test_a_failed_run_is_settled_within_the_role(mesh: MeshBench, guard: Guard) -> None:
    guard.invoke("settle", event("settle-failed"))
    assert guard.refused == set()
    assert ("SettleRole", "s3:PutObject") in guard.calls


def test_the_guard_sees_what_is_not_granted(mesh: MeshBench, guard: Guard) -> None:
    guard.role = "BracketRole"
    boto3.client("s3").put_object(Bucket=BUCKET, Key="jobs/a", Body=b"")
    assert guard.refused == {("BracketRole", "s3:PutObject", f"{arn('JobsBucket')}/jobs/a")}


def test_a_shard_s_failure_is_read_from_the_results_within_the_role(mesh: MeshBench, guard: Guard) -> None:
    stage = event("stage")
    stage["input"] |= {"dataset": mesh.upload(overlapping(200)), "n_layers": 1, "job": "fails"}
    staged = guard.invoke("stage", stage)
    results = staged["wave"]["results"]
    failed = [{"Error": "EngineError", "Cause": "the slice is odd"}]
    mesh.s3.put_object(Bucket=BUCKET, Key=f"{results}/id/FAILED_0.json", Body=json.dumps(failed).encode())
    manifest = {"ResultFiles": {"FAILED": [{"Key": f"{results}/id/FAILED_0.json"}]}}
    mesh.s3.put_object(Bucket=BUCKET, Key=f"{results}/id/manifest.json", Body=json.dumps(manifest).encode())
    failure = {"error": "States.ExceedToleratedFailureThreshold", "cause": "one item failed"}

    settled = guard.invoke(
        "settle", event("settle") | {"run": staged["run"], "wave": staged["wave"], "failure": failure}
    )

    assert settled["failure"]["error"] == "EngineError"
    assert guard.refused == set()


@pytest.mark.parametrize("few", [True, False])
def test_a_batch_stays_within_the_roles(mesh: MeshBench, guard: Guard, tmp_path: Path, few: bool) -> None:
    write_models(tmp_path, mesh.s3, BUCKET)
    asked = event("predict-divide" if few else "predict-divide-file")
    asked["input"] |= {"model": f"s3://{BUCKET}/{KEY}", "mode": "audit"}
    if few:
        asked["input"]["rows"] = queries(2)
    else:
        mesh.s3.put_object(Bucket=BUCKET, Key="datasets/new.jsonl", Body=b'{"x": 1}\n{"x": 2}\n')
        asked["input"]["data"] = f"s3://{BUCKET}/datasets/new.jsonl"
    divided = guard.invoke("predict", asked)
    shared = {name: divided["asked"][name] for name in ("execution", "model", "mode", "inline")}
    items = divided["items"] if few else json.loads(mesh.store.objects.get(divided["items"]))
    for item in items:
        guard.invoke("shard", event("shard-predict") | shared | item)
    if not few:
        guard.invoke("predict", event("predict-gather") | {"asked": divided["asked"]})

    assert guard.refused == set()
    assert {role for role, _ in guard.calls} == {"PredictRole", "ShardRole"}


def test_a_failed_batch_is_explained_within_the_role(mesh: MeshBench, guard: Guard) -> None:
    failure = {"error": "States.ExceedToleratedFailureThreshold", "cause": "one item failed"}
    guard.invoke("predict", event("predict-explain") | {"failure": failure})
    assert guard.refused == set()
    assert ("PredictRole", "s3:ListBucket") in guard.calls
