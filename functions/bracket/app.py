"""Bracket: shares of the spawn budget and provisioned slots, of executions and of sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from snakebatch.clock import SystemClock
from snakebatch.mesh.admission import Admission
from snakebatch.mesh.bracket import Bracket
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.mesh.environment import Environment
from snakebatch.mesh.executions import Executions
from snakebatch.mesh.lease import LeaseTable
from snakebatch.mesh.messages import parse
from snakebatch.mesh.requests import BracketEvent
from snakebatch.mesh.shard_slots import ShardSlots
from snakebatch.mesh.switching import Switching

logger = Logger()
metrics = Metrics()
environment, clock, dynamodb = Environment.read(), SystemClock(), boto3.client("dynamodb")
table = BracketTable(dynamodb, environment.lease_table)
# One attempt a request: the library paces its requests and repeats them itself.
once = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10)


def tell_leak(slots: int, ended: Sequence[str]) -> None:
    """The alarm's metric, and whose it was. Both get out also where switching off fails after that."""
    metrics.add_metric("LeakedSlots", MetricUnit.Count, float(slots))
    if slots:
        logger.warning("slots outlived their executions", extra={"slots": slots, "ended": [*ended]})


executions = Executions(boto3.client("stepfunctions"))
bracket = Bracket(
    Admission(
        LeaseTable(dynamodb, environment.lease_table, clock, environment.spawn_rate, ended=executions.ended),
        executions,
    ),
    table,
    Switching(table, ShardSlots(boto3.client("lambda", config=once), environment.shard_prefix, clock), clock),
    tell_leak,
    environment.functions_gb,
)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Admit, open, watch, close, list or sweep; returns a handful of numbers."""
    metrics.add_metric("BracketActions", MetricUnit.Count, 1)
    asked = parse(BracketEvent, event)
    result = bracket.run(asked)
    if asked.action == "sweep":
        metrics.add_metric("Sweeps", MetricUnit.Count, 1)
    logger.info("bracket", extra={"action": asked.action, "answer": result})
    return result
