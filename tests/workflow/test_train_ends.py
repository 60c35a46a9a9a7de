"""How a training ends when something is wrong: by its true name, cleaned up, and never as a success."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from gatherer.drainer import Drainer
from gatherer.progress import Progress
from snakebatch.clock import SimulatedClock, SystemClock
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.local.deployment import LEASE_TABLE
from snakebatch.mesh.budget import Lease
from snakebatch.mesh.lease import LeaseTable
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.store import JobStore
from tests.support.handlers import ROOT
from tests.support.tables import overlapping, three_classes
from tests.support.training import Ended, finish, in_process, reach, read, train, upload

PARAMETERS: dict[str, Any] = {"n_layers": 2, "bucket": 30, "tau": 90, "seed": 7}
TEXT = overlapping(300)


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud(processes=2) as running:
        yield running


def leases(cloud: EmbeddedCloud) -> dict[str, Lease]:
    return LeaseTable(cloud.client("dynamodb"), LEASE_TABLE, SystemClock()).read().leases


def receipt_of_failure(ended: Ended) -> dict[str, Any]:
    """The receipt that Settle wrote of a failed run."""
    outputs = [
        json.loads(event["stateExitedEventDetails"]["output"])
        for event in ended.events()
        if event.get("stateExitedEventDetails", {}).get("name") == "Settle"
    ]
    receipt: dict[str, Any] = json.loads(read(ended.cloud, outputs[0]["receipt"]))
    return receipt


@pytest.mark.parametrize(
    ("text", "parameters", "error", "says"),
    [
        (TEXT, {"target": "nope"}, "InputError", "there is no column 'nope'"),
        ("", {}, "InputError", "empty"),
        (TEXT, {"tau": 0}, "InputError", "tau"),
        (TEXT, {"slots": -3}, "InputError", "slots"),
        (TEXT, {"min_share": 0.5, "max_share": 0.2}, "InputError", "min_share"),
    ],
)
def test_bad_input_fails_by_its_name_and_closes_its_bracket(
    cloud: EmbeddedCloud, text: str, parameters: dict[str, Any], error: str, says: str
) -> None:
    ended = train(cloud, text, **parameters)
    assert ended.status == "FAILED"
    assert ended.error[0] == error
    assert says in ended.error[1]
    assert "\n" not in ended.error[1]
    assert ended.states()[1:] == ["CloseBracket", "Settle", "Succeeded?", "TrainingFailed"]
    assert receipt_of_failure(ended)["failure"]["error"] == error


def test_a_dry_run_ends_with_the_plan_and_nothing_else(cloud: EmbeddedCloud) -> None:
    ended = train(cloud, TEXT, dry_run=True, job="dry")
    assert ended.states() == ["Stage", "DryRun?", "Planned"]
    assert ended.output["status"] == "PLANNED"
    assert ended.output["plan"]["rows"] == 300
    listed = cloud.client("s3").list_objects_v2(Bucket=cloud.jobs_bucket, Prefix="jobs/dry/")
    assert listed["KeyCount"] == 0


def test_a_plan_over_its_dollars_is_refused_before_anything_is_spent(cloud: EmbeddedCloud) -> None:
    ended = train(cloud, TEXT, max_usd=0.0001)
    assert ended.states() == ["Stage", "DryRun?", "Feasible?", "Refuse"]
    assert ended.error[0] == "PlanError"
    assert "max_usd" in ended.error[1]


def test_a_job_id_of_another_fingerprint_is_refused(cloud: EmbeddedCloud) -> None:
    assert train(cloud, TEXT, job="taken", **PARAMETERS).status == "SUCCEEDED"
    ended = train(cloud, TEXT, job="taken", **{**PARAMETERS, "seed": 8})
    assert ended.error[0] == "FingerprintError"
    assert "taken" in ended.error[1]


def test_two_executions_at_once_share_the_rate_and_both_end(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    texts = [overlapping(300), three_classes(300)]
    arns = [
        cloud.train({"dataset": upload(cloud, text, f"{n}.csv"), "target": "y", **PARAMETERS})
        for n, text in enumerate(texts)
    ]
    for arn, text in zip(arns, texts, strict=True):
        assert finish(cloud, arn).read("model") == in_process(text, tmp_path, **PARAMETERS)
    assert leases(cloud) == {}


def test_a_message_with_a_wrong_checksum_ends_in_the_dead_letter_queue(cloud: EmbeddedCloud) -> None:
    sqs = cloud.client("sqs")
    body = json.dumps({"version": 1, "kind": "leaf", "rows": 1, "checksum": "0" * 32})
    sqs.send_message(QueueUrl=cloud.reports_queue_url, MessageBody=body)
    dead: list[Any] = []
    while not dead:
        dead = sqs.receive_message(
            QueueUrl=cloud.dlq_url, WaitTimeSeconds=5, MessageAttributeNames=["reason"]
        ).get("Messages", [])
    assert dead[0]["Body"] == body
    assert "checksum" in dead[0]["MessageAttributes"]["reason"]["StringValue"]


@pytest.fixture
def other_bundle(tmp_path: Path) -> Path:
    """A deployment whose shards have another engine version than its stage."""
    folder = tmp_path / "bundle"
    for part in ("statemachine", "functions", "gatherer"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    app = folder / "functions" / "shard" / "app.py"
    source = app.read_text()
    changed = source.replace("engine=engine_named(environment.engine),", "engine=OtherEngine(),").replace(
        "\nlogger = Logger()\n",
        "\nfrom snakebatch.mesh.engines import SnakeEngine\n"
        '\n\nclass OtherEngine(SnakeEngine):\n    version = "next"\n\n\nlogger = Logger()\n',
    )
    assert changed.count("OtherEngine") == 2
    app.write_text(changed)
    return folder


def test_a_shard_of_another_engine_fails_the_run_by_its_own_error(other_bundle: Path) -> None:
    """The Map says only that too many children failed: the shard's error is what the execution shows."""
    with EmbeddedCloud(processes=2, root=other_bundle) as cloud:
        ended = train(cloud, TEXT, **PARAMETERS)
        assert ended.error[0] == "EngineMismatchError"
        assert "this shard has next" in ended.error[1]
        assert ended.states()[-4:] == ["CloseBracket", "Settle", "Succeeded?", "TrainingFailed"]
        assert leases(cloud) == {}


