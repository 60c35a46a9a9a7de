"""The gatherer without a machine: what a batch of queue messages asks for, done in one invocation."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from gatherer.answering import Answerer
from gatherer.drainer import Drainer
from snakebatch.errors import MeshError


@dataclass
class QueueEvents:
    """Drains and answers as the service does; the event source receives and deletes.

    ``asked`` is what the drainer rings: it is set when a model was asked for.
    """

    drainer: Drainer
    answerer: Answerer
    asked: threading.Event

    def run(self, messages: Sequence[tuple[str, int]]) -> dict[str, object]:
        """Take every message (its body, and how often it was received), then answer what waits.

        After an error the batch comes again, harmlessly. Raises MeshError where a message could not be taken.
        """
        left = sum(not self.drainer.take(body, tries) for body, tries in messages)
        answering = self.asked.is_set()
        if answering:
            self.answerer.answer_all()
            # Only now: after an error the batch comes again to this environment, with the token still kept.
            self.asked.clear()
        if left:
            raise MeshError(f"{left} of {len(messages)} messages could not be taken: the batch comes again")
        return {"messages": len(messages), "answered": answering}
