"""The running gatherer: receiver threads beside one thread that answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from gatherer.health import Pulse

if TYPE_CHECKING:
    from gatherer.answering import Answerer
    from gatherer.drainer import Drainer

RETRY_SECONDS = 2.0
"""Between two attempts after AWS answered with an error."""

LOOK_SECONDS = 10.0
"""Between two looks at the kept tokens when nobody rings: another gatherer may have kept one, deleted its
message, and died. Well within the workflow's patience.
"""


class Service:
    """Starts, stops, and nothing else: what a thread does is the drainer's and the answerer's.

    ``stopping`` is the event that ``stop`` sets; the answerer looks at it between its steps.
    """

    def __init__(
        self,
        drainer: Drainer,
        answerer: Answerer,
        *,
        threads: int,
        logger: Logger,
        pulse: Pulse,
        stopping: threading.Event,
    ) -> None:
        self.drainer = drainer
        self.answerer = answerer
        self.pulse = pulse
        self.threads = threads
        self.logger = logger
        self.asked = threading.Event()
        self._faults: list[Exception] = []
        self.stopping = stopping

    def stop(self) -> None:
        """End soon: batches in hand are finished, a model in the making is left to the next gatherer.

        Not from a signal handler: events have locks.
        """
        self.stopping.set()
        self.asked.set()

    def run(self) -> None:
        """Drain and answer until ``stop``; raises the first fault of any thread, once all have ended.

        A fault ends the whole gatherer, loudly, so that it is started again whole: half a gatherer would look
        alive.
        """
        receivers = [
            threading.Thread(target=self._until_stopped, args=(self._receive,), name=f"receiver-{index}")
            for index in range(self.threads)
        ]
        for thread in receivers:
            thread.start()
        self._until_stopped(self._answer)
        for thread in receivers:
            thread.join()
        self.logger.info("the gatherer has ended", extra={"totals": self.drainer.progress.totals()})
        if self._faults:
            raise self._faults[0]

    def _receive(self) -> None:
        self.drainer.drain_once()
        self.pulse.beat()

    def _answer(self) -> None:
        self.asked.clear()
        # Tokens in S3 are all that a restart needs, so the first look finds what an earlier life left.
        self.answerer.answer_all()
        self.pulse.beat("answerer")
        if not self.stopping.is_set():
            self.asked.wait(LOOK_SECONDS)

    def _until_stopped(self, work: Callable[[], object]) -> None:
        while not self.stopping.is_set():
            try:
                work()
            except (ClientError, BotoCoreError) as error:
                # AWS has bad moments; what was not deleted comes again.
                self.logger.warning("AWS did not answer well; trying again", extra={"error": str(error)})
                self.stopping.wait(RETRY_SECONDS)
            except Exception as fault:
                self.logger.exception("the gatherer has a fault")
                self._faults.append(fault)
                self.stop()
