"""The drainer: receives messages, makes what they say durable, and only then deletes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from gatherer.progress import Progress
from snakebatch.errors import MeshError
from snakebatch.mesh.messages import GatherMessage, read_queue_message
from snakebatch.mesh.store import JobStore

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
"""What a receiver holds at most: it asks for the next batch once this one is durable, and not before."""

VISIBILITY_SECONDS = 20
"""How long others don't see what a receiver holds. Ingesting takes milliseconds; if the gatherer is killed
meanwhile, the next one gets a task token while the workflow still waits for it.
"""

LAST_TRY = 5
"""The queue's maxReceiveCount. SQS itself would move a message at the next try, without a reason."""

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
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=VISIBILITY_SECONDS,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        messages = answer.get("Messages", [])
        taken = [
            message["ReceiptHandle"]
            for message in messages
            if self.take(message["Body"], int(message["Attributes"]["ApproximateReceiveCount"]))
        ]
        if taken:
            self._delete(taken)
        return len(messages)

    def take(self, body: str, tries: int = 1) -> bool:
        """Make one message durable; returns whether it may be deleted.

        One message's failure is its own: it stays, and comes again. At the last try it goes to the dead
        letters with the reason.
        """
        try:
            self._ingest(body)
        except (ClientError, BotoCoreError) as error:
            self.logger.warning(
                "a message could not be made durable, and comes again",
                extra={"reason": str(error), "tries": tries},
            )
            return self._give_up(body, error, tries)
        except Exception as error:
            self.logger.exception("a message can't be dealt with", extra={"tries": tries})
            return self._give_up(body, error, tries)
        return True

    def _ingest(self, body: str) -> None:
        try:
            message = read_queue_message(body)
        except MeshError as error:
            self._refuse(body, error)
            return
        if isinstance(message, GatherMessage):
            self.store.keep_pending(message)
            self.progress.add("asked")
            self.logger.info(
                "a model was asked for", extra={"job": message.job, "execution": message.execution}
            )
            self.ring()
        else:
            self.progress.count(message)

    def _give_up(self, body: str, error: Exception, tries: int) -> bool:
        self.progress.add("failed")
        if tries < LAST_TRY:
            return False
        try:
            self._refuse(body, error)
        except (ClientError, BotoCoreError) as failure:
            # It comes no more: SQS moves it to the same place, only without the reason.
            self.logger.warning("a message could not be refused", extra={"reason": str(failure)})
            return False
        return True

    def _refuse(self, body: str, error: Exception) -> None:
        """Put a message that can't be taken where an operator finds it, with the reason beside it."""
        reason = f"{type(error).__name__}: {error}"[:_REASON_LIMIT]
        self.sqs.send_message(
            QueueUrl=self.dlq_url,
            MessageBody=body,
            MessageAttributes={"reason": {"DataType": "String", "StringValue": reason}},
        )
        self.progress.add("refused")
        self.logger.warning("message refused", extra={"reason": reason})

    def _delete(self, receipts: Sequence[str]) -> None:
        entries: list[Any] = [
            {"Id": str(index), "ReceiptHandle": receipt} for index, receipt in enumerate(receipts)
        ]
        answer = self.sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)
        failed = answer.get("Failed", [])
        if failed:
            # They come again, and are harmless then: a leaf counts once, a token is kept under one name.
            self.progress.add("undeleted", len(failed))
            codes = sorted({entry["Code"] for entry in failed})
            self.logger.warning(
                "messages were not deleted, and come again", extra={"messages": len(failed), "codes": codes}
            )
