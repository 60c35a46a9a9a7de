"""The open brackets and the leases of the spawn rate, as the lease table has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from snakebatch.clock import Clock
from snakebatch.mesh.bracket_records import ITEM as BRACKETS
from snakebatch.mesh.bracket_records import SESSION, Brackets
from snakebatch.mesh.budget import ITEM as RATE
from snakebatch.mesh.budget import Budget
from snakebatch.mesh.table_reading import read_item

EVERY = 3.0
"""Seconds between two looks at the table."""


@dataclass(frozen=True)
class OpenBracket:
    """One holder's slots: an execution's, or a session's."""

    holder: str
    slots: int
    opened: float
    expiry: float | None
    standing: str


@dataclass(frozen=True)
class Held:
    """One execution's part of the spawn rate (invocations a second), or its place in the queue."""

    holder: str
    rate: float | None


@dataclass(frozen=True)
class TableSeen:
    """``trouble`` says why the table could not be read, if it could not."""

    brackets: tuple[OpenBracket, ...] = ()
    leases: tuple[Held, ...] = ()
    trouble: str | None = None


def short(holder: str) -> str:
    """A holder as people know it: an execution's name, or a session's."""
    return holder if holder.startswith(SESSION) else holder.rpartition(":")[2]


def open_brackets(brackets: Brackets) -> tuple[OpenBracket, ...]:
    """Those that hold slots, oldest first."""
    return tuple(
        OpenBracket(short(holder), record.slots, record.opened, record.expiry, brackets.standing(holder))
        for holder, record in sorted(brackets.records.items(), key=lambda entry: entry[1].opened)
    )


def leases(budget: Budget) -> tuple[Held, ...]:
    """Who has how much of the rate, and who waits for some."""
    granted = [Held(short(holder), lease.share) for holder, lease in budget.leases.items()]
    return (*granted, *(Held(short(holder), None) for holder in budget.queue))


class TableReader:
    """Reads the table, at most every few seconds. ``clients`` makes boto3 clients, ``table`` is its name."""

    def __init__(self, clients: Any, table: str | None, clock: Clock) -> None:
        self._clients = clients
        self._table = table
        self._clock = clock
        self._read_at = -EVERY
        self._seen = TableSeen()

    def seen(self) -> TableSeen:
        """What the table has; a line of trouble where it may not or can't be read."""
        now = self._clock.time()
        if now - self._read_at >= EVERY:
            self._read_at = now
            self._seen = self._read()
        return self._seen

    def _read(self) -> TableSeen:
        if not self._table:
            return TableSeen(trouble="brackets and leases: LEASE_TABLE is not set for this gatherer")
        dynamodb = self._clients("dynamodb")
        try:
            brackets, _ = read_item(dynamodb, self._table, BRACKETS, Brackets)
            budget, _ = read_item(dynamodb, self._table, RATE, Budget)
        except ClientError as error:
            said = error.response["Error"]
            if said["Code"] == "AccessDeniedException":
                right = "the right dynamodb:GetItem is missing; give it to the gatherer's role"
                return TableSeen(trouble=f"brackets and leases: {right}")
            return TableSeen(trouble=f"brackets and leases: dynamodb:GetItem answers {said['Code']}")
        except BotoCoreError as error:
            return TableSeen(trouble=f"brackets and leases: dynamodb:GetItem can't be reached: {error}")
        return TableSeen(open_brackets(brackets), leases(budget))
