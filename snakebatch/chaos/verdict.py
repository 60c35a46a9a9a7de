"""The verdict on a run: its model is the very one, or its end has a true reason; and nothing is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from snakebatch.chaos.director import Strike
from snakebatch.chaos.plan import Fault, Plan

TRAINED, FAILED, ABORTED, DIED, STUCK = "SUCCEEDED", "FAILED", "ABORTED", "DIED", "STUCK"
"""How an execution may end here: as Step Functions says, with Step Functions itself, or not at all."""


@dataclass(frozen=True)
class Ended:
    """An execution's end. ``model`` is its model.json; ``missing_leaves`` how many it lacks."""

    status: str
    error: str = ""
    cause: str = ""
    model: bytes | None = None
    missing_leaves: int = 0


@dataclass(frozen=True)
class Outcome:
    """All of a run: how its executions ended, the disturbed one first, then those that were started again
    while there was no model; ``left`` is what was there after them.
    """

    plan: Plan
    endings: Sequence[Ended]
    strikes: Sequence[Strike]
    expected: bytes
    left: Sequence[str] = field(default_factory=tuple)

    @property
    def first(self) -> Ended:
        """The end of the execution that was disturbed."""
        return self.endings[0]

    @property
    def last(self) -> Ended:
        """The end of the last one."""
        return self.endings[-1]

    @property
    def guilty(self) -> list[Fault]:
        """The faults that are the reasons why executions failed, in the order of these."""
        return [fault for fault in map(self.reason, self.endings) if fault is not None]

    def reason(self, ended: Ended) -> Fault | None:
        """The fault that explains an end; None where there is nothing to explain, or no fault does."""
        if ended.status in (TRAINED, STUCK):
            return None
        kind = {ABORTED: "abort", DIED: "executor-death"}.get(ended.status)
        for strike in reversed(self.strikes):
            if strike.fault.kind.name == kind or (kind is None and _explains(strike, ended)):
                return strike.fault
        return None

    @property
    def problems(self) -> list[str]:
        """What is wrong; nothing of it may be."""
        found = [f"left behind: {line}" for line in self.left]
        for ended in self.endings:
            if ended.status == STUCK:
                found.append("an execution did not end")
            elif ended.status != TRAINED and self.reason(ended) is None:
                said = f"{ended.status} with {f'{ended.error}: {ended.cause}'!r}"
                found.append(f"no true reason: an execution is {said}, which no fault explains")
        if self.last.status != TRAINED:
            found.append("the job has no model, though nothing disturbed its last execution")
        if self.lost_leaves:
            found.append(f"{self.lost_leaves} leaves are lost")
        if self.wrong_model:
            found.append("the model is not byte for byte that of an undisturbed training")
        return found

    @property
    def lost_leaves(self) -> int:
        """Leaves that the run has not, in the end."""
        return self.last.missing_leaves

    @property
    def wrong_model(self) -> bool:
        """Whether one of its executions made another model than the very one."""
        return any(ended.model != self.expected for ended in self.endings if ended.status == TRAINED)


def _explains(strike: Strike, ended: Ended) -> bool:
    said = f"{ended.error}: {ended.cause}"
    return any(evidence in said for evidence in strike.evidence)
