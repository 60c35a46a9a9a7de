"""The budget: how running executions share the account's spawn rate. Pure bookkeeping, no clock, no AWS.

A holder is an execution's ARN. Shares are new invocations a second, times epoch seconds.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from snakebatch.planner.rate import WINDOW, rate_for

ITEM = "spawn-rate"
"""The budget's key in the lease table."""

HOLD = 7_200.0
"""Seconds that a lease or a place outlives the last sign of life, where nobody can ask for the status."""

VERIFY_AFTER = 60.0
"""Seconds without a sign of life after which who waits asks Step Functions whether a holder still runs.

Also far longer than DescribeExecution may lag behind a start (it is eventually consistent).
"""

_EPSILON = 1e-9


class _Mutable(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Want(_Mutable):
    """What an execution asks for: a share between ``least`` and ``ceiling``, for a Map of ``packets``."""

    least: float
    ceiling: float
    packets: int
    joins_session: bool = False

    def share_of(self, free: float) -> float:
        """What to take of what is free: enough for all packets in one window, more starts it has not.

        Few packets need a larger share to run side by side; for that it takes half of what is free at most,
        since others may come.
        """
        side_by_side = min(rate_for(self.packets), free / 2)
        useful = max(self.packets / WINDOW, side_by_side)
        return max(self.least, min(self.ceiling, useful, free))


class Lease(_Mutable):
    """What an execution holds: its share of the rate, and of a session's slots if it is in one."""

    share: float
    want: Want
    seen: float
    session: str | None = None
    slots: int = 0


class Place(_Mutable):
    """A place in the queue."""

    want: Want
    since: float
    seen: float


class Cooling(_Mutable):
    """A share that was given back, and is free once the window that its last starts fall into is over."""

    share: float
    until: float


class Session(_Mutable):
    """A session's open slots, for those who join."""

    name: str
    slots: int


class Budget(_Mutable):
    """Who holds how much, and who waits."""

    leases: dict[str, Lease] = {}
    queue: dict[str, Place] = {}
    cooling: list[Cooling] = []

    def knows(self, holder: str) -> bool:
        """Whether it holds something, or waits for it."""
        return holder in self.leases or holder in self.queue

    def free(self, now: float, total: float) -> float:
        """What nobody holds and nobody just gave back."""
        self.cooling = [part for part in self.cooling if part.until > now]
        held = sum(lease.share for lease in self.leases.values())
        return max(0.0, total - held - sum(part.share for part in self.cooling))

    def grant(self, holder: str, want: Want, now: float, total: float) -> Lease | None:
        """The lease given, of what is free and not needed by who waits behind. None = wait, in its place."""
        held = self.leases.get(holder)
        if held is not None:
            held.seen = now
            return held
        place = self.queue.setdefault(holder, Place(want=want, since=now, seen=now))
        place.want, place.seen = want, now
        free = self.free(now, total)
        if self.ahead_of(holder) or free + _EPSILON < want.least:
            return None
        del self.queue[holder]
        share = want.share_of(max(want.least, free - self._needed()))
        self.leases[holder] = Lease(share=share, want=want, seen=now)
        return self.leases[holder]

    def _needed(self) -> float:
        """What those who wait need to begin."""
        return sum(place.want.least for place in self.queue.values())

    def ahead_of(self, holder: str) -> int:
        """How many came before it."""
        mine = (self.queue[holder].since, holder)
        return sum((place.since, name) < mine for name, place in self.queue.items())

    def wait_of(self, holder: str, now: float, total: float) -> float | None:
        """Seconds until it is worth asking again; None where nothing is coming back that could tell.

        A queue moves while shares cool: what they free goes to those ahead first. Who is not reached by that
        waits at least as long as those ahead take to pass through the rate: a window each time that, with
        what it needs itself, fills it.
        """
        place = self.queue.get(holder)
        free = self.free(now, total)
        if place is None or not self.cooling:
            return None
        mine = (place.since, holder)
        ahead = sum(other.want.least for name, other in self.queue.items() if (other.since, name) < mine)
        for part in sorted(self.cooling, key=lambda part: part.until):
            free += part.share
            if free + _EPSILON >= ahead + place.want.least:
                return part.until - now
        return WINDOW * ((ahead + place.want.least - _EPSILON) // total)

    def renew(self, holder: str, want: Want, now: float, total: float) -> Lease | None:
        """Hold on for the next Map, with more or with less; None where nothing is held (any more).

        Takes what is free and of use to the next Map, but leaves to those who wait what they need to begin,
        down to its own minimum.
        """
        lease = self.leases.get(holder)
        if lease is None:
            return None
        lease.seen, lease.want = now, want
        free = self.free(now, total)
        share = want.share_of(max(want.least, lease.share + free - self._needed()))
        if self.queue:
            # What is free goes to who waits.
            share = min(share, max(lease.share, want.least))
        self._cool(lease.share - share, now)
        lease.share = share
        return lease

    def release(self, holder: str, now: float) -> None:
        """Give everything back; no error where nothing is held."""
        lease = self.leases.pop(holder, None)
        self.queue.pop(holder, None)
        if lease is not None:
            self._cool(lease.share, now)

    def share_session(self, holder: str, sessions: list[Session]) -> None:
        """Set what a lease may use of a session's slots; of several sessions, the one with most to give.

        Those in a session share it: each gets what it can use, but the others' even parts are left to them.
        """
        lease = self.leases[holder]
        lease.session, lease.slots = None, 0
        if not lease.want.joins_session:
            return
        for session in sessions:
            others = [
                other
                for name, other in self.leases.items()
                if name != holder and other.session == session.name
            ]
            even = session.slots // (len(others) + 1)
            taken = sum(max(other.slots, min(even, other.want.packets)) for other in others)
            slots = max(0, min(lease.want.packets, session.slots - taken))
            if lease.session is None or slots > lease.slots:
                lease.session, lease.slots = session.name, slots

    def in_session(self, session: str) -> list[str]:
        """Who uses a session's slots."""
        return sorted(name for name, lease in self.leases.items() if lease.session == session)

    def silent(self, now: float) -> list[str]:
        """Who gave no sign of life for a while, the longest first."""
        known: dict[str, Lease | Place] = {**self.leases, **self.queue}
        late = [(entry.seen, name) for name, entry in known.items() if entry.seen <= now - VERIFY_AFTER]
        return [name for _, name in sorted(late)]

    def heard_of(self, holder: str, running: bool | None, now: float) -> None:
        """Take in whether a holder runs; None = that could not be asked, so its expiry decides."""
        entry = self.leases.get(holder) or self.queue.get(holder)
        if entry is None:
            return
        if running:
            entry.seen = now
        elif running is False or entry.seen <= now - HOLD:
            self.release(holder, now)

    def _cool(self, share: float, now: float) -> None:
        if share > _EPSILON:
            self.cooling.append(Cooling(share=share, until=now + WINDOW))
