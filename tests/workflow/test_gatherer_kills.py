"""The gatherer is killed at any point of a run, and two run at once: the model is the same, nothing is lost.

Each point is a counted event of the gatherer's own process (the n-th message taken, the token kept, the n-th
write of the assembly...), drawn from a seed, so that a failure can be made again. The workflow waits for the
gatherer for ten minutes, so every model here was assembled by one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from snakebatch.clock import SystemClock
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.local.gatherers import Gatherer
from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.store import JobStore
from tests.support.faulty_gatherer import POINTS
from tests.support.scale import scaled
from tests.support.tables import overlapping
from tests.support.training import POLL_SECONDS, Ended, in_process, upload

pytestmark = pytest.mark.slow

KILLS = scaled(len(POINTS), 20)
PAIRS = ("ingested:1", None, "received:2", None, "report-read:1")[: scaled(3, 5)]
PARAMETERS: dict[str, Any] = {"n_layers": 3, "bucket": 30, "tau": 90, "seed": 7}
TEXT = overlapping(400)
MOST_JOBS, MOST_POLLS = 60, 1200
MOST_EVENTS = {
    "received": 25,
    "ingested": 25,
    "deleting": 4,
    "deleted": 4,
    "report-read": 3,
    "bytes-written": 40,
    "model-uploading": 2,
    "model-uploaded": 2,
}
"""How often a gatherer comes by a point within a job or two; the others once a job."""


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The undisturbed model."""
    return in_process(TEXT, tmp_path_factory.mktemp("snake"), **PARAMETERS)


@pytest.fixture
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud(processes=2, gatherers=0, gather_heartbeat=600) as running:
        # Gatherers die every second or two here and what they held is seen again at once: a message may come
        # more often within its life than the five times after which a queue gives it up.
        queue: dict[str, Any] = {"QueueUrl": running.reports_queue_url}
        found = running.client("sqs").get_queue_attributes(**queue, AttributeNames=["RedrivePolicy"])
        policy = json.loads(found["Attributes"]["RedrivePolicy"]) | {"maxReceiveCount": KILLS * 5}
        running.client("sqs").set_queue_attributes(**queue, Attributes={"RedrivePolicy": json.dumps(policy)})
        yield running


@dataclass
class Runs:
    """Trainings one after the other, over gatherers that die."""

    cloud: EmbeddedCloud
    draw: random.Random
    arns: list[str] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    _traps: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dataset = upload(self.cloud, TEXT)
        self.points = iter(self._shuffled())

    def _shuffled(self) -> Iterator[str]:
        """Every point once in each round, in an order of its own."""
        while True:
            names = list(POINTS)
            self.draw.shuffle(names)
            for name in names:
                yield f"{name}:{self.draw.randint(1, MOST_EVENTS.get(name, 1))}"

    def faulty(self, fault: str | None = None) -> Gatherer:
        """A gatherer that will die, at the next point unless one is given."""
        fault = fault or next(self.points)
        gatherer = self.cloud.start_gatherer(
            module="tests.support.faulty_gatherer", environment={"FAULT": fault}
        )
        self._traps[gatherer.pid] = fault
        return gatherer

    def sound(self) -> Gatherer:
        return self.cloud.start_gatherer(module="tests.support.faulty_gatherer")

    def start(self) -> str:
        arn = self.cloud.train({"dataset": self.dataset, "target": "y", **PARAMETERS})
        self.arns.append(arn)
        return arn

    def bury(self, gatherer: Gatherer) -> None:
        """Note how a gatherer ended: killed by its trap, and by nothing else."""
        assert gatherer.stop() == -9, self.cloud.logs()
        self.killed.append(self._traps[gatherer.pid])

    def running(self, arn: str) -> bool:
        described = self.cloud.sfn.describe_execution(executionArn=arn)
        assert described["status"] in ("RUNNING", "SUCCEEDED"), (described, self.killed, self.cloud.logs())
        return bool(described["status"] == "RUNNING")


def wait() -> None:
    SystemClock().sleep(POLL_SECONDS)


def check(cloud: EmbeddedCloud, arns: list[str], expected: bytes) -> None:
    """Every job has its model, from a gatherer, and every leaf counts once; no message is left."""
    store = JobStore(Objects(cloud.client("s3"), cloud.jobs_bucket))
    jobs = Jobs(store, cloud.sfn, cloud.train_arn, SystemClock())
    for arn in arns:
        ended = Ended(cloud, arn, cloud.sfn.describe_execution(executionArn=arn))
        assert ended.read("model") == expected
        receipt = json.loads(ended.read("receipt"))
        assert receipt["assembled_by"] == "gatherer"
        status = jobs.status(arn.rpartition(":")[2])
        assert status.coverage_per_layer == [1.0] * PARAMETERS["n_layers"]
        assert status.leaves == status.leaves_expected == receipt["actual"]["leaves"]
    for _ in range(MOST_POLLS):
        # A token whose keeper was killed as it had answered goes at the next look of the one that is left.
        if not waiting(cloud, cloud.reports_queue_url) and not store.pending_keys():
            break
        wait()
    assert waiting(cloud, cloud.reports_queue_url) == 0
    assert waiting(cloud, cloud.dlq_url) == 0
    assert store.pending_keys() == []


def waiting(cloud: EmbeddedCloud, queue: str) -> int:
    """Messages of a queue, those in somebody's hands included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return sum(int(found["Attributes"][name]) for name in names)


def test_killed_at_points_of_all_kinds(cloud: EmbeddedCloud, expected: bytes) -> None:
    runs = Runs(cloud, random.Random(20))
    gatherer = runs.faulty()
    while len(runs.killed) < KILLS:
        assert len(runs.arns) < MOST_JOBS, runs.killed
        arn = runs.start()
        while runs.running(arn):
            if not gatherer.alive:
                runs.bury(gatherer)
                gatherer = runs.faulty() if len(runs.killed) < KILLS else runs.sound()
            wait()
    check(cloud, runs.arns, expected)
    assert {fault.partition(":")[0] for fault in runs.killed} == set(POINTS)


def test_two_at_once_and_one_of_them_is_killed(cloud: EmbeddedCloud, expected: bytes) -> None:
    """Killed in every second run, early or late: at its first messages, or as it reads its first report."""
    runs = Runs(cloud, random.Random(5))
    ends: list[int] = []
    for fault in PAIRS:
        pair = [runs.sound(), runs.faulty(fault) if fault else runs.sound()]
        arn = runs.start()
        while runs.running(arn):
            wait()
        ends += [gatherer.stop() for gatherer in pair]
    runs.sound()
    check(cloud, runs.arns, expected)
    assert set(ends) == {0, -9}
