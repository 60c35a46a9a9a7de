"""The pace of an execution's Maps: what its lease and its slots allow together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from snakebatch.mesh.bracket_records import Brackets
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.mesh.budget import Lease
from snakebatch.mesh.lease import LeaseTable
from snakebatch.mesh.records import RunRecord
from snakebatch.mesh.routing import Pace
from snakebatch.planner.rate import LEAST_INVOCATION, WINDOW, map_concurrency, max_concurrency

CLOCKS_APART = 1.0
"""Seconds by which a shard's clock may be behind ours."""


def pace_of(
    holder: str,
    lease: Lease | None,
    brackets: Brackets,
    packets: int | None = None,
    recent: int = 0,
    seconds: float = LEAST_INVOCATION,
) -> Pace:
    """What may run at a time. Its own slots come first, else the part of a session's that its lease has.

    A Map whose ``packets`` and the ``recent`` starts of this execution fit into one window of its share may
    start them all at once; None = as many as the lease was asked for. ``seconds`` are what each takes at
    least.

    Without a lease one child goes at a time: slower than any share, and never over the rate.
    """
    record = brackets.records.get(holder)
    slots = 0
    if record is not None and record.counts:
        slots = record.slots
    elif lease is not None and lease.session in brackets.records and brackets.records[lease.session].counts:
        record, slots = brackets.records[lease.session], lease.slots
    share = lease.share if lease is not None else 0.0
    if packets is None and lease is not None:
        packets = lease.want.packets
    concurrency = places(share, packets or 0, recent=recent, slots=slots, seconds=seconds)
    return Pace(concurrency, slots, record.ring if record is not None and slots else None)


def places(
    share: float, packets: int, *, recent: int = 0, slots: int = 0, seconds: float = LEAST_INVOCATION
) -> int:
    """Children at a time of a Map of so many packets; 0 = their number is not known."""
    if not packets:
        return max_concurrency(share, slots=slots)
    return map_concurrency(share, packets=packets, recent=recent, slots=slots, seconds=seconds)


@dataclass
class Pacing:
    """Renews an execution's lease at each wave."""

    leases: LeaseTable
    brackets: BracketTable

    def renewed(
        self,
        holder: str,
        run: RunRecord,
        packets: int,
        starts: Sequence[float] = (),
        seconds: float = LEAST_INVOCATION,
    ) -> Pace:
        """The pace of the run's next Map, of ``packets`` children of at least ``seconds`` each, after starts
        at these moments.
        """
        brackets = self.brackets.read()
        since = self.leases.clock.time() - WINDOW - CLOCKS_APART
        recent = sum(start > since for start in starts)
        want = self.leases.want(
            packets + recent,
            min_share=run.input.min_share,
            max_share=run.input.max_share,
            joins_session=run.joins_session,
        )
        lease = self.leases.renew(holder, want, brackets.sessions(self.leases.clock.time()))
        return pace_of(holder, lease, brackets, packets, recent, seconds)
