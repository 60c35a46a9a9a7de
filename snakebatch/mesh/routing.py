"""Which shard gets which packet, and which shards have provisioned slots."""

from __future__ import annotations

from dataclasses import dataclass

from snakebatch.mesh.canonical import stable_hash

SHARDS = 100


def shard_name(number: int) -> str:
    """The two digits that follow the prefix in a shard's function name."""
    return f"{number % SHARDS:02d}"


@dataclass(frozen=True)
class Ring:
    """Provisioned slots round the mesh, from shard ``start`` on: one a shard up to 100, then evenly."""

    start: int
    slots: int

    @classmethod
    def of(cls, owner: str, slots: int) -> Ring:
        """The ring of a job or a session: where its later packets begin anyway."""
        return cls(stable_hash(owner) % SHARDS, slots)

    @property
    def width(self) -> int:
        """On how many shards the slots are."""
        return min(self.slots, SHARDS)

    def levels(self) -> dict[str, int]:
        """Shard -> its slots."""
        each, more = divmod(self.slots, SHARDS)
        return {shard_name(self.start + i): each + (i < more) for i in range(self.width)}

    def shard(self, turn: int) -> str:
        """The shard of the ``turn``-th packet that goes round the slots: each slot gets as many."""
        return shard_name(self.start + turn % self.slots % SHARDS)


@dataclass(frozen=True)
class Pace:
    """How a Map may go: children at a time, and how many of them are for the slots of ``ring``."""

    max_concurrency: int
    slots: int = 0
    ring: Ring | None = None


def root_shard(job: str, layer: int) -> str:
    """The shard of a layer's root packet: spreads the first wave of many jobs over the mesh."""
    return shard_name(stable_hash(job, layer) % SHARDS)


def wave_shard(job: str, j: int, pace: Pace | None = None) -> str:
    """The shard of packet ``j`` of a wave.

    Counting on from the job's own start reuses the environments that earlier waves warmed: packet j of every
    wave meets the same shard. With provisioned slots, the share slots/concurrency of the packets goes round
    their shards; the rest goes round the other shards, where it takes nobody's slot.
    """
    start = stable_hash(job)
    if pace is None or pace.ring is None or not pace.slots:
        return shard_name(start + j)
    share, ring = min(pace.slots, pace.max_concurrency), pace.ring
    turn, before = (j + 1) * share // pace.max_concurrency, j * share // pace.max_concurrency
    if turn > before:
        return ring.shard(before)
    if ring.width == SHARDS:
        return shard_name(start + j)
    return shard_name(ring.start + ring.width + (j - before) % (SHARDS - ring.width))
