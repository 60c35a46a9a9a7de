"""Wave: reads the reports of the wave that ended and hands out the next."""

from __future__ import annotations

from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from snakebatch.clock import SystemClock
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.mesh.environment import Environment
from snakebatch.mesh.executions import Executions
from snakebatch.mesh.lease import LeaseTable
from snakebatch.mesh.messages import parse
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.pacing import Pacing
from snakebatch.mesh.requests import WaveEvent
from snakebatch.mesh.store import JobStore
from snakebatch.mesh.waves import next_wave

logger = Logger()
metrics = Metrics()
environment = Environment.read()
store = JobStore(Objects(boto3.client("s3"), environment.jobs_bucket))
dynamodb = boto3.client("dynamodb")
executions = Executions(boto3.client("stepfunctions"))
pacing = Pacing(
    LeaseTable(
        dynamodb,
        environment.lease_table,
        SystemClock(),
        environment.spawn_rate,
        ended=executions.ended,
    ),
    BracketTable(dynamodb, environment.lease_table),
)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Renew the lease and make the next wave; returns what it is and where its items lie."""
    metrics.add_metric("Waves", MetricUnit.Count, 1)
    asked = parse(WaveEvent, event)
    result = next_wave(store, asked, pacing.renewed).body()
    metrics.add_metric("PacketsHandedOut", MetricUnit.Count, result["pending"])
    logger.info("next wave", extra=result)
    return result
