"""The gatherer as a Lambda function on the report queue: the template's GathererMode ``lambda``."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from gatherer.answering import Answerer
from gatherer.drainer import Drainer
from gatherer.progress import Progress
from gatherer.queue_events import QueueEvents
from snakebatch.mesh.assembly import CONNECTIONS, Assembler
from snakebatch.mesh.environment import Environment
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.store import JobStore

logger = Logger()
environment = Environment.read()
s3 = boto3.client("s3", config=Config(max_pool_connections=CONNECTIONS))
store = JobStore(Objects(s3, environment.jobs_bucket))
assembler = Assembler(store)
asked = threading.Event()
gatherer = QueueEvents(
    Drainer(
        boto3.client("sqs"),
        environment.reports_queue_url,
        environment.reports_dlq_url,
        store,
        Progress(),
        asked.set,
        logger,
    ),
    Answerer(boto3.client("stepfunctions"), assembler, logger),
    asked,
)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take in a batch of the report queue; returns its size, and whether a model was asked for."""
    result = gatherer.run(
        [
            (record["body"], int(record["attributes"]["ApproximateReceiveCount"]))
            for record in event["Records"]
        ]
    )
    logger.info("drained", extra=result)
    return result
