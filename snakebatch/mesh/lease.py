"""The lease: running executions share the account's spawn rate, first come, first served.

One DynamoDB item holds every lease and the queue, and changes by compare-and-swap on its version: two
executions that ask at the same moment can't both be given the same share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from snakebatch.clock import Clock
from snakebatch.mesh.budget import ITEM, Budget, Lease, Session, Want
from snakebatch.mesh.versioned import VersionedItem
from snakebatch.planner.rate import SPAWN_RATE, rate_for

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def _not_known(holder: str) -> bool:
    """For who can't ask: the sweep can."""
    return False


class LeaseTable:
    """The budget in DynamoDB; ``total`` is what all executions may start a second, together.

    ``ended`` says whether an execution surely has ended. Asked of a holder that was not known before: one
    that was stopped gave everything back, and an invocation that outlived it must not take it again, since
    nobody would come once more to give that back.
    """

    def __init__(
        self,
        dynamodb: DynamoDBClient,
        table: str,
        clock: Clock,
        total: float = SPAWN_RATE,
        *,
        ended: Callable[[str], bool] = _not_known,
    ) -> None:
        self.item = VersionedItem(dynamodb, table, ITEM, Budget)
        self.clock = clock
        self.total = total
        self.ended = ended

    def want(
        self,
        packets: int,
        *,
        min_share: float = 0.1,
        max_share: float = 1.0,
        joins_session: bool = False,
    ) -> Want:
        """What an execution asks for whose Map has ``packets`` children; shares are parts of the rate.

        It is never less than one child at a time needs, which may be a large part where the rate is low.
        """
        least = min(self.total, max(min_share * self.total, rate_for(1)))
        return Want(
            least=least,
            ceiling=max(least, max_share * self.total),
            packets=packets,
            joins_session=joins_session,
        )

    def ask(self, holder: str, want: Want, sessions: list[Session]) -> Lease | None:
        """The execution's lease; None = wait, its place is kept. ``sessions`` have slots to share."""
        now = self.clock.time()

        def change(budget: Budget) -> tuple[bool, Lease | None]:
            known, new = budget.knows(holder), holder not in budget.leases
            lease = budget.grant(holder, want, now, self.total)
            if lease is not None and new:
                budget.share_session(holder, sessions)
            return known, lease

        return self._unless_ended(holder, *self.item.change(change))

    def renew(self, holder: str, want: Want, sessions: list[Session]) -> Lease | None:
        """The lease for the next Map. One that was lost, as by who resumes an aborted execution, is asked for
        anew; None where it is not to be had at once.
        """
        now = self.clock.time()

        def change(budget: Budget) -> tuple[bool, Lease | None]:
            known = budget.knows(holder)
            lease = budget.renew(holder, want, now, self.total) or budget.grant(holder, want, now, self.total)
            if lease is None:
                # It goes on without, and asks at its next wave only: its place would hold up the others.
                del budget.queue[holder]
                return known, None
            budget.share_session(holder, sessions)
            return known, lease

        return self._unless_ended(holder, *self.item.change(change))

    def _unless_ended(self, holder: str, known: bool, lease: Lease | None) -> Lease | None:
        if known or not self.ended(holder):
            return lease
        self.release(holder)
        return None

    def release(self, holder: str) -> None:
        """Give the lease or the place back; no error where there is none."""
        now = self.clock.time()
        self.item.change(lambda budget: budget.release(holder, now))

    def read(self) -> Budget:
        """Everybody's leases and places."""
        return self.item.read()[0]
