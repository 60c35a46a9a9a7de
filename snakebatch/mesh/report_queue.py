"""The report queue from a shard's side: one message a leaf, ten a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from snakebatch.errors import MeshError
from snakebatch.mesh.messages import LeafMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
"""What SendMessageBatch takes at most."""

_ATTEMPTS = 3


class ReportQueue:
    """Sends leaf messages. ``sqs`` is a boto3 SQS client."""

    def __init__(self, sqs: SQSClient, url: str) -> None:
        self.sqs = sqs
        self.url = url

    def send(self, messages: Sequence[LeafMessage]) -> None:
        """Send every message; raises MeshError where the queue keeps refusing one.

        A batch may fail in part: what was refused is sent again. A message sent twice is harmless.
        """
        for start in range(0, len(messages), BATCH):
            self._send_batch([message.sealed() for message in messages[start : start + BATCH]])

    def _send_batch(self, bodies: list[str]) -> None:
        entries: list[Any] = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)]
        for _ in range(_ATTEMPTS):
            answer = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
            refused = {entry["Id"] for entry in answer.get("Failed", [])}
            entries = [entry for entry in entries if entry["Id"] in refused]
            if not entries:
                return
        raise MeshError(f"the report queue refused {len(entries)} messages {_ATTEMPTS} times")
