"""Settle: the model if the gatherer left it, the receipt, and the true error of a failed run."""

from __future__ import annotations

from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from snakebatch.clock import SystemClock
from snakebatch.mesh.assembly import CONNECTIONS, Assembler
from snakebatch.mesh.environment import Environment
from snakebatch.mesh.messages import parse
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.requests import SettleEvent
from snakebatch.mesh.settling import Settling
from snakebatch.mesh.store import JobStore

logger = Logger()
metrics = Metrics()
environment = Environment.read()
s3 = boto3.client("s3", config=Config(max_pool_connections=CONNECTIONS))
settling = Settling(Assembler(JobStore(Objects(s3, environment.jobs_bucket))), SystemClock())


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """End a run; returns the execution's output, and the failure that ends it otherwise."""
    metrics.add_metric("RunsSettled", MetricUnit.Count, 1)
    result = settling.run(parse(SettleEvent, event))
    metrics.add_metric("RunsFailed", MetricUnit.Count, int(result["failure"] is not None))
    if result["output"]["status"] == "TRAINED":
        metrics.add_metric("JobUsd", MetricUnit.NoUnit, result["output"]["usd"])
        metrics.add_metric("JobSeconds", MetricUnit.Seconds, result["output"]["seconds"])
    logger.info("settled", extra=result)
    return result
