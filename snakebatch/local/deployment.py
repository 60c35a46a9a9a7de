"""What the template deploys, for the embedded cloud: names, functions, queues, and the workflow filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from snakebatch.errors import CloudError
from snakebatch.local.isolation import ACCOUNT, REGION
from snakebatch.local.lambdas import Function

APP = "snakebatch"
SHARD_PREFIX = "v9-worker-pipe"
SHARDS = 100
ROLES = ("stage", "wave", "bracket", "settle", "predict")
BUCKET = f"{APP}-jobs-{ACCOUNT}-{REGION}"
LEASE_TABLE = f"{APP}-leases"
QUEUE = "v9-reports"
MACHINES = {"train": "STANDARD", "predict": "EXPRESS", "predict-batch": "STANDARD"}
"""The workflows that statemachine/ may hold, and their types."""

GATHER_HEARTBEAT_SECONDS = 30
"""How long the gatherer may be silent before the workflow assembles from S3 by itself."""

EXECUTIONS_KEPT = 200
"""Ended executions of each workflow that are remembered, the newest: pages look at the latest 100."""

_SHARD_TIMEOUT, _ROLE_TIMEOUT = 300.0, 900.0
_MEMORY = 4096
_VISIBILITY_SECONDS, _MAX_RECEIVE_COUNT = 60, 5


def functions(bundle: Path, environment: Mapping[str, str]) -> Iterator[Function]:
    """The 100 shards over one code folder, and one function per role."""
    for number in range(SHARDS):
        name, folder = f"{SHARD_PREFIX}-{number:02d}", bundle / "functions/shard"
        yield Function(name, folder, timeout=_SHARD_TIMEOUT, memory_size=_MEMORY, environment=environment)
    for role in ROLES:
        name, folder = f"{APP}-{role}", bundle / "functions" / role
        yield Function(name, folder, timeout=_ROLE_TIMEOUT, memory_size=_MEMORY, environment=environment)


def workflows(bundle: Path) -> list[str]:
    """Those of MACHINES that a bundle has."""
    return [name for name in MACHINES if (bundle / f"statemachine/{name}.asl.json").is_file()]


def definition(bundle: Path, workflow: str, values: Mapping[str, str]) -> str:
    """A workflow's definition (``train``, ...), its blanks filled with our names and ``values``."""
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{APP}"
    roles = {f"{role.capitalize()}FunctionArn": f"{arn}-{role}:live" for role in ROLES}
    text = (bundle / f"statemachine/{workflow}.asl.json").read_text(encoding="utf-8")
    return substitute(
        text, {**roles, "ShardPrefix": SHARD_PREFIX, "ChildExecutionType": "STANDARD", **values}
    )


def create_bucket(s3: Any) -> None:
    """The bucket of all jobs."""
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


def create_queues(sqs: Any) -> tuple[str, str]:
    """The queue of reports and its dead letter queue; returns their URLs."""
    dead = sqs.create_queue(QueueName=f"{QUEUE}-dlq")["QueueUrl"]
    target = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}-dlq"
    redrive = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": _MAX_RECEIVE_COUNT})
    attributes = {"RedrivePolicy": redrive, "VisibilityTimeout": str(_VISIBILITY_SECONDS)}
    return sqs.create_queue(QueueName=QUEUE, Attributes=attributes)["QueueUrl"], dead


def create_lease_table(dynamodb: Any) -> None:
    """The table of leases and brackets."""
    dynamodb.create_table(
        TableName=LEASE_TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def substitute(definition: str, values: Mapping[str, str]) -> str:
    """Fill in ``${Name}`` as SAM's DefinitionSubstitutions do; a name without a value is a CloudError."""
    missing = sorted({name for name in re.findall(r"\$\{(\w+)\}", definition) if name not in values})
    if missing:
        raise CloudError(
            f"the embedded cloud has no value for {', '.join(missing)} in the state machine's definition"
        )
    return re.sub(r"\$\{(\w+)\}", lambda match: json.dumps(values[match[1]])[1:-1], definition)
