"""Many jobs of mixed shapes through one embedded cloud, one after another and several at a time.

What a job is follows from the seed and its number alone. Each is deleted when it has ended, as a user who is
done with it does, so that what is held afterwards is held by the cloud and not for its users.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from snakebatch.clock import SystemClock
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.local.deployment import APP, LEASE_TABLE
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.mesh.deleting import Deleting
from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.lease import LeaseTable
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.predicting import PredictClient, predict_sync
from snakebatch.mesh.prediction_store import PredictionStore
from snakebatch.mesh.store import PENDING, JobStore
from tests.support.process_tree import Held, held, tree
from tests.support.training import Ended, read, upload

POLL_SECONDS = 0.05
MOST_POLLS = 12_000
SEED = 9
FATES = ("trained", "trained", "trained", "trained", "refused", "aborted")


@dataclass(frozen=True)
class Shape:
    """One job: its table, its parameters, and how it is to end."""

    text: str
    parameters: dict[str, Any]
    fate: str
    asked: bool

    @property
    def query(self) -> dict[str, str]:
        """The first row, without its target."""
        names, cells = (line.split(",") for line in self.text.splitlines()[:2])
        return dict(zip(names[:-1], cells, strict=False))


def shape(number: int, seed: int = SEED) -> Shape:
    """The job of that number: rows, columns, texts, classes or regression, layers, grain, slots."""
    draw = random.Random(f"{seed} {number}")
    rows, numbers, words = draw.choice([40, 120, 300]), draw.randint(1, 6), draw.randint(0, 3)
    classes = draw.choice([0, 2, 3, 8])
    lines = [",".join([*(f"n{i}" for i in range(numbers)), *(f"w{i}" for i in range(words)), "y"])]
    for _ in range(rows):
        values = [draw.gauss(0, 1) for _ in range(numbers)]
        texts = [f"{'ab' if values[0] > 0 else 'cd'}-{draw.randint(0, 99):02d}" for _ in range(words)]
        target = f"{values[0] * 3 + draw.random():.3f}" if not classes else f"c{int(values[0] * 9) % classes}"
        lines.append(",".join([*(f"{value:.5f}" for value in values), *texts, target]))
    fate = draw.choice(FATES)
    parameters = {
        "target": "missing" if fate == "refused" else "y",
        "n_layers": draw.randint(1, 3),
        "bucket": 20,
        "tau": 60,
        "seed": number,
        "leaf_grain": draw.choice(["slice", "slice", "bucket"]),
        "slots": draw.choice([0, 0, 0, 2]),
    }
    return Shape("\n".join(lines) + "\n", parameters, fate, asked=draw.random() < 0.5)


@dataclass(frozen=True)
class Look:
    """What is held after so many jobs, when nothing runs: by part of the cloud, and in all."""

    jobs: int
    parts: dict[str, Held]

    @property
    def all(self) -> Held:
        parts = self.parts.values()
        return Held(
            processes=sum(part.processes for part in parts),
            bytes=sum(part.bytes for part in parts),
            files=sum(part.files for part in parts),
            threads=sum(part.threads for part in parts),
        )


@dataclass
class Soak:
    """The whole of it, over a cloud that runs; ``ends`` counts how jobs ended."""

    cloud: EmbeddedCloud
    at_once: int = 3
    ends: Counter[str] = field(default_factory=Counter)
    predictions: int = 0
    looks: list[Look] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = SystemClock()
        self.store = JobStore(Objects(self.cloud.client("s3"), self.cloud.jobs_bucket))
        sfn: Any = self.cloud.sfn
        self.jobs = Jobs(self.store, sfn, self.cloud.train_arn, self.clock)
        self._running: dict[str, Shape] = {}

    def run(self, jobs: int, every: int) -> None:
        """Do so many jobs, and look at what is held after each ``every`` of them."""
        for number in range(jobs):
            self._start(number)
            if (number + 1) % every == 0:
                self._until(0)
                self.settle()
                self.looks.append(self.look(number + 1))
        self._until(0)

    def look(self, jobs: int) -> Look:
        """What every part holds now."""
        services, functions, *gatherers = (tree(pid) for pid in self.cloud.pids())
        parts = {
            "executor": [os.getpid()],
            "services": services,
            "functions": functions,
            "gatherers": [pid for one in gatherers for pid in one],
        }
        return Look(jobs, {name: held(pids) for name, pids in parts.items()})

    def settle(self) -> None:
        """Wait until no function runs and the queue is read."""
        for _ in range(MOST_POLLS):
            if not self.cloud.pool.busy and not self._messages(self.cloud.reports_queue_url):
                return
            self.clock.sleep(POLL_SECONDS)
        raise AssertionError("functions still run, or messages still wait")

    def leftovers(self) -> list[str]:
        """A line for each thing that is left of the jobs, all of which were deleted."""
        s3, bucket = self.cloud.client("s3"), self.cloud.jobs_bucket
        brackets = BracketTable(self.cloud.client("dynamodb"), LEASE_TABLE).read()
        budget = LeaseTable(self.cloud.client("dynamodb"), LEASE_TABLE, self.clock).read()
        running = self.cloud.sfn.list_executions(stateMachineArn=self.cloud.train_arn, statusFilter="RUNNING")
        prefixes = ("jobs/", "waves/", "runs/", "datasets/", PENDING)
        return [
            *(f"lease {holder}" for holder in budget.leases),
            *(f"turn {holder}" for holder in budget.queue),
            *(f"bracket {holder}" for holder in brackets.records),
            *(f"slots {name}" for name in self.cloud.pool.provisioned.levels),
            *(f"object {key}" for prefix in prefixes for key in self.store.objects.keys(prefix)),
            *(f"upload {one['Key']}" for one in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])),
            *(f"running {one['name']}" for one in running["executions"]),
            *(["reports"] if self._messages(self.cloud.reports_queue_url) else []),
            *(["dead letters"] if self._messages(self.cloud.dlq_url) else []),
        ]

    def _start(self, number: int) -> None:
        self._until(self.at_once - 1)
        job = shape(number)
        dataset = upload(self.cloud, job.text, f"soak-{number}.csv")
        name = f"soak-{number}"
        arn = self.cloud.train({"dataset": dataset, "job": name, **job.parameters}, name=name)
        self._running[arn] = job
        if job.fate == "aborted":
            self._until_started(arn)
            self.cloud.sfn.stop_execution(executionArn=arn, cause="soak")

    def _until_started(self, arn: str) -> None:
        """Until it is past Stage, so that there is something to abort; or has ended."""
        for _ in range(MOST_POLLS):
            described = self.cloud.sfn.describe_execution(executionArn=arn)
            if described["status"] != "RUNNING" or "Divide" in Ended(self.cloud, arn, {}).states():
                return
            self.clock.sleep(POLL_SECONDS)
        raise AssertionError(f"{arn} does not start")

    def _until(self, most: int) -> None:
        """Wait until at most so many jobs run; what ended is looked at, asked, and deleted."""
        for _ in range(MOST_POLLS):
            for arn in [*self._running]:
                described = self.cloud.sfn.describe_execution(executionArn=arn)
                if described["status"] != "RUNNING":
                    self._finish(Ended(self.cloud, arn, described), self._running.pop(arn))
            if len(self._running) <= most:
                return
            self.clock.sleep(POLL_SECONDS)
        raise AssertionError(f"jobs do not end: {[*self._running]}")

    def _finish(self, ended: Ended, job: Shape) -> None:
        self.ends[ended.status] += 1
        allowed = {"trained": {"SUCCEEDED"}, "refused": {"FAILED"}, "aborted": {"ABORTED", "SUCCEEDED"}}
        assert ended.status in allowed[job.fate], (ended.described.get("cause"), job.parameters)
        if ended.status == "SUCCEEDED" and job.asked:
            self._ask(ended.output["model"], job)
        if ended.status == "ABORTED":
            self._close(ended.arn)
        self._delete(ended.arn.rpartition(":")[2])

    def _ask(self, model: str, job: Shape) -> None:
        client = PredictClient(
            self.cloud.sfn, self.cloud.machines["predict"], PredictionStore(self.store.objects)
        )
        key = model.removeprefix(self.store.objects.uri(""))
        assert len(predict_sync(client, key, [job.query] * 4)) == 4
        assert json.loads(read(self.cloud, model))["layers"]
        self.predictions += 1

    def _close(self, arn: str) -> None:
        """What the template's rule does when an execution ends without success: see ``eventbridge``."""
        answer = self.cloud.client("lambda").invoke(
            FunctionName=f"{APP}-bracket:live", Payload=json.dumps({"action": "close", "execution": arn})
        )
        assert "FunctionError" not in answer

    def _delete(self, name: str) -> None:
        # Lambda lets what runs end its work, and that may write: deleted when nothing runs any more.
        dataset = f"datasets/{name}.csv"
        self.store.objects.delete(dataset)
        Deleting(self.jobs).delete(name)

    def _messages(self, queue: str) -> int:
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)

    def sweep(self) -> None:
        """Delete what invocations wrote that outlived their execution, as the gatherer's sweep does."""
        Deleting(self.jobs).sweep()
