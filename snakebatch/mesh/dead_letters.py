"""The dead letters of the report queue: what each is, whether it would be taken now, and the way back.

Reports are in S3 whatever becomes of their messages, so that a dead letter of a leaf holds no training up;
one that asks for a model makes the workflow assemble by itself. What would be taken now may go back, twice
too; what never will be is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from snakebatch.errors import MeshError
from snakebatch.mesh.messages import GatherMessage, LeafMessage, read_queue_message
from snakebatch.mesh.store import JobStore, Keys

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
LONG_POLL_SECONDS = 1
"""How long SQS may look: with 0 it asks some of its machines only, and may miss what is there."""

HIDDEN_SECONDS = 120
"""How long a message is hidden from others while we look at the queue; they see it again right after."""

_UNSAID = "five receivers died of it, or could not delete it (SQS moved it)"
_RECEIPT = "receipt.json"


@dataclass(frozen=True)
class Verdict:
    """What a message is (``leaf``, ``gather`` or ``unreadable``), of which job, and whether the gatherer
    would take it now; ``why`` says why not.
    """

    kind: str
    takes: bool
    why: str = ""
    job: str | None = None
    execution: str | None = None


@dataclass(frozen=True)
class DeadLetter:
    """A message as it lies there. ``said`` is what was found out about it."""

    id: str
    receipt: str
    body: str
    reason: str
    sent: float
    said: Verdict


class DeadLetters:
    """The dead letter queue of a deployment. ``sqs`` is a boto3 SQS client."""

    def __init__(self, sqs: SQSClient, url: str, queue_url: str, store: JobStore) -> None:
        self.sqs = sqs
        self.url = url
        self.queue_url = queue_url
        self.store = store

    def read(self) -> list[DeadLetter]:
        """Every message, hidden from others until ``show_again`` (or two minutes have passed)."""
        found: dict[str, DeadLetter] = {}
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=LONG_POLL_SECONDS,
                MessageAttributeNames=["reason"],
                MessageSystemAttributeNames=["SentTimestamp"],
            )
            messages = answer.get("Messages", [])
            new = [message for message in messages if message["MessageId"] not in found]
            found |= {message["MessageId"]: self._letter(message) for message in messages}
            if not new:
                return sorted(found.values(), key=lambda letter: (letter.sent, letter.id))

    def show_again(self, letters: Iterable[DeadLetter]) -> None:
        """Let others see messages at once that were only looked at."""
        for batch in _batches(letters):
            entries: list[Any] = [
                {"Id": str(n), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                for n, letter in enumerate(batch)
            ]
            # What stays hidden is seen again by itself, a little later.
            self.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

    def readmit(self, letters: Iterable[DeadLetter]) -> None:
        """Send messages back to the report queue, and delete each here once it is there.

        Who interrupts this leaves at worst a message in both queues, which is harmless.
        """
        for letter in letters:
            self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=letter.body)
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=letter.receipt)

    def discard(self, letters: Iterable[DeadLetter]) -> None:
        """Delete messages for good."""
        for letter in letters:
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=letter.receipt)

    def _letter(self, message: Any) -> DeadLetter:
        reason = message.get("MessageAttributes", {}).get("reason", {}).get("StringValue", _UNSAID)
        return DeadLetter(
            id=message["MessageId"],
            receipt=message["ReceiptHandle"],
            body=message["Body"],
            reason=reason,
            sent=int(message["Attributes"]["SentTimestamp"]) / 1000,
            said=self.judge(message["Body"]),
        )

    def judge(self, body: str) -> Verdict:
        """Whether the gatherer would take a text now: readable, of this version, of a job that is there."""
        try:
            message = read_queue_message(body)
        except MeshError as error:
            return Verdict("unreadable", False, f"{type(error).__name__}: {error}")
        why = self._why_not(message)
        return Verdict(message.kind, not why, why, message.job, message.execution)

    def _why_not(self, message: LeafMessage | GatherMessage) -> str:
        try:
            self.store.job(message.job, message.fingerprint)
        except MeshError as error:
            return f"{type(error).__name__}: {error}"
        keys = Keys(message.job, message.fingerprint)
        if isinstance(message, GatherMessage) and _RECEIPT in self.store.written(keys, message.execution):
            return "its execution has ended: nobody waits for the model any more"
        return ""


def _batches(letters: Iterable[DeadLetter]) -> list[list[DeadLetter]]:
    everything = list(letters)
    return [everything[start : start + BATCH] for start in range(0, len(everything), BATCH)]