def test_a_silent_gatherer_is_no_failure(tmp_path: Path) -> None:
    with EmbeddedCloud(processes=2, gatherers=0, gather_heartbeat=1) as cloud:
        ended = train(cloud, TEXT, **PARAMETERS)
        assert ended.read("model") == in_process(TEXT, tmp_path, **PARAMETERS)
        assert json.loads(ended.read("receipt"))["assembled_by"] == "settle"


def test_a_gatherer_that_starts_later_finds_the_token_in_s3(tmp_path: Path) -> None:
    """Another gatherer took the message off the queue, kept its token, and died."""
    with EmbeddedCloud(processes=2, gatherers=0, gather_heartbeat=600) as cloud:
        arn = cloud.train({"dataset": upload(cloud, TEXT), "target": "y", **PARAMETERS})
        reach(cloud, arn, "Gather")
        store = JobStore(Objects(cloud.client("s3"), cloud.jobs_bucket))
        rung: list[int] = []
        dying = Drainer(
            cloud.client("sqs"),
            cloud.reports_queue_url,
            cloud.dlq_url,
            store,
            Progress(),
            lambda: rung.append(1),
            Logger(service="test"),
        )
        while not rung:
            dying.drain_once()
        cloud.start_gatherer()
        ended = finish(cloud, arn)
        assert ended.read("model") == in_process(TEXT, tmp_path, **PARAMETERS)
        assert json.loads(ended.read("receipt"))["assembled_by"] == "gatherer"
        assert store.pending_keys() == []


def test_a_gatherer_that_is_killed_is_replaced(tmp_path: Path) -> None:
    with EmbeddedCloud(processes=2, gather_heartbeat=600) as cloud:
        cloud.gatherers[0].kill()
        arn = cloud.train({"dataset": upload(cloud, TEXT), "target": "y", **PARAMETERS})
        cloud.start_gatherer()
        assert finish(cloud, arn).read("model") == in_process(TEXT, tmp_path, **PARAMETERS)
        assert cloud.gatherers[1].stop() == 0


class _HalfAMinuteAgo(SystemClock):
    """What was given back then is free by now."""

    def time(self) -> float:
        return super().time() - 30.0


def test_an_execution_waits_until_the_rate_is_free() -> None:
    """On a simulated clock: the turns that it waits for take no time. Functions have the machine's clock."""
    with EmbeddedCloud(processes=1, clock=SimulatedClock()) as cloud:
        table = LeaseTable(cloud.client("dynamodb"), LEASE_TABLE, _HalfAMinuteAgo())
        table.ask("another", table.want(10_000), [])
        arn = cloud.train({"dataset": upload(cloud, TEXT), "target": "y", **PARAMETERS})
        reach(cloud, arn, "AwaitTurn")
        assert "OpenBracket" not in Ended(cloud, arn, {}).states()
        table.release("another")
        ended = finish(cloud, arn)
        assert ended.output["status"] == "TRAINED"
        assert leases(cloud) == {}
