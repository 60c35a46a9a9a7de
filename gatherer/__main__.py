"""``python -m gatherer``: everything it needs to know stands in its environment."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from gatherer.answering import Answerer
from gatherer.drainer import Drainer
from gatherer.health import Pulse
from gatherer.progress import Progress
from gatherer.service import Service
from snakebatch.clock import SystemClock
from snakebatch.mesh.assembly import CONNECTIONS, Assembler
from snakebatch.mesh.environment import Environment
from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.predicting import PredictClient
from snakebatch.mesh.prediction_store import PredictionStore
from snakebatch.mesh.store import JobStore
from snakebatch.mesh.sync_client import sync_client

_S3_CONNECTIONS = CONNECTIONS + 50
"""The threads of requests (40), receivers and an assembly share one client."""


def build(environment: Environment, logger: Logger) -> Service:
    """Put the gatherer together from its environment."""
    s3 = boto3.client("s3", config=Config(max_pool_connections=_S3_CONNECTIONS))
    store = JobStore(Objects(s3, environment.jobs_bucket))
    assembler = Assembler(store)
    pulse = Pulse(SystemClock())
    stopping = threading.Event()

    def is_stopping() -> bool:
        pulse.beat("answerer")  # asked between two steps of the work
        return stopping.is_set()

    answerer = Answerer(boto3.client("stepfunctions"), assembler, logger, is_stopping)
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
    service = Service(drainer, answerer, threads=threads, logger=logger, pulse=pulse, stopping=stopping)
    return service


def main(argv: Sequence[str] | None = None) -> None:
    """Run until SIGTERM or Ctrl-C."""
    _parser().parse_args(argv)
    logger = Logger(service="gatherer")
    environment = Environment.read()
    service = build(environment, logger)

    def stop(number: int, frame: FrameType | None) -> None:
        # In a thread: this one may hold the very lock that ``stop`` wants, since it is interrupted anywhere.
        threading.Thread(target=service.stop, name="stop").start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with _http(service, environment):
        logger.info("the gatherer drains the report queue")
        service.run()


@contextmanager
def _http(service: Service, environment: Environment) -> Iterator[None]:
    port, inherited = environment.gatherer_port, environment.gatherer_socket
    if port is None and inherited is None:
        yield
        return
    # Who only drains needs no web framework, and waits for none to load.
    from gatherer.api.app import create_app
    from gatherer.api.parts import Parts
    from gatherer.api.server import listening, serving
    from gatherer.api.settings import Settings
    from gatherer.sweeping import sweeping
    from snakebatch.mesh.deleting import Deleting

    store, clock = service.drainer.store, SystemClock()
    predictions = PredictionStore(store.objects)
    parts = Parts(
        jobs=Jobs(
            store,
            boto3.client("stepfunctions"),
            environment.train_machine,
            clock,
            environment.dataset_objects,
        ),
        predict=PredictClient(sync_client(boto3), environment.predict_machine, predictions),
        pulse=service.pulse,
        clock=clock,
        clients=boto3.client,
        settings=Settings.read_from(environment.values),
        memory_gb=environment.functions_gb,
        rate=environment.spawn_rate,
    )
    with (
        sweeping(Deleting(parts.jobs), service.logger),
        serving(create_app(parts), listening(port or 0, inherited)),
    ):
        yield


def _parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="python -m gatherer",
        description="Drain the report queue and assemble models, until SIGTERM.",
        epilog="The environment names JOBS_BUCKET, REPORTS_QUEUE_URL and REPORTS_DLQ_URL (outputs of the "
        "stack); GATHERER_THREADS receive (4). GATHERER_PORT, if it is set, serves the HTTP API and the "
        "pages, and wants TRAIN_MACHINE_ARN and PREDICT_MACHINE_ARN too; FUNCTION_MEMORY and "
        "SPAWN_PER_MINUTE are the stack's FunctionMemory and SpawnRatePerMinute, which plans there reckon "
        "with (4096, 1000).",
    )


if __name__ == "__main__":
    main()
