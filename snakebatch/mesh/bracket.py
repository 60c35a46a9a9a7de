"""The bracket: what an execution holds of the account between OpenBracket and CloseBracket."""

from __future__ import annotations

from dataclasses import dataclass

from snakebatch.errors import PlanError
from snakebatch.mesh.lease import LeaseTable
from snakebatch.mesh.requests import BracketEvent
from snakebatch.planner.rate import max_concurrency

WAIT_SECONDS = 15
"""Between two requests of an execution that waits for its share."""

MOST_TRIES = 480
"""Two hours of waiting; then the execution gives up rather than hang."""


@dataclass
class Bracket:
    """Admits, opens, watches and closes. 0 slots: provisioned concurrency comes with the deployed stack."""

    leases: LeaseTable

    def run(self, event: BracketEvent) -> dict[str, object]:
        """Do the event's action; every answer is a handful of numbers."""
        if event.action == "admit":
            return self._admit(event)
        if event.action == "close":
            self.leases.release(event.execution)
            return {"closed": True}
        if event.slots:
            raise PlanError(
                f"{event.slots} slots were asked for, and provisioned concurrency is not deployed: ask for 0"
            )
        return {"ready": True, "slots": 0, "tries": event.tries + 1, "wait_seconds": WAIT_SECONDS}

    def _admit(self, event: BracketEvent) -> dict[str, object]:
        share = self.leases.ask(event.execution, event.packets)
        tries = event.tries + 1
        if share is None and tries >= MOST_TRIES:
            raise PlanError(
                f"other executions held the spawn budget through {tries} requests: try again after them"
            )
        return {
            "admitted": share is not None,
            "rate": round(share or 0.0, 3),
            "max_concurrency": max_concurrency(share or 0.0, slots=event.slots),
            "tries": tries,
            "wait_seconds": WAIT_SECONDS,
        }
