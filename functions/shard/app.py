"""The code of all 100 shards: a packet or a chunk of rows an invocation, in the role that the event names."""

from __future__ import annotations

from itertools import chain, repeat
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricResolution, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from snakebatch.clock import SystemClock
from snakebatch.mesh.engines import engine_named
from snakebatch.mesh.environment import Environment
from snakebatch.mesh.model_cache import ModelCache
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.population_cache import PopulationCache
from snakebatch.mesh.prediction_computing import Computing
from snakebatch.mesh.prediction_messages import ChunkEvent, read_shard_event
from snakebatch.mesh.prediction_store import PredictionStore
from snakebatch.mesh.report_queue import ReportQueue
from snakebatch.mesh.shard import Shard
from snakebatch.mesh.store import JobStore

logger = Logger()
metrics = Metrics()
environment = Environment.read()
# Clients and caches live as long as the environment: a warm shard neither connects nor loads again.
objects = Objects(boto3.client("s3"), environment.jobs_bucket)
computing = Computing(PredictionStore(objects), ModelCache(environment.cache_folder))
shard = Shard(
    store=JobStore(objects),
    populations=PopulationCache(environment.cache_folder),
    queue=ReportQueue(boto3.client("sqs"), environment.reports_queue_url),
    engine=engine_named(environment.engine),
    clock=SystemClock(),
)
# 1 for the first invocation of this environment, 0 for every later one.
spawned = chain([1], repeat(0))


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Do the packet or answer the chunk that the event names; returns counts, and answers that are small."""
    # To the second, since the ceiling that they are held against counts in windows of ten.
    metrics.add_metric("Invocations", MetricUnit.Count, 1, resolution=MetricResolution.High)
    metrics.add_metric("Spawned", MetricUnit.Count, next(spawned), resolution=MetricResolution.High)
    asked = read_shard_event(event)
    if isinstance(asked, ChunkEvent):
        answered = computing.run(asked)
        metrics.add_metric("RowsAnswered", MetricUnit.Count, asked.n)
        logger.info(
            "chunk answered", extra={"execution": asked.execution, "chunk": asked.chunk, "n": asked.n}
        )
        return answered
    result = shard.run(asked)
    metrics.add_metric("Packets", MetricUnit.Count, 1)
    metrics.add_metric("Leaves", MetricUnit.Count, float(str(result["leaves"])))
    logger.info("packet done", extra={**result, "shard": asked.shard, "execution": asked.execution})
    return result
