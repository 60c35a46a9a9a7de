"""The bracket: what an execution, or a session, holds of the account between opening and closing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from snakebatch.errors import BracketError, PlanError
from snakebatch.mesh.admission import Admission
from snakebatch.mesh.bracket_records import Brackets, Record
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.mesh.budget import Budget
from snakebatch.mesh.lease import LeaseTable
from snakebatch.mesh.pacing import pace_of, places
from snakebatch.mesh.requests import BracketEvent
from snakebatch.mesh.routing import Ring
from snakebatch.mesh.sweep import Sweep, TellLeak
from snakebatch.mesh.switching import Switching
from snakebatch.planner.plan import MEMORY_GB

LONGEST_QUEUE = 7_200.0
"""Seconds in the queue after which an execution gives up rather than hang."""

FIRST_WAIT, LONGEST_WAIT, _BACKOFF = 10, 60, 1.3
"""Seconds between two requests of who waits: 9 history events each, so 1,200 in two hours.

While shares are coming back, who waits is told when; the growth begins anew after that.
"""

SHORTEST_WAIT = 2

READY_WAIT = 15
"""Seconds between two looks at slots that take one to two minutes."""

LONGEST_OPENING = 600.0
"""Seconds after which slots that are not ready are given up."""

_CLOSING_SECONDS = 40.0
_LONGEST_REASON = 500
_CLOSING_PAUSE = 2.0


@dataclass
class Bracket:
    """Admits, opens, watches, closes, lists and sweeps, for executions and for sessions.

    ``memory_gb`` are GB of a shard: who opens or closes slots is told, since they cost by it.
    """

    admission: Admission
    table: BracketTable
    switching: Switching
    tell_leak: TellLeak
    memory_gb: float = MEMORY_GB

    def run(self, event: BracketEvent) -> dict[str, object]:
        """Do the event's action; every answer is small."""
        if event.action == "admit":
            return self._admit(event)
        if event.action == "open":
            return self._open(event)
        if event.action == "ready":
            return self._ready(event)
        if event.action == "close":
            return self._close(event.holder)
        if event.action == "list":
            return self._list()
        sweep = Sweep(self.admission, self.table, self.switching, self.tell_leak)
        return sweep.run() if event.action == "sweep" else sweep.expire()

    @property
    def leases(self) -> LeaseTable:
        return self.admission.leases

    # The lease

    def _admit(self, event: BracketEvent) -> dict[str, object]:
        brackets = self.table.read()
        want = self.leases.want(
            event.packets,
            min_share=event.min_share,
            max_share=event.max_share,
            joins_session=event.joins_session,
        )
        lease = self.admission.ask(event.holder, want, brackets.sessions(self._now()))
        slots = event.slots or (lease.slots if lease is not None else 0)
        wait = None
        if lease is None:
            budget = self.leases.read()
            self._check_patience(budget, event.holder)
            wait = budget.wait_of(event.holder, self._now(), self.leases.total)
        return {
            "admitted": lease is not None,
            "rate": round(lease.share if lease is not None else 0.0, 3),
            "slots": slots,
            "max_concurrency": places(lease.share if lease is not None else 0.0, event.packets, slots=slots),
            **_patience(event.tries, wait),
        }

    def _check_patience(self, budget: Budget, holder: str) -> None:
        place = budget.queue.get(holder)
        if place is not None and self._now() - place.since >= LONGEST_QUEUE:
            raise PlanError(
                f"other executions held the spawn budget for {LONGEST_QUEUE / 3600:.0f} h and "
                f"{budget.ahead_of(holder)} wait before this one: try again after them, "
                "or with a smaller min_share"
            )

    # Slots

    def _open(self, event: BracketEvent) -> dict[str, object]:
        """Write down what is wanted, then begin to switch it on."""
        if event.slots:
            self.table.item.change(lambda brackets: self._record(brackets, event))
            if event.session is None and self.admission.executions.ended(event.holder):
                # It was stopped before its record was there to be closed: nobody would come again.
                self.table.item.change(lambda brackets: brackets.records.pop(event.holder, None))
        return self._ready(event)

    def _record(self, brackets: Brackets, event: BracketEvent) -> None:
        now = self._now()
        ring = Ring.of(event.job or event.holder, event.slots)
        expiry = now + 60 * event.minutes if event.session is not None else None
        brackets.records[event.holder] = Record(start=ring.start, slots=ring.slots, opened=now, expiry=expiry)

    def _ready(self, event: BracketEvent) -> dict[str, object]:
        """How far the slots are. What can't be had is closed; then an execution goes on without, or fails."""
        holder, reason = event.holder, None
        trouble = self._switch(holder) if event.slots else None
        brackets = self.table.read()
        standing = brackets.standing(holder)
        if standing == "allocating" and self._now() - brackets.records[holder].opened > LONGEST_OPENING:
            reason = trouble or f"they were not allocated within {LONGEST_OPENING / 60:.0f} minutes"
        elif standing == "failed":
            reason = str(brackets.records[holder].failed)[:_LONGEST_REASON]
        elif standing == "closed" and event.slots:
            reason = "the bracket was closed while it opened"
        if reason is not None:
            brackets = self._give_up(event, reason, reachable=trouble is None)
        pace = pace_of(holder, self.leases.read().leases.get(holder), brackets)
        return {
            "ready": reason is not None or standing != "allocating",
            # Its own; those of a session are the session's.
            "slots": event.slots if reason is None else 0,
            "max_concurrency": pace.max_concurrency,
            "reason": reason or trouble,
            "memory_gb": self.memory_gb,
            "tries": event.tries + 1,
            "wait_seconds": READY_WAIT,
        }

    def _give_up(self, event: BracketEvent, reason: str, *, reachable: bool) -> Brackets:
        self.table.item.change(lambda brackets: brackets.records.pop(event.holder, None))
        if reachable:
            # Else the function would end before Lambda is outlasted once more: the expiry rule goes on.
            self._switch()
        if event.slots_required or event.session is not None:
            raise PlanError(
                f"{event.slots} provisioned slots can't be had: {reason}. "
                "Ask for fewer slots, or raise the account's concurrency (Service Quotas, L-B99A9384)"
            )
        return self.table.read()

    def _switch(self, watch: str | None = None) -> str | None:
        """Switch as far as Lambda can be reached; returns what stood in the way: the next request goes on."""
        try:
            self.switching.run(watch=watch)
        except BracketError as error:
            return str(error)[:_LONGEST_REASON]
        return None

    def _close(self, holder: str) -> dict[str, object]:
        """Give the lease and the slots back; no error where there is none.

        Raises BracketError while something is still on, so that Step Functions and EventBridge call again.
        """
        self.leases.release(holder)
        record = self.table.item.change(lambda brackets: brackets.close(holder, self._now()))
        deadline = self._now() + _CLOSING_SECONDS
        while self.table.read().excess(record.ring if record is not None else None):
            if self.switching.run():
                break
            if self._now() >= deadline:
                raise BracketError(f"the slots of {holder} are being switched off still: close it again")
            self.leases.clock.sleep(_CLOSING_PAUSE)
        self.table.item.change(lambda brackets: brackets.forget(holder))
        open_seconds = self._now() - record.opened if record is not None else 0.0
        return {
            "closed": True,
            "slots": record.slots if record is not None else 0,
            "open_seconds": round(open_seconds, 3),
            "memory_gb": self.memory_gb,
        }

    def _list(self) -> dict[str, object]:
        brackets, budget = self.table.read(), self.leases.read()
        listed = [
            {
                "holder": holder,
                "slots": record.slots,
                "standing": brackets.standing(holder),
                "opened": record.opened,
                "expiry": record.expiry,
                "failed": record.failed,
                "executions": budget.in_session(holder),
            }
            for holder, record in sorted(brackets.records.items())
        ]
        return {"brackets": listed, "leases": len(budget.leases), "waiting": len(budget.queue)}

    def _now(self) -> float:
        return self.leases.clock.time()


def _patience(tries: int, wait: float | None) -> dict[str, int]:
    """When to ask again: as the budget tells, or after a time that grows."""
    if wait is None:
        return {
            "tries": tries + 1,
            "wait_seconds": min(LONGEST_WAIT, round(FIRST_WAIT * _BACKOFF ** min(tries, 20))),
        }
    return {"tries": 0, "wait_seconds": min(LONGEST_WAIT, max(SHORTEST_WAIT, math.ceil(wait)))}
