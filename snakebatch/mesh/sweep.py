"""The sweep: the last net under a bracket. It needs no event, no graph and no memory of what was opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from snakebatch.errors import BracketError
from snakebatch.mesh.admission import Admission
from snakebatch.mesh.bracket_records import Brackets, Record
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.mesh.budget import VERIFY_AFTER
from snakebatch.mesh.switching import Switching

TellLeak = Callable[[int, Sequence[str]], None]
"""Told at each sweep how many slots were leaked, and whose: the executions that had ended."""

LONGEST_RUN = 21_600.0
"""Seconds that an execution may last (the machine's TimeoutSeconds): after that a bracket is the dead's also
where Step Functions could not be asked.
"""


@dataclass
class Sweep:
    """Closes what no running execution and no session holds."""

    admission: Admission
    table: BracketTable
    switching: Switching
    tell_leak: TellLeak

    def run(self) -> dict[str, object]:
        """Close the brackets and leases of the dead, and switch off what no record explains.

        ``leaked_slots`` were on though their execution had ended, or without any record: the alarm's metric,
        which ``tell_leak`` gets together with who had ended, also where switching off fails after that.
        Raises BracketError where something could not be switched off: the function is then called again.
        """
        dead = self._dead()
        expired = self._drop_expired(dead)
        released = self.admission.verify(None)
        # What a session had until now is on by right: its end is no leak.
        leaks: list[int] = []

        def tell(slots: int) -> None:
            leaks.append(slots)
            self.tell_leak(slots, dead)

        if not self.switching.run(survey=tell, ending=[record.ring for record in expired]):
            raise BracketError("somebody else is switching slots: sweep again")
        return {
            "closed": len(dead),
            "expired": len(expired),
            "released": len(released),
            "leaked_slots": sum(leaks),
        }

    def expire(self) -> dict[str, object]:
        """Close the sessions whose time is over: cheap enough for every five minutes."""
        closed = self._drop_expired([])
        if self.table.read().excess() and not self.switching.run():
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
            and self._has_ended(holder, record.opened)
        ]

    def _has_ended(self, holder: str, opened: float) -> bool:
        running = self.admission.executions.running(holder)
        if running is None:
            return opened <= self.admission.clock.time() - LONGEST_RUN
        return not running
