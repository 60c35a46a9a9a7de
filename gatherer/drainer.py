"""The drainer: receives messages, makes what they say durable, and only then deletes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from gatherer.progress import Progress
from snakebatch.errors import MeshError
from snakebatch.mesh.messages import GatherMessage, read_queue_message
from snakebatch.mesh.store import JobStore

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
_REASON_LIMIT = 250
_LONG_POLL_SECONDS = 2


class Drainer:
    """Empties the report queue. ``ring`` is called when a model was asked for."""

    def __init__(
        self,
        sqs: SQSClient,
        queue_url: str,
        dlq_url: str,
        store: JobStore,
        progress: Progress,
        ring: Callable[[], None],
        logger: Logger,
    ) -> None:
        self.sqs = sqs
        self.queue_url = queue_url
        self.dlq_url = dlq_url
        self.store = store
        self.progress = progress
        self.ring = ring
        self.logger = logger

    def drain_once(self, wait_seconds: int = _LONG_POLL_SECONDS) -> int:
        """Receive one batch and deal with it; returns how many messages it had."""
        answer = self.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=wait_seconds
        )
        messages = answer.get("Messages", [])
        for message in messages:
            self.ingest(message["Body"])
        if messages:
            entries: list[Any] = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                for index, message in enumerate(messages)
            ]
            # A message that could not be deleted comes again, and is harmless then.
            self.sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)
        return len(messages)

    def ingest(self, body: str) -> None:
        """Make one message durable; once this returns, it may be deleted from the queue."""
        try:
            message = read_queue_message(body)
        except MeshError as error:
            self._refuse(body, error)
            return
        if isinstance(message, GatherMessage):
            self.store.keep_pending(message)
            self.logger.info(
                "a model was asked for", extra={"job": message.job, "execution": message.execution}
            )
            self.ring()
        else:
            self.progress.count(message)

    def _refuse(self, body: str, error: MeshError) -> None:
        """Put a message that can't be read where an operator finds it, with the reason beside it."""
        reason = f"{type(error).__name__}: {error}"[:_REASON_LIMIT]
        self.logger.warning("message refused", extra={"reason": reason})
        self.sqs.send_message(
            QueueUrl=self.dlq_url,
            MessageBody=body,
            MessageAttributes={"reason": {"DataType": "String", "StringValue": reason}},
        )
