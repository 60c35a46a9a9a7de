"""Who made a report, when, and how long it took: what pages show of shards at work.

It stands in the metadata of the report's object, not in its bytes: those are the same whoever made them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from snakebatch.mesh.messages import Role


@dataclass(frozen=True)
class Invocation:
    """One invocation of a shard. ``started`` is in epoch seconds, by the shard's own clock."""

    packet: str
    role: Role
    shard: str
    cold: bool
    started: float
    seconds: float

    @property
    def ended(self) -> float:
        return self.started + self.seconds

    def said(self) -> dict[str, str]:
        """As metadata of an object: texts, in ASCII."""
        return {
            "shard": self.shard,
            "cold": "1" if self.cold else "0",
            "started": f"{self.started:.3f}",
            "seconds": f"{self.seconds:.3f}",
        }


def invocation_of(packet: str, role: Role, said: Mapping[str, str]) -> Invocation | None:
    """The invocation that an object's metadata tell of; None where they tell nothing (an older report)."""
    try:
        started, seconds = float(said["started"]), float(said["seconds"])
        return Invocation(packet, role, said["shard"], said["cold"] == "1", started, seconds)
    except (KeyError, ValueError):
        return None
