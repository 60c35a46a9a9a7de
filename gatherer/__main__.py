"""``python -m gatherer``: everything it needs to know stands in its environment."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from types import FrameType

import boto3
from aws_lambda_powertools import Logger

from gatherer.answering import Answerer
from gatherer.drainer import Drainer
from gatherer.health import PATH, Pulse, health_server
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
    clock = SystemClock()
    answerer = Answerer(boto3.client("stepfunctions"), assembler, clock, logger)
    drainer = Drainer(
        boto3.client("sqs"),
        environment.reports_queue_url,
        environment.reports_dlq_url,
        store,
        Progress(),
        lambda: service.asked.set(),
        logger,
    )
    threads = environment.gatherer_threads
    service = Service(drainer, answerer, threads=threads, logger=logger, pulse=Pulse(clock))
    return service


def main(argv: Sequence[str] | None = None) -> None:
    """Run until SIGTERM or Ctrl-C."""
    _parser().parse_args(argv)
    logger = Logger(service="gatherer")
    environment = Environment.read()
    service = build(environment, logger)

    def stop(number: int, frame: FrameType | None) -> None:
        service.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with _health(service, environment.gatherer_port):
        logger.info("the gatherer drains the report queue")
        service.run()


def _health(service: Service, port: int | None) -> AbstractContextManager[int | None]:
    return nullcontext() if port is None else health_server(service.pulse, port)


def _parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="python -m gatherer",
        description="Drain the report queue and assemble models, until SIGTERM.",
        epilog="The environment names JOBS_BUCKET, REPORTS_QUEUE_URL and REPORTS_DLQ_URL (outputs of the "
        f"stack); GATHERER_THREADS receive (4), and GATHERER_PORT, if it is set, answers GET {PATH}.",
    )


if __name__ == "__main__":
    main()
