"""The embedded cloud: what it deploys, how its parts find each other, and that nothing of it remains."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snakebatch.errors import CloudError, MissingExtraError
from snakebatch.local import bundle, starting
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.local.deployment import substitute
from snakebatch.local.processes import boot_command
from tests.service.conftest import gone, until
from tests.service.tiny_bundle import write_bundle
from tests.support.signals import heeded_by_children

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def settings_of_a_user() -> Iterator[None]:
    """What a developer's shell may hold; none of it may reach the cloud."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_PROFILE", "there-is-no-such-profile")
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        patch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        yield


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    folder = write_bundle(tmp_path_factory.mktemp("cloud") / "bundle")
    with EmbeddedCloud(processes=2, root=folder) as deployed:
        yield deployed


@pytest.fixture
def own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder that only this test uses: what is left in it was left by the test."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def finished(running: EmbeddedCloud, arn: str) -> dict[str, Any]:
    def described() -> dict[str, Any]:
        return dict(running.sfn.describe_execution(executionArn=arn))

    until(lambda: described()["status"] != "RUNNING")
    return described()


def test_the_workflow_runs_over_the_functions(running: EmbeddedCloud) -> None:
    arn = running.train({"dataset": "none"}, name="first")

    ended = finished(running, arn)

    assert ended["status"] == "SUCCEEDED", ended
    assert ended["name"] == "first"
    output = json.loads(ended["output"])
    assert output == {
        "stage": "snakebatch-stage",
        "shard": "v9-worker-pipe-42",
        "bucket": running.jobs_bucket,
    }


def test_there_are_a_hundred_shards_behind_live(running: EmbeddedCloud) -> None:
    lambdas = running.client("lambda")
    for number in range(100):
        answer = lambdas.invoke(FunctionName=f"v9-worker-pipe-{number:02d}:live", Payload=b"{}")
        assert json.loads(answer["Payload"].read())["function"] == f"v9-worker-pipe-{number:02d}"
    listed = running.client("s3").list_objects_v2(Bucket=running.jobs_bucket, Prefix="seen/")
    assert listed["KeyCount"] == 100


def test_handlers_get_the_variables_of_the_template_and_no_way_out(running: EmbeddedCloud) -> None:
    answer = running.client("lambda").invoke(FunctionName="v9-worker-pipe-00:live", Payload=b"{}")
    seen = json.loads(answer["Payload"].read())["variables"]
    assert seen["JOBS_BUCKET"] == running.jobs_bucket
    assert seen["REPORTS_QUEUE_URL"] == running.reports_queue_url
    assert seen["REPORTS_DLQ_URL"] == running.dlq_url
    assert seen["SHARD_PREFIX"] == "v9-worker-pipe"
    assert seen["POWERTOOLS_METRICS_NAMESPACE"] == "SnakeBatch"
    endpoints = {name: value for name, value in seen.items() if name.startswith("AWS_ENDPOINT_URL")}
    assert {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SFN"} <= set(endpoints)
    assert all(value.startswith("http://127.0.0.1:") for value in endpoints.values())
    assert running.client("dynamodb").describe_table(TableName=seen["LEASE_TABLE"])["Table"]["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"}
    ]


def test_reports_that_nobody_can_use_go_to_the_dead_letter_queue(running: EmbeddedCloud) -> None:
    attributes = running.client("sqs").get_queue_attributes(
        QueueUrl=running.reports_queue_url, AttributeNames=["RedrivePolicy"]
    )["Attributes"]
    policy = json.loads(attributes["RedrivePolicy"])
    assert policy["deadLetterTargetArn"].endswith(":v9-reports-dlq")
    assert int(policy["maxReceiveCount"]) == 5


def test_gatherers_find_the_cloud_and_can_be_stopped_killed_and_started(running: EmbeddedCloud) -> None:
    sqs, queue = running.client("sqs"), running.reports_queue_url
    first = running.gatherers[0]
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    assert message["Body"] == f"{first.pid} sees snakebatch-train"
    until(lambda: "gathering" in first.log.read_text())

    assert first.stop() == 0

    assert not first.alive
    assert "stopping" in first.log.read_text()
    second = running.start_gatherer()
    assert running.gatherers == [first, second]
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    assert message["Body"].startswith(f"{second.pid} sees")
    second.kill()
    assert gone(second.pid)
    assert "gathering" in running.logs()


