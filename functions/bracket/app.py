"""Bracket: the execution's share of the spawn budget, and its provisioned slots."""

from __future__ import annotations

from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from snakebatch.clock import SystemClock
from snakebatch.mesh.bracket import Bracket
from snakebatch.mesh.environment import Environment
from snakebatch.mesh.lease import LeaseTable
from snakebatch.mesh.messages import parse
from snakebatch.mesh.requests import BracketEvent

logger = Logger()
metrics = Metrics()
bracket = Bracket(LeaseTable(boto3.client("dynamodb"), Environment.read().lease_table, SystemClock()))


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Admit, open, watch or close; returns a handful of numbers."""
    metrics.add_metric("BracketActions", MetricUnit.Count, 1)
    asked = parse(BracketEvent, event)
    result = bracket.run(asked)
    logger.info("bracket", extra={"action": asked.action, "execution": asked.execution, **result})
    return result
