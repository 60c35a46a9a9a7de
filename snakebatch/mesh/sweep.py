"""The sweep: the last net under a bracket. It needs no event, no graph and no memory of what was opened."""

from __future__ import annotations

from dataclasses import dataclass

from snakebatch.errors import BracketError
from snakebatch.mesh.admission import Admission
from snakebatch.mesh.bracket_records import Brackets, Record
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.mesh.budget import VERIFY_AFTER
from snakebatch.mesh.switching import Switching


@dataclass
class Sweep:
    """Closes what no running execution and no session holds."""

    admission: Admission
    table: BracketTable
    switching: Switching

    def run(self) -> dict[str, object]:
        """Close the brackets and leases of the dead, and switch off what no record explains.

        ``leaked_slots`` were on though their execution had ended, or without any record: the alarm's metric.
        Raises BracketError where something could not be switched off: the function is then called again.
        """
        dead = self._dead()
        expired = self._drop_expired(dead)
        released = self.admission.verify(None)
        # What a session had until now is on by right: its end is no leak.
        leaked = self.switching.run(survey=True, ending=[record.ring for record in expired])
        if leaked is None:
            raise BracketError("somebody else is switching slots: sweep again")
        return {
            "closed": len(dead),
            "expired": len(expired),
            "released": len(released),
            "leaked_slots": leaked,
        }

    def expire(self) -> dict[str, object]:
        """Close the sessions whose time is over: cheap enough for every five minutes."""
        closed = self._drop_expired([])
        if self.table.read().excess() and self.switching.run() is None:
            raise BracketError("somebody else is switching slots: ask again to close what expired")
        return {"closed": len(closed)}

    def _drop_expired(self, dead: list[str]) -> list[Record]:
        """Drop the records of expired sessions, which are returned, and of the dead."""
        now = self.admission.clock.time()

        def change(brackets: Brackets) -> list[Record]:
            for holder in dead:
                brackets.records.pop(holder, None)
            over = [name for name, record in brackets.records.items() if (record.expiry or now + 1) <= now]
            return [brackets.records.pop(name) for name in over]

        return self.table.item.change(change)

    def _dead(self) -> list[str]:
        now = self.admission.clock.time()
        return [
            holder
            for holder, record in self.table.read().records.items()
            if record.expiry is None
            # A start may not have reached DescribeExecution yet.
            and record.opened <= now - VERIFY_AFTER
            and self.admission.executions.running(holder) is False
        ]
