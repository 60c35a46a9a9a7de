"""Parts of MeshSnake by themselves: what is shown of a training, the stack's side, and what is missing."""

from __future__ import annotations

import io
import sys
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from snakebatch.client import MeshSnake
from snakebatch.client.remote.aws import AwsMesh, aws_clients
from snakebatch.client.remote.core import MeshModel
from snakebatch.client.remote.drivers import SyncDriver
from snakebatch.client.remote.progress import Shown, progress_of
from snakebatch.errors import AccountError, InputError, MissingExtraError
from snakebatch.mesh.job_status import JobStatus, WaveProgress
from snakebatch.planner import SPAWN_RATE, make_plan
from tests.support.fake_mesh import FakeClock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def status(state: str, **more: Any) -> JobStatus:
    known = {"model_id": "0123456789abcdef", "status": "RUNNING", "started": 0.0, "seconds": 12.0}
    return JobStatus.model_validate({**known, "state": state, **more})


STEPS = [
    status(""),
    status("Stage"),
    status("Divide", waves=[WaveProgress(wave=0, role="divide", packets=8, done=2)]),
    status("Divide", waves=[WaveProgress(wave=0, role="divide", packets=8, done=8)]),
    status("Leaf", leaves=1_000, leaves_expected=4_000, usd=0.01234, eta_seconds=33.3),
    status("Leaf", leaves=3_000, leaves_expected=4_000, usd=0.02, eta_seconds=3.0),
    status("Trained", leaves=4_000, leaves_expected=4_000, usd=0.03, ended=12.0, status="SUCCEEDED"),
]


def shown(stream: io.StringIO) -> str:
    progress = Shown(stream)
    for step in STEPS:
        progress.status(step)
    progress.say("and more")
    progress.close()
    return stream.getvalue()


def test_elsewhere_each_state_is_a_line() -> None:
    assert shown(io.StringIO()).splitlines() == [
        "0123456789abcdef: Stage",
        "0123456789abcdef: Divide, 2/8 packets",
        "0123456789abcdef: Leaf, 1,000/4,000 leaves, $0.0123, 33 s left",
        "0123456789abcdef: Trained, 4,000/4,000 leaves, $0.0300, succeeded after 12 s",
        "and more",
    ]


def test_on_a_terminal_a_bar_moves_and_leaves_its_line() -> None:
    drawn = shown(Terminal())
    bars = [line for line in drawn.split("\r\x1b[K") if line]
    assert bars[0] == f"01234567 [{'.' * 24}] starting"
    assert bars[4] == f"01234567 [{'#' * 6}{'.' * 18}] Leaf, 1,000/4,000 leaves, $0.0123, 33 s left"
    assert bars[-1].startswith(f"01234567 [{'#' * 24}] Trained")
    assert drawn.endswith("succeeded after 12 s\nand more\n")


def test_progress_can_be_silent_or_a_function(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[JobStatus] = []
    for progress in (progress_of(False), progress_of(told.append)):
        progress.status(STEPS[0])
        progress.say("nothing")
        progress.close()
    assert told == [STEPS[0]]
    assert capsys.readouterr() == ("", "")


def test_without_httpx_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'snakebatch\[client\]'"):
        MeshSnake(model_id="x", url="http://mesh.test")


def test_without_boto3_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'snakebatch\[aws\]'"):
        MeshSnake(model_id="x", stack="some")


def test_clients_of_a_session_wait_for_predictions() -> None:
    session = boto3.Session("x", "y", region_name="eu-west-3")
    clients = aws_clients(None, session)
    assert clients.of("s3").meta.region_name == "eu-west-3"
    assert clients.patient().meta.config.read_timeout > 300
    assert aws_clients("eu-west-1").of("s3").meta.region_name == "eu-west-1"


def test_a_session_has_a_region_of_its_own() -> None:
    with pytest.raises(InputError, match="both region and session are given"):
        MeshSnake(model_id="x", stack="s", region="eu-west-3", session=boto3.Session("x", "y"))


def test_a_wait_that_aws_ends_says_how_to_go_on() -> None:
    class Jobs:
        looks = 0

        def status(self, model_id: str) -> JobStatus:
            self.looks += 1
            if self.looks > 2:
                raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "old"}}, "DescribeExecution")
            return STEPS[1]

    class Parts:
        jobs = Jobs()

    clock = FakeClock()
    mesh = AwsMesh("s", aws_clients(None, given=lambda service: None), clock)
    mesh._parts = Parts()  # type: ignore[assignment]  # what is asked of them
    model = MeshModel(mesh, "x", progress_of(False), clock)
    with pytest.raises(AccountError, match=r"log in again .*MeshSnake.connect\('x', stack='s'\)"):
        SyncDriver(None, None, clock).run(model.wait())


@pytest.mark.parametrize(
    ("told", "memory_gb", "rate"),
    [
        ({"FunctionMemory": "10240"}, 10.0, SPAWN_RATE),
        ({"FunctionMemory": "3008", "SpawnRatePerMinute": "90"}, 2.9375, 1.5),
        ({}, 4.0, SPAWN_RATE),
    ],
)
def test_a_stack_s_plan_is_of_the_functions_and_the_spawn_rate_that_it_has(
    told: dict[str, str], memory_gb: float, rate: float
) -> None:
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in told.items()]
    names = ("TrainMachineArn", "PredictMachineArn", "JobsBucketName")
    outputs = [{"OutputKey": name, "OutputValue": "of-a-stack"} for name in names]

    class Stacks:
        def describe_stacks(self, **_: Any) -> Any:
            return {"Stacks": [{"Outputs": outputs, "Parameters": parameters}]}

    plan = MeshSnake.plan(1_000_000, stack="s", clients=lambda service: Stacks())
    assert plan == make_plan(rows=1_000_000, memory_gb=memory_gb, rate=rate)


def test_a_stack_of_others_is_told_by_the_output_that_it_lacks() -> None:
    class Stacks:
        def describe_stacks(self, **_: Any) -> Any:
            return {"Stacks": [{"Outputs": [{"OutputKey": "TrainMachineArn", "OutputValue": "arn"}]}]}

    mesh = AwsMesh("other", aws_clients(None, given=lambda service: Stacks()), FakeClock())
    with pytest.raises(AccountError, match="has no output PredictMachineArn: is it one of SnakeBatch"):
        SyncDriver(None, None, FakeClock()).run(mesh.status("x", patience=0))
    assert repr(mesh) == "AwsMesh(stack='other')"
