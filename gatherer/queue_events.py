"""The gatherer without a machine: what a batch of queue messages asks for, done in one invocation."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from gatherer.answering import Answerer
from gatherer.drainer import Drainer


@dataclass
class QueueEvents:
    """Drains and answers as the service does; the event source receives and deletes.

    ``asked`` is what the drainer rings: it is set when a model was asked for.
    """

    drainer: Drainer
    answerer: Answerer
    asked: threading.Event

    def run(self, bodies: Sequence[str]) -> dict[str, object]:
        """Ingest every message, then answer what waits. After an error the batch comes again, harmlessly."""
        for body in bodies:
            self.drainer.ingest(body)
        answering = self.asked.is_set()
        if answering:
            self.answerer.answer_all()
            # Only now: after an error the batch comes again to this environment, with the token still kept.
            self.asked.clear()
        return {"messages": len(bodies), "answered": answering}
