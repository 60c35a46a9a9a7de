"""The mesh in one process: moto's S3, SQS and DynamoDB, and the library's parts called one after another.

What the state machine does is done here by a loop, so that a test of the mesh needs no executor.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from gatherer.drainer import Drainer
from gatherer.progress import Progress
from snakebatch.clock import Clock, SimulatedClock
from snakebatch.mesh.assembly import Assembler
from snakebatch.mesh.engines import Engine, SnakeEngine
from snakebatch.mesh.messages import LeafMessage, read_queue_message
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.population_cache import PopulationCache
from snakebatch.mesh.records import Assembled
from snakebatch.mesh.report_queue import ReportQueue
from snakebatch.mesh.requests import RunRef, SettleEvent, ShardEvent, StageEvent, WaveEvent, WaveRef
from snakebatch.mesh.settling import Settling
from snakebatch.mesh.shard import Shard
from snakebatch.mesh.staging import Staging
from snakebatch.mesh.store import JobStore, Keys
from snakebatch.mesh.waves import next_wave

BUCKET = "snakebatch-jobs-test"
TABLE = "snakebatch-leases"
STARTED = "2026-01-01T00:00:00.000Z"


def execution_arn(name: str) -> str:
    """The ARN of an execution of the training workflow."""
    return f"arn:aws:states:eu-west-3:123456789012:execution:snakebatch-train:{name}"


@cache
def clients() -> tuple[Any, Any, Any]:
    """S3, SQS and DynamoDB for all benches: making them takes longer than most tests; each call is mocked."""
    return boto3.client("s3"), boto3.client("sqs"), boto3.client("dynamodb")


@dataclass
class MeshBench:
    """Everything a training needs but Step Functions and Lambda; use within ``mock_aws``."""

    folder: Path
    engine: Engine = field(default_factory=SnakeEngine)
    clock: Clock = field(default_factory=SimulatedClock)
    memory: int | None = None
    """Bytes of the function that stages; None: it says nothing."""

    def __post_init__(self) -> None:
        self.s3, self.sqs, self.dynamodb = clients()
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        self.queue_url = self.sqs.create_queue(QueueName="reports")["QueueUrl"]
        self.dlq_url = self.sqs.create_queue(QueueName="reports-dlq")["QueueUrl"]
        self.dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.store = JobStore(Objects(self.s3, BUCKET))
        self.assembler = Assembler(self.store)
        self.progress = Progress()
        self.rung = 0
        self.drainer = Drainer(
            self.sqs, self.queue_url, self.dlq_url, self.store, self.progress, self._ring, Logger("test")
        )

    def _ring(self) -> None:
        self.rung += 1

    def shard(self, name: str = "00", engine: Engine | None = None) -> Shard:
        """A cold shard with a disk of its own."""
        populations = PopulationCache(self.folder / f"shard-{name}")
        queue = ReportQueue(self.sqs, self.queue_url)
        return Shard(self.store, populations, queue, engine or self.engine, self.clock)

    def upload(self, text: str | bytes, name: str = "data.csv") -> str:
        """Put a data set into the bucket; returns its URI."""
        data = text.encode() if isinstance(text, str) else text
        self.s3.put_object(Bucket=BUCKET, Key=f"datasets/{name}", Body=data)
        return f"s3://{BUCKET}/datasets/{name}"

    def stage(self, dataset: str, execution: str = "test", **parameters: Any) -> dict[str, Any]:
        """What Stage returns."""
        asked = {"dataset": dataset, "target": "y", **parameters}
        return Staging(self.store, self.engine, memory=self.memory).run(
            StageEvent(execution=execution, started=STARTED, input=asked)
        )

    def items(self, wave: WaveRef) -> list[dict[str, str]]:
        """The items of the Map that does a wave."""
        assert wave.items is not None
        items: list[dict[str, str]] = json.loads(self.store.objects.get(wave.items))
        return items

    def run_wave(
        self, wave: WaveRef, execution: str = "test", shard: Shard | None = None
    ) -> list[dict[str, object]]:
        """Every packet of a wave, each on a cold shard unless one is given."""
        return [
            (shard or self.shard(item["shard"])).run(
                ShardEvent.model_validate({**item, "role": wave.next, "execution": execution})
            )
            for item in self.items(wave)
        ]

    def run_one(self, event: dict[str, str], shard: Shard) -> dict[str, object]:
        """One invocation of a shard."""
        return shard.run(ShardEvent.model_validate(event))

    def next(self, staged: dict[str, Any], wave: WaveRef, execution: str = "test") -> WaveRef:
        """What NextWave returns."""
        assert wave.next != "leaf"
        run = staged["run"]
        event = WaveEvent(
            job=run["job"],
            fingerprint=run["fingerprint"],
            execution=execution,
            execution_arn=execution_arn(execution),
            wave=wave.wave,
            done=wave.next,
        )
        return next_wave(self.store, event)

    def leaves(self, staged: dict[str, Any], execution: str = "test", shard: Shard | None = None) -> WaveRef:
        """All waves up to the one that makes the leaves, which is not run yet."""
        wave = WaveRef.model_validate(staged["wave"])
        while wave.next != "leaf":
            if wave.next != "none":
                self.run_wave(wave, execution, shard)
            wave = self.next(staged, wave, execution)
        return wave

    def assemble(self, staged: dict[str, Any], execution: str = "test") -> Assembled:
        """What the gatherer does when the leaves are there."""
        return self.assembler.assemble(staged["run"]["job"], staged["run"]["fingerprint"], execution)

    def settle(self, staged: dict[str, Any], wave: WaveRef, execution: str = "test") -> dict[str, Any]:
        """The output of an execution whose last wave is done, as Settle gives it."""
        event = SettleEvent(
            run=RunRef.model_validate(staged["run"]),
            execution=execution,
            started=STARTED,
            wave=wave,
            gathered=True,
            failure=None,
        )
        output: dict[str, Any] = Settling(self.assembler, self.clock).run(event)["output"]
        return output

    def train(self, dataset: str, execution: str = "test", **parameters: Any) -> tuple[dict[str, Any], bytes]:
        """A whole training; returns what Stage said, and the bytes of model.json."""
        staged = self.stage(dataset, execution, **parameters)
        wave = self.leaves(staged, execution)
        self.run_wave(wave, execution)
        return staged, self.read(self.assemble(staged, execution).model)

    def read(self, uri: str) -> bytes:
        """An object by its URI."""
        return self.store.objects.get(uri.removeprefix(f"s3://{BUCKET}/"))

    def keys(self, staged: dict[str, Any]) -> Keys:
        return Keys(staged["run"]["job"], staged["run"]["fingerprint"])

    def received(self) -> list[LeafMessage]:
        """Take every leaf message off the queue."""
        messages: list[LeafMessage] = []
        while batch := self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for entry in batch:
                message = read_queue_message(entry["Body"])
                assert isinstance(message, LeafMessage)
                messages.append(message)
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=entry["ReceiptHandle"])
        return messages
