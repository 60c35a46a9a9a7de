"""Stage: reads the data set, writes population, job and first wave."""

from __future__ import annotations

from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from snakebatch.errors import InputError
from snakebatch.mesh.engines import engine_named
from snakebatch.mesh.environment import Environment
from snakebatch.mesh.messages import parse
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.requests import StageEvent
from snakebatch.mesh.staging import Staging
from snakebatch.mesh.store import JobStore

logger = Logger()
metrics = Metrics()
environment = Environment.read()
staging = Staging(
    JobStore(Objects(boto3.client("s3"), environment.jobs_bucket)),
    engine_named(environment.engine),
    environment.spawn_rate,
    environment.dataset_objects or (),
    environment.memory,
)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Stage one execution; returns its keys, its plan and where its first wave lies."""
    metrics.add_metric("RunsStaged", MetricUnit.Count, 1)
    result = staging.run(parse(StageEvent, event, InputError))
    metrics.add_metric("RowsStaged", MetricUnit.Count, result["plan"]["rows"])
    metrics.add_metric("PacketsHandedOut", MetricUnit.Count, result["wave"]["pending"])
    logger.info("staged", extra={"job": result["run"]["job"], "plan": result["plan"]})
    return result