def test_a_gatherer_that_died_holds_no_descriptor(running: EmbeddedCloud) -> None:
    before = len(os.listdir("/dev/fd"))
    dead = running.start_gatherer()
    os.kill(dead.pid, signal.SIGKILL)
    until(lambda: not dead.alive)
    assert len(os.listdir("/dev/fd")) == before


def test_a_file_goes_up_and_comes_down(running: EmbeddedCloud, tmp_path: Path) -> None:
    (tmp_path / "pingüinos.csv").write_text("y,a\n1,2\n")
    uri = running.upload(tmp_path / "pingüinos.csv")
    assert uri == f"s3://{running.jobs_bucket}/datasets/pingüinos.csv"
    running.download(uri, tmp_path / "back.csv")
    assert (tmp_path / "back.csv").read_text() == "y,a\n1,2\n"
    (tmp_path / "two\nlines.csv").write_text("y,a\n")
    assert running.upload(tmp_path / "two\nlines.csv").endswith("/datasets/two%0Alines.csv")
    with pytest.raises(CloudError, match="s3://bucket/key"):
        running.download("http://elsewhere/", tmp_path / "x")


def test_nothing_is_left_after_an_error_inside(tmp_path: Path, own_tmp: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    opened = EmbeddedCloud(processes=1, root=folder)
    pids = []

    def work_and_fail() -> None:
        with opened:
            assert len(list(own_tmp.iterdir())) == 1
            answer = opened.client("lambda").invoke(FunctionName="v9-worker-pipe-00:live", Payload=b"{}")
            assert answer["StatusCode"] == 200
            pids.extend(opened.pids())
            raise LookupError

    with pytest.raises(LookupError):
        work_and_fail()

    assert len(pids) == 3
    assert all(gone(pid) for pid in pids)
    assert list(own_tmp.iterdir()) == []
    opened.close()  # a second time is harmless


def test_nothing_is_left_if_it_does_not_come_up(tmp_path: Path, own_tmp: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    (folder / "statemachine/train.asl.json").write_text('{"StartAt": "${Unheard}"}')
    with pytest.raises(CloudError, match="no value for Unheard"), EmbeddedCloud(processes=1, root=folder):
        pytest.fail("it came up")
    assert list(own_tmp.iterdir()) == []


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_program_is_interrupted(tmp_path: Path, sign: signal.Signals) -> None:
    write_bundle(tmp_path / "bundle")
    (tmp_path / "tmp").mkdir()
    os.mkfifo(tmp_path / "pipe")
    command = boot_command("tests.service.test_cloud", "run_and_hang", str(tmp_path))
    variables = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    with heeded_by_children():
        program = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=-1, stderr=-1, text=True)
    with program, open(tmp_path / "pipe") as pipe:
        assert program.stdout is not None
        pids = [int(pid) for pid in pipe.readline().split()]
        pids += [int(pid) for pid in program.stdout.readline().split()]

        program.send_signal(sign)

        assert pipe.read() == ""  # the handler that held it open is dead
    until(lambda: all(gone(pid) for pid in pids))
    until(lambda: not list((tmp_path / "tmp").iterdir()))


def run_and_hang(folder: str) -> None:
    """In a program of its own: a cloud with a handler that never returns."""
    with EmbeddedCloud(processes=1, root=Path(folder) / "bundle") as running:
        print(*running.pids(), flush=True)
        event = json.dumps({"hang": f"{folder}/pipe"})
        running.client("lambda").invoke(FunctionName="v9-worker-pipe-00:live", Payload=event)


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        starting.importlib.util, "find_spec", lambda name: None if name == "moto" else find(name)
    )
    with (
        pytest.raises(MissingExtraError, match=r"needs moto; run: pip install 'snakebatch\[local\]'"),
        EmbeddedCloud(),
    ):
        pytest.fail("it came up")


def test_the_bundle_is_the_checkout_or_the_wheels_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bundle.bundle_root() == ROOT
    package = tmp_path / "site-packages/snakebatch"
    monkeypatch.setattr(bundle, "__file__", str(package / "local/bundle.py"))
    with pytest.raises(CloudError, match="install the wheel"):
        bundle.bundle_root()
    write_bundle(package / "_bundle")
    assert bundle.bundle_root() == package / "_bundle"


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CloudError, match="lacks statemachine"), EmbeddedCloud(root=tmp_path):
        pytest.fail("it came up")


def test_substitutions_are_json_safe() -> None:
    assert substitute('{"a": "${A}", "b": "{% ${B} %}"}', {"A": 'x"y', "B": "3"}) == (
        '{"a": "x\\"y", "b": "{% 3 %}"}'
    )
