"""``python -m gatherer``: everything it needs to know stands in its environment."""

from __future__ import annotations

import signal
from types import FrameType

import boto3
from aws_lambda_powertools import Logger

from gatherer.answering import Answerer
from gatherer.drainer import Drainer
from gatherer.progress import Progress
from gatherer.service import Service
from snakebatch.clock import SystemClock
from snakebatch.mesh.assembly import Assembler
from snakebatch.mesh.environment import Environment
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.population_cache import PopulationCache
from snakebatch.mesh.store import JobStore


def build(environment: Environment, logger: Logger) -> Service:
    """Put the gatherer together from its environment."""
    store = JobStore(Objects(boto3.client("s3"), environment.jobs_bucket))
    assembler = Assembler(store, PopulationCache(environment.cache_folder))
    answerer = Answerer(boto3.client("stepfunctions"), assembler, SystemClock(), logger)
    drainer = Drainer(
        boto3.client("sqs"),
        environment.reports_queue_url,
        environment.reports_dlq_url,
        store,
        Progress(),
        lambda: service.asked.set(),
        logger,
    )
    service = Service(drainer, answerer, threads=environment.gatherer_threads, logger=logger)
    return service


def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    logger = Logger(service="gatherer")
    service = build(Environment.read(), logger)

    def stop(number: int, frame: FrameType | None) -> None:
        service.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    logger.info("the gatherer drains the report queue")
    service.run()


if __name__ == "__main__":
    main()
