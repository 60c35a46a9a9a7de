"""What a run left behind: everything that should be gone once it has ended, however it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from snakebatch.chaos.cloud import ChaosCloud
from snakebatch.clock import SystemClock
from snakebatch.local.deployment import LEASE_TABLE
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.mesh.lease import LeaseTable
from snakebatch.mesh.store import PENDING

_COUNTS = ("", "NotVisible", "Delayed")


def leftovers(cloud: ChaosCloud) -> list[str]:
    """A line for each thing that is left; none where the run was tidy."""
    return [line for look in _LOOKS for line in look(cloud)]


def queued(cloud: ChaosCloud) -> int:
    """Messages of the report queue, those in somebody's hands and those that are late included."""
    return _messages(cloud, cloud.reports_queue_url)


def pending(cloud: ChaosCloud) -> list[str]:
    """The keys of the task tokens that wait for a model."""
    listed = cloud.client("s3").list_objects_v2(Bucket=cloud.jobs_bucket, Prefix=PENDING)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def _messages(cloud: ChaosCloud, queue: str) -> int:
    names: Any = [f"ApproximateNumberOfMessages{count}" for count in _COUNTS]
    found = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return sum(int(found["Attributes"].get(name, 0)) for name in names)


def _brackets(cloud: ChaosCloud) -> Iterator[str]:
    brackets = BracketTable(cloud.client("dynamodb"), LEASE_TABLE).read()
    yield from (f"a bracket is open: {holder}" for holder in brackets.records)
    yield from (f"shard {shard} is noted as having slots" for shard in brackets.shards)
    if brackets.switch is not None:
        yield f"the switch is held by {brackets.switch.owner}"


def _slots(cloud: ChaosCloud) -> Iterator[str]:
    levels = cloud.pool.provisioned.levels
    yield from (f"{level} slots are on at {name}" for name, level in levels.items())


def _leases(cloud: ChaosCloud) -> Iterator[str]:
    budget = LeaseTable(cloud.client("dynamodb"), LEASE_TABLE, SystemClock()).read()
    yield from (f"a lease is held: {holder}" for holder in budget.leases)
    yield from (f"a place in the queue is held: {holder}" for holder in budget.queue)


def _uploads(cloud: ChaosCloud) -> Iterator[str]:
    """Those of the dead are ended here as the bucket's rule for abandoned uploads does; others are leaks."""
    s3 = cloud.client("s3")
    for entry in s3.list_multipart_uploads(Bucket=cloud.jobs_bucket).get("Uploads", []):
        key, upload = entry["Key"], entry["UploadId"]
        s3.abort_multipart_upload(Bucket=cloud.jobs_bucket, Key=key, UploadId=upload)
        if upload not in cloud.disturber.abandoned:
            yield f"a multipart upload was open: {key}"


def _tokens(cloud: ChaosCloud) -> Iterator[str]:
    yield from (f"a task token waits: {key}" for key in pending(cloud))


def _queues(cloud: ChaosCloud) -> Iterator[str]:
    for name, url in (("report queue", cloud.reports_queue_url), ("dead letters", cloud.dlq_url)):
        if count := _messages(cloud, url):
            yield f"the {name} holds {count} messages"


def _executions(cloud: ChaosCloud) -> Iterator[str]:
    running = cloud.sfn.list_executions(stateMachineArn=cloud.train_arn, statusFilter="RUNNING")
    yield from (f"an execution runs: {entry['name']}" for entry in running["executions"])
    if cloud.pool.waiting:
        yield f"{cloud.pool.waiting} invocations wait for an environment"


_LOOKS: tuple[Callable[[ChaosCloud], Iterator[str]], ...] = (
    _brackets,
    _slots,
    _leases,
    _uploads,
    _tokens,
    _queues,
    _executions,
)
