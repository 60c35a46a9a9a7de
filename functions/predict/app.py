"""Predict: checks and cuts a batch of rows before the shards answer it, and gathers the answers of a file."""

from __future__ import annotations

from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from snakebatch.mesh.environment import Environment
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.prediction_dividing import Dividing
from snakebatch.mesh.prediction_gathering import Gathering
from snakebatch.mesh.prediction_messages import DivideEvent, GatherEvent, read_predict_event
from snakebatch.mesh.prediction_store import PredictionStore

logger = Logger()
metrics = Metrics()
environment = Environment.read()
store = PredictionStore(Objects(boto3.client("s3"), environment.jobs_bucket))
dividing = Dividing(store, environment.dataset_objects or ())
gathering = Gathering(store)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Divide, gather or explain; what is logged are counts and keys, never rows."""
    metrics.add_metric("PredictSteps", MetricUnit.Count, 1)
    asked = read_predict_event(event)
    if isinstance(asked, DivideEvent):
        result = dividing.run(asked)
        metrics.add_metric("RowsAsked", MetricUnit.Count, result["asked"]["rows"])
        logger.info("divided", extra={"asked": result["asked"]})
        return result
    result = gathering.run(asked) if isinstance(asked, GatherEvent) else gathering.explain(asked)
    logger.info("ended", extra=result)
    return result
