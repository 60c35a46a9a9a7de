"""Sweeps after deleted jobs, every few minutes, beside the threads that drain the queue."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from snakebatch.errors import MeshError
from snakebatch.mesh.deleting import Deleting

SWEEP_SECONDS = 180.0
"""Between two sweeps: several in the fifteen minutes that an invocation may outlive its job."""


@contextmanager
def sweeping(deleting: Deleting, logger: Logger, seconds: float = SWEEP_SECONDS) -> Iterator[None]:
    """Sweep at once, since an earlier gatherer may have died meanwhile, and then every so often."""
    ended = threading.Event()

    def sweep() -> None:
        while not ended.is_set():
            sweep_once(deleting, logger)
            ended.wait(seconds)

    thread = threading.Thread(target=sweep, name="sweeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def sweep_once(deleting: Deleting, logger: Logger) -> None:
    """One sweep; what fails is told, and done by the next."""
    try:
        deleting.sweep()
    except (ClientError, BotoCoreError, MeshError) as error:
        logger.warning("a deleted job could not be swept; trying again", extra={"error": str(error)})
