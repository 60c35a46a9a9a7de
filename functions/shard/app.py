"""The code of all 100 shards: one packet an invocation, in the role that the event names."""

from __future__ import annotations

from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from snakebatch.clock import SystemClock
from snakebatch.mesh.engines import engine_named
from snakebatch.mesh.environment import Environment
from snakebatch.mesh.messages import parse
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.population_cache import PopulationCache
from snakebatch.mesh.report_queue import ReportQueue
from snakebatch.mesh.requests import ShardEvent
from snakebatch.mesh.shard import Shard
from snakebatch.mesh.store import JobStore

logger = Logger()
metrics = Metrics()
environment = Environment.read()
# Clients and caches live as long as the environment: a warm shard neither connects nor loads again.
shard = Shard(
    store=JobStore(Objects(boto3.client("s3"), environment.jobs_bucket)),
    populations=PopulationCache(environment.cache_folder),
    queue=ReportQueue(boto3.client("sqs"), environment.reports_queue_url),
    engine=engine_named(environment.engine),
    clock=SystemClock(),
)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Do the packet that the event names; returns counts."""
    metrics.add_metric("Packets", MetricUnit.Count, 1)
    asked = parse(ShardEvent, event)
    result = shard.run(asked)
    metrics.add_metric("Leaves", MetricUnit.Count, float(str(result["leaves"])))
    logger.info("packet done", extra={**result, "shard": asked.shard, "execution": asked.execution})
    return result
