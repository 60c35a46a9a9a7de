"""Admission: a lease for who asks, after those that died were asked for theirs."""

from __future__ import annotations

from dataclasses import dataclass

from snakebatch.clock import Clock
from snakebatch.mesh.budget import Budget, Lease, Session, Want
from snakebatch.mesh.executions import Executions
from snakebatch.mesh.lease import LeaseTable

MOST_ASKED = 10
"""Holders whose status one request asks for: a queue of a hundred must not flood DescribeExecution."""


@dataclass
class Admission:
    """The lease table, and the executions that hold its leases."""

    leases: LeaseTable
    executions: Executions

    @property
    def clock(self) -> Clock:
        return self.leases.clock

    def ask(self, holder: str, want: Want, sessions: list[Session]) -> Lease | None:
        """The execution's lease; None = wait, and ask again. ``sessions`` have slots to share.

        Who would have to wait first asks which of the others have ended: a crash must not cost its expiry.
        """
        lease = self.leases.ask(holder, want, sessions)
        if lease is None and self.verify():
            lease = self.leases.ask(holder, want, sessions)
        return lease

    def verify(self, most: int | None = MOST_ASKED) -> list[str]:
        """Ask which silent holders still run, and take back what the dead held; returns whom it was."""
        now = self.clock.time()
        silent = self.leases.read().silent(now)[:most]
        if not silent:
            return []
        running = {holder: self.executions.running(holder) for holder in silent}

        def change(budget: Budget) -> list[str]:
            before = {*budget.leases, *budget.queue}
            for holder, runs in running.items():
                budget.heard_of(holder, runs, now)
            return sorted(before - budget.leases.keys() - budget.queue.keys())

        return self.leases.item.change(change)
