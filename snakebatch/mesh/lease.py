"""The lease: running executions share the account's spawn rate, first come, first served.

One DynamoDB item holds every lease and the queue, and changes by compare-and-swap on its version: two
executions that ask at the same moment can't both be given the same share.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from snakebatch.clock import Clock
from snakebatch.errors import MeshError
from snakebatch.planner.rate import SPAWN_RATE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOLD = 7_200.0
"""Seconds that a lease outlives its last renewal: longer than any one wave, so that a wave can't lose it."""

QUEUE_HOLD = 120.0
"""Seconds that a place in the queue outlives its last request: who was aborted stops blocking the others."""

LEAST_SHARE = SPAWN_RATE / 10
"""Below this an execution rather waits: it would hold its bracket open for ever."""

_ITEM = "spawn-rate"
_ATTEMPTS = 20
_EPSILON = 1e-9


@dataclass
class Budget:
    """Who holds how much, and who waits; times are epoch seconds."""

    leases: dict[str, tuple[float, float]] = field(default_factory=dict)
    """execution -> (share in invocations a second, expiry)"""
    queue: dict[str, tuple[float, float]] = field(default_factory=dict)
    """execution -> (asked first, expiry)"""

    def forget_expired(self, now: float) -> None:
        self.leases = {name: lease for name, lease in self.leases.items() if lease[1] > now}
        self.queue = {name: place for name, place in self.queue.items() if place[1] > now}

    def ask(self, execution: str, least: float, most: float, now: float, total: float) -> float | None:
        """The share given: what is free, between ``least`` and ``most``; None = wait, the place is kept."""
        self.forget_expired(now)
        if execution in self.leases:
            return self.leases[execution][0]
        since = self.queue.get(execution, (now, now))[0]
        first = min(self.queue.items(), key=lambda place: (place[1][0], place[0]), default=None)
        free = total - sum(share for share, _ in self.leases.values())
        if free + _EPSILON < least or (first is not None and (first[1][0], first[0]) < (since, execution)):
            self.queue[execution] = (since, now + QUEUE_HOLD)
            return None
        self.queue.pop(execution, None)
        share = min(most, free)
        self.leases[execution] = (share, now + HOLD)
        return share

    def renew(self, execution: str, now: float) -> bool:
        """Hold on to a lease; False where it is not held (any more)."""
        if execution not in self.leases:
            return False
        self.leases[execution] = (self.leases[execution][0], now + HOLD)
        return True

    def release(self, execution: str) -> None:
        self.leases.pop(execution, None)
        self.queue.pop(execution, None)


class LeaseTable:
    """The budget in DynamoDB. ``dynamodb`` is a boto3 client; the table's key is the string ``pk``."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, clock: Clock, total: float = SPAWN_RATE) -> None:
        self.dynamodb = dynamodb
        self.table = table
        self.clock = clock
        self.total = total

    def ask(self, execution: str, packets: int) -> float | None:
        """A share for an execution that will start ``packets`` at a time at most; None = wait."""
        now = self.clock.time()
        least = min(LEAST_SHARE, self.total)
        # More than all its packets in one window is of no use to it, and may be of use to another.
        most = min(self.total, max(least, packets / 10))
        share: float | None = self._change(lambda budget: budget.ask(execution, least, most, now, self.total))
        return share

    def renew(self, execution: str) -> bool:
        now = self.clock.time()
        held: bool = self._change(lambda budget: budget.renew(execution, now))
        return held

    def release(self, execution: str) -> None:
        self._change(lambda budget: budget.release(execution))

    def read(self) -> Budget:
        return self._read()[0]

    def _read(self) -> tuple[Budget, int]:
        answer = self.dynamodb.get_item(TableName=self.table, Key={"pk": {"S": _ITEM}}, ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return Budget(), 0
        raw = json.loads(item["budget"]["S"])
        leases = {name: (float(share), float(expiry)) for name, (share, expiry) in raw["leases"].items()}
        queue = {name: (float(since), float(expiry)) for name, (since, expiry) in raw["queue"].items()}
        return Budget(leases, queue), int(item["version"]["N"])

    def _change(self, change: Callable[[Budget], Any]) -> Any:
        for _ in range(_ATTEMPTS):
            budget, version = self._read()
            answer = change(budget)
            if self._write(budget, version):
                return answer
        raise MeshError(
            f"the lease table {self.table} changed under {_ATTEMPTS} attempts: start the execution again"
        )

    def _write(self, budget: Budget, version: int) -> bool:
        text = json.dumps({"leases": budget.leases, "queue": budget.queue})
        try:
            self.dynamodb.put_item(
                TableName=self.table,
                Item={"pk": {"S": _ITEM}, "version": {"N": str(version + 1)}, "budget": {"S": text}},
                ConditionExpression="attribute_not_exists(pk) OR version = :seen",
                ExpressionAttributeValues={":seen": {"N": str(version)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True
