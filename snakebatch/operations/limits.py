"""What an account allows, and what to set for it: plain arithmetic, no AWS."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from snakebatch.planner.rate import SPAWN_RATE, max_concurrency

SHARDS = 100

KEPT_FREE = 100
"""Concurrency that AWS wants to stay unreserved, and that provisioned concurrency leaves (Lambda developer
guide, "Configuring reserved concurrency").
"""

CODE_BYTES = 600_000_000
"""Code storage that a deployment takes at most: two versions of 106 small functions, and of two layers of 40
MB zipped, with as much again to spare. The account's default is 75 GB.
"""

MACHINE_VCPUS = 2
"""Of a c7g.large, the gatherer's machine."""

_USUAL_CONCURRENCY = 1_000
"""Of an account that is not young any more (Lambda developer guide, "Lambda quotas")."""

_OTHERS = 10
"""Environments that stage, wave, bracket, settle and the gatherer want beside the shards."""


@dataclass(frozen=True)
class Account:
    """What the account says of itself, in one region.

    ``concurrency`` is L-B99A9384; ``unreserved`` what no function has reserved, ``own_reserved`` what this
    deployment's shards hold already. ``spawn_per_minute`` is L-A1AFA3CF, None where AWS does not tell.
    """

    region: str
    concurrency: int
    unreserved: int
    own_reserved: int
    code_bytes_used: int
    code_bytes_allowed: int
    spawn_per_minute: float | None
    vcpus: int | None = None
    """Of running on-demand machines of the usual families (L-1216C47A); None where nobody asked."""
    orphan_bucket: str | None = None
    """The deployment's bucket, if it is there and the deployment is not."""


@dataclass(frozen=True)
class Advice:
    """What to set, what stands in the way (``problems``) and what is good to know (``notes``)."""

    account: Account
    reserved: int
    reserved_most: int
    rate: float
    children: int
    slots_most: int
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As ``deploy-check --json`` prints it."""
        return {
            "ok": not self.problems,
            "account": asdict(self.account),
            "set": {
                "ShardReservedConcurrency": self.reserved,
                "SpawnRatePerMinute": math.floor(self.rate * 60 + 0.5),
                "slots": self.slots_most,
            },
            "most": {"ShardReservedConcurrency": self.reserved_most, "packets_at_once": self.children},
            "problems": self.problems,
            "notes": self.notes,
        }


def advise(account: Account, reserved: int) -> Advice:
    """What to set in this account, where each shard is to reserve ``reserved`` environments (0: none)."""
    free = account.unreserved + account.own_reserved
    reserved_most = max(0, (free - KEPT_FREE) // SHARDS)
    problems = list(_obstacles(account))
    notes: list[str] = []
    if reserved > reserved_most:
        problems.insert(0, _too_much_reserved(account, free, reserved, reserved_most))
    if account.vcpus is not None and MACHINE_VCPUS <= account.vcpus < 2 * MACHINE_VCPUS:
        notes.append(
            f"{account.vcpus} vCPUs are room for one gatherer, and none to replace it: an update would fail; "
            "ask Service Quotas for more (L-1216C47A)"
        )
    rate, children = _rate(account, notes)
    set_reserved = min(reserved, reserved_most)
    slots_most = SHARDS * set_reserved if set_reserved else max(0, free - KEPT_FREE)
    if account.concurrency < children + _OTHERS:
        notes.append(
            f"the account runs {account.concurrency} functions at a time, the workflow would have "
            f"{children + _OTHERS}: it works, throttled and retried; ask Service Quotas for more (L-B99A9384)"
        )
    if account.concurrency < _USUAL_CONCURRENCY:
        # No API tells this quota: Lambda refuses the function.
        notes.append(
            "a young account may refuse functions of 4,096 MB ('MemorySize' ... less than or equal to 3008): "
            "then deploy with FunctionMemory=3008"
        )
    if slots_most == 0:
        notes.append(
            "no slots: provisioned concurrency needs more than 100 unreserved; start jobs with slots 0"
        )
    return Advice(account, set_reserved, reserved_most, rate, children, slots_most, problems, notes)


def _obstacles(account: Account) -> Iterator[str]:
    code_left = account.code_bytes_allowed - account.code_bytes_used
    if code_left < CODE_BYTES:
        yield (
            f"code storage has {code_left / 1e6:,.0f} MB left and a deployment takes up to "
            f"{CODE_BYTES / 1e6:,.0f} MB: delete old versions and layers of functions, "
            "or ask Service Quotas for more (L-2ACBD22F)"
        )
    if account.vcpus is not None and account.vcpus < MACHINE_VCPUS:
        yield (
            f"the account may run {account.vcpus} vCPUs, and the gatherer's machine has {MACHINE_VCPUS}: "
            "deploy with GathererMode=lambda, or ask Service Quotas for more (L-1216C47A)"
        )
    if account.orphan_bucket is not None:
        yield (
            f"the bucket {account.orphan_bucket} is there without its stack (by teardown --keep-models?), "
            "and a deployment needs its name: choose another Prefix, or move its models and delete it"
        )


def _rate(account: Account, notes: list[str]) -> tuple[float, int]:
    if account.spawn_per_minute is None:
        rate = SPAWN_RATE
        notes.append(
            "AWS does not tell L-A1AFA3CF here: the rate is the rule book's 1,000 new invocations a minute"
        )
    else:
        rate = account.spawn_per_minute / 60
    return rate, max_concurrency(rate)


def _too_much_reserved(account: Account, free: int, reserved: int, most: int) -> str:
    wanted = reserved * SHARDS
    advice = (
        f"set ShardReservedConcurrency={most}"
        if most
        else "set ShardReservedConcurrency=0, which reserves none"
    )
    return (
        f"ShardReservedConcurrency={reserved} reserves {wanted} of the {free} that are free, and {KEPT_FREE} "
        f"must stay: {advice}, or ask Service Quotas to raise {account.concurrency} (L-B99A9384) "
        f"by {wanted + KEPT_FREE - free}"
    )
