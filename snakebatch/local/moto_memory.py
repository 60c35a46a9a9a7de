"""moto forgets what was deleted: left alone, its process grows by all that it ever stored.

It lists every object, message and item it makes, for a reset of its own that nobody asks for here; and each
of its queues knows the receipts of all messages that were ever deleted from it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

RECEIPTS_KEPT = 1_000
"""Receipts of deleted messages that a queue knows: such a message may be deleted again, as by a retry."""


class LatestReceipts(set[str]):
    """A set that drops the oldest beyond ``RECEIPTS_KEPT``; it grows by ``update`` alone."""

    def __init__(self) -> None:
        super().__init__()
        self._order: deque[str] = deque()

    def update(self, *receipts: Iterable[str]) -> None:
        """Add receipts that are new."""
        for some in receipts:
            for receipt in some:
                self.add(receipt)
                self._order.append(receipt)
        while len(self._order) > RECEIPTS_KEPT:
            self.discard(self._order.popleft())


def forget_what_is_deleted() -> None:
    """Change moto in this process, before it makes anything: see above."""
    from moto.core.common_models import BaseModel
    from moto.sqs import models

    base: Any = BaseModel
    queue: Any = models.Queue
    begin = queue.__init__

    def made(cls: type, *arguments: Any, **named: Any) -> Any:
        return super(base, cls).__new__(cls)

    def begun(self: Any, *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        self.deleted_messages = LatestReceipts()

    base.__new__ = made
    queue.__init__ = begun
