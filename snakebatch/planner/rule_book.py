"""Two rule books for one account: what the seeds say of AWS, and what AWS documents.

They differ in what is rationed (every invocation of the account, or new environments of one function), and in
how provisioned slots are billed. Everything else is AWS's either way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal as OneOf

from snakebatch.errors import InputError


@dataclass(frozen=True)
class Limits:
    """What Step Functions, Lambda and S3 allow one execution, as AWS documents it.

    Bytes, counts and seconds; ``packet_seconds`` is the shards' own timeout, ``function_seconds`` that of
    Stage, NextWave and Settle, ``gather_seconds`` that of Gather, ``execution_seconds`` the state machine's.
    """

    payload_bytes: int = 256 * 1024
    history_events: int = 25_000
    map_children: int = 10_000
    concurrency: int = 1_000
    """Environments at a time in an account, unless AWS raised it (the seeds' had 20,000)."""
    packet_seconds: float = 300.0
    function_seconds: float = 900.0
    gather_seconds: float = 3600.0
    execution_seconds: float = 21_600.0
    memory_gb: float = 4.0
    largest_memory_gb: float = 10.0
    disk_gb: float = 10.0
    upload_parts: int = 10_000
    model_bytes: int = 5 * 1024**4
    """Of one object in S3."""


@dataclass(frozen=True)
class RuleBook:
    """How starts are rationed and slots are billed.

    ``starts`` may begin in any ``window`` seconds: counted over the ``account`` or over each ``function``, of
    ``invocations`` or of new ``environments`` only. A slot is billed by ``slot_step_seconds``, at least one
    step.
    """

    name: str
    starts: int
    window: float
    scope: OneOf["account", "function"]
    counts: OneOf["invocations", "environments"]
    slot_step_seconds: float
    control_plane_rate: float
    source: str
    limits: Limits = Limits()

    @property
    def rate(self) -> float:
        """Starts a second."""
        return self.starts / self.window

    def slot_seconds(self, seconds: float) -> float:
        """Seconds that are billed for a slot that was on for so long."""
        if seconds <= 0:
            return 0.0
        return max(1, math.ceil(seconds / self.slot_step_seconds)) * self.slot_step_seconds


SEEDS = RuleBook(
    name="seeds",
    starts=166,
    window=10.0,
    scope="account",
    counts="invocations",
    slot_step_seconds=1.0,
    control_plane_rate=15.0,
    source="the v9 documents: L-A1AFA3CF, 1,000 a minute for the account, rejected by windows of ten seconds "
    "(floor of 166.67); slots by the second",
)

AWS = RuleBook(
    name="aws",
    starts=1_000,
    window=10.0,
    scope="function",
    counts="environments",
    slot_step_seconds=300.0,
    control_plane_rate=15.0,
    source="Lambda developer guide, scaling behavior: each function 1,000 new environments every 10 seconds; "
    "Lambda pricing: slots rounded up to five minutes",
)

RULE_BOOKS = {book.name: book for book in (SEEDS, AWS)}


def rule_book(name: str) -> RuleBook:
    """A rule book by its name; raises InputError for another."""
    if name not in RULE_BOOKS:
        raise InputError(f"rules: {name!r} is no rule book; choose {' or '.join(RULE_BOOKS)}")
    return RULE_BOOKS[name]


def over(limits: Iterable[tuple[str, float, float]]) -> list[str]:
    """A sentence for each (name, value, most) whose value is over the most."""
    return [f"{name}: {value:,.0f}, at most {most:,.0f}" for name, value, most in limits if value > most]
