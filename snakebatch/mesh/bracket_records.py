"""What brackets are open, and what that means for each shard. Pure bookkeeping, no clock, no AWS.

A holder is an execution's ARN, or ``session/NAME``. What a shard shall have is the sum of what the records
say, so that no holder ever switches another one off; what it has is noted beside it.
"""

from __future__ import annotations

from typing import Literal as OneOf

from pydantic import BaseModel, ConfigDict

from snakebatch.mesh.budget import Session
from snakebatch.mesh.routing import Ring

SESSION = "session/"

ITEM = "brackets"
"""Their key in the lease table."""

Standing = OneOf["closed", "allocating", "ready", "failed"]


class _Mutable(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Record(_Mutable):
    """One bracket. It is written before the first slot is switched on, so that any part of it can be closed.

    ``expiry`` is a session's; ``failed`` says why it can't be had, ``closed`` since when it is being switched
    off: then it counts for nothing any more.
    """

    start: int
    slots: int
    opened: float
    expiry: float | None = None
    failed: str | None = None
    closed: float | None = None

    @property
    def counts(self) -> bool:
        """Whether its shards shall have its slots."""
        return self.failed is None and self.closed is None

    @property
    def ring(self) -> Ring:
        return Ring(self.start, self.slots)


class Shard(_Mutable):
    """What was last asked of Lambda for a shard; None = something, but whether it arrived is not known."""

    asked: int | None
    ready: bool = False


class Switch(_Mutable):
    """Who is switching now: one at a time, so that all together keep the control plane's pace."""

    owner: str
    until: float


class Brackets(_Mutable):
    """All of it: one item of the lease table."""

    records: dict[str, Record] = {}
    shards: dict[str, Shard] = {}
    switch: Switch | None = None

    def wanted(self) -> dict[str, int]:
        """Shard -> slots that it shall have; shards without any are left out."""
        sums: dict[str, int] = {}
        for record in self.records.values():
            if record.counts:
                for shard, level in record.ring.levels().items():
                    sums[shard] = sums.get(shard, 0) + level
        return sums

    def differing(self) -> list[tuple[str, int]]:
        """Shards that have not what they shall have, and what that is; those to switch off come first."""
        wanted = self.wanted()
        shards = sorted({*wanted, *self.shards})
        differ = [
            (shard, wanted.get(shard, 0)) for shard in shards if self._asked(shard) != wanted.get(shard, 0)
        ]
        return sorted(differ, key=lambda entry: (entry[1] > 0, entry[0]))

    def excess(self, ring: Ring | None = None) -> list[str]:
        """Shards that may have more than they shall have: a closed ``ring``'s, and all that shall have less.

        What another bracket is about to get is none of it.
        """
        mine = {} if ring is None else ring.levels()
        return [
            shard
            for shard, level in self.differing()
            if shard in mine or level == 0 or (self._asked(shard) or 0) > level
        ]

    def _asked(self, shard: str) -> int | None:
        known = self.shards.get(shard)
        return 0 if known is None else known.asked

    def note(self, shard: str, asked: int | None, *, ready: bool = False) -> None:
        """What a shard was asked for; nothing is kept of one that has nothing."""
        if asked == 0:
            self.shards.pop(shard, None)
        else:
            self.shards[shard] = Shard(asked=asked, ready=ready)

    def pending(self, holder: str) -> list[str]:
        """A holder's shards that were asked and are not ready yet."""
        record = self.records.get(holder)
        mine = record.ring.levels() if record is not None and record.counts else {}
        known = {shard: self.shards[shard] for shard in sorted(mine) if shard in self.shards}
        return [shard for shard, state in known.items() if state.asked and not state.ready]

    def fail(self, shard: str, reason: str) -> None:
        """A shard can't have its slots: the youngest bracket on it gives up, and the others keep theirs."""
        covering = [
            record for record in self.records.values() if record.counts and shard in record.ring.levels()
        ]
        if covering:
            max(covering, key=lambda record: record.opened).failed = reason
        self.shards[shard] = Shard(asked=None)

    def close(self, holder: str, now: float) -> Record | None:
        """Let a bracket count no more; its record stays until its slots are off, for who has to ask again."""
        record = self.records.get(holder)
        if record is not None and record.closed is None:
            record.closed = now
        return record

    def forget(self, holder: str) -> None:
        """Drop the record of a bracket that was closed, unless it was opened again meanwhile."""
        record = self.records.get(holder)
        if record is not None and record.closed is not None:
            del self.records[holder]

    def standing(self, holder: str) -> Standing:
        """How far a holder's slots are."""
        record = self.records.get(holder)
        if record is None or record.closed is not None:
            return "closed"
        if record.failed is not None:
            return "failed"
        shards = [self.shards.get(shard) for shard in record.ring.levels()]
        return "ready" if all(shard is not None and shard.ready for shard in shards) else "allocating"

    def sessions(self, now: float) -> list[Session]:
        """Sessions with slots to share."""
        return [
            Session(name=holder, slots=record.slots)
            for holder, record in sorted(self.records.items())
            if record.expiry is not None and record.expiry > now and self.standing(holder) == "ready"
        ]
