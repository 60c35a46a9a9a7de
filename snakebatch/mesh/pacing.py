"""The pace of an execution's Maps: what its lease and its slots allow together."""

from __future__ import annotations

from dataclasses import dataclass

from snakebatch.mesh.bracket_records import Brackets
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.mesh.budget import Lease
from snakebatch.mesh.lease import LeaseTable
from snakebatch.mesh.records import RunRecord
from snakebatch.mesh.routing import Pace
from snakebatch.planner.rate import max_concurrency


def pace_of(holder: str, lease: Lease | None, brackets: Brackets) -> Pace:
    """What may run at a time. Its own slots come first, else the part of a session's that its lease has.

    Without a lease one child goes at a time: slower than any share, and never over the rate.
    """
    record = brackets.records.get(holder)
    slots = 0
    if record is not None and record.counts:
        slots = record.slots
    elif lease is not None and lease.session in brackets.records and brackets.records[lease.session].counts:
        record, slots = brackets.records[lease.session], lease.slots
    concurrency = max_concurrency(lease.share if lease is not None else 0.0, slots=slots)
    return Pace(concurrency, slots, record.ring if record is not None and slots else None)


@dataclass
class Pacing:
    """Renews an execution's lease at each wave."""

    leases: LeaseTable
    brackets: BracketTable

    def renewed(self, holder: str, run: RunRecord, packets: int) -> Pace:
        """The pace of the run's next Map, of ``packets`` children."""
        brackets = self.brackets.read()
        want = self.leases.want(
            packets,
            min_share=run.input.min_share,
            max_share=run.input.max_share,
            joins_session=run.joins_session,
        )
        lease = self.leases.renew(holder, want, brackets.sessions(self.leases.clock.time()))
        return pace_of(holder, lease, brackets)
