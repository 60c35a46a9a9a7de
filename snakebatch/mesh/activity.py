"""What the shards do: packets that wait, are at work or are done, seen from what a run has written down.

Pure: ``gatherer.activity`` reads, this says what it means. A packet is done when it has a report, at work
when the running Map has handed it out, and waits otherwise. A Map hands its items out in their order, and
counts its children at work, so those are the first so many without a report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from typing import Literal as OneOf

from snakebatch.mesh.invocation import Invocation
from snakebatch.mesh.messages import Role
from snakebatch.mesh.routing import SHARDS, shard_name

ShardState = OneOf["idle", "waiting", "running", "done", "failed"]


@dataclass(frozen=True)
class Handed:
    """A packet that a Map was given for a shard."""

    packet: str
    role: Role
    wave: int
    shard: str


@dataclass(frozen=True)
class RunActivity:
    """One run as it stands. Times are epoch seconds.

    ``handed`` are its Maps' items in order; ``reported`` those with a report; ``invocations`` who made it,
    for those reports that say so; ``at_work`` is how many children of the Map that runs now are at work;
    ``failed`` are packets whose child failed for good.
    """

    model_id: str
    status: str
    started: float
    ended: float | None = None
    handed: tuple[Handed, ...] = ()
    reported: frozenset[str] = frozenset()
    invocations: Mapping[str, Invocation] = field(default_factory=dict)
    at_work: int = 0
    failed: frozenset[str] = frozenset()

    @property
    def running(self) -> bool:
        return self.ended is None

    def in_flight(self) -> list[Handed]:
        """Packets at work: the first of the last wave without a report, as many as its Map has at work."""
        return self._open()[: self.at_work] if self.running else []

    def waiting(self) -> list[Handed]:
        """Packets whose turn is yet to come."""
        return self._open()[self.at_work :] if self.running else []

    def _open(self) -> list[Handed]:
        return [
            one for one in self.handed if one.packet not in self.reported and one.packet not in self.failed
        ]


@dataclass(frozen=True)
class ShardView:
    """One shard of the grid. ``role`` is of what it does, or did last; ``cold`` and ``seconds`` of the last
    invocation that ended there (None where none did); ``cold_starts`` and ``done`` count all of them.
    """

    shard: str
    state: ShardState = "idle"
    role: Role | None = None
    waiting: int = 0
    in_flight: int = 0
    done: int = 0
    failed: int = 0
    cold_starts: int = 0
    cold: bool | None = None
    seconds: float | None = None
    ended: float | None = None
    throttles: int | None = None


def shard_views(
    activities: Iterable[RunActivity], throttles: Mapping[str, int] | None = None
) -> list[ShardView]:
    """All shards, in order, over some runs; ``throttles`` has the 429s of shards (None: nobody knows)."""
    runs = list(activities)
    at_work = _by_shard(one for run in runs for one in run.in_flight())
    waiting = _by_shard(one for run in runs for one in run.waiting())
    failed = _by_shard(one for run in runs for one in run.handed if one.packet in run.failed)
    done = _by_shard(one for run in runs for one in run.handed if one.packet in run.reported)
    last: dict[str, Invocation] = {}
    cold: Counter[str] = Counter()
    for made in (made for run in runs for made in _of_run(run)):
        cold[made.shard] += made.cold
        if made.shard not in last or last[made.shard].ended <= made.ended:
            last[made.shard] = made
    views = []
    for shard in map(shard_name, range(SHARDS)):
        groups = (failed[shard], at_work[shard], waiting[shard], done[shard])
        latest = last.get(shard)
        views.append(
            ShardView(
                shard=shard,
                state=_state(*(len(group) for group in groups)),
                role=next((group[-1].role for group in groups if group), None),
                waiting=len(waiting[shard]),
                in_flight=len(at_work[shard]),
                done=len(done[shard]),
                failed=len(failed[shard]),
                cold_starts=cold[shard],
                cold=None if latest is None else latest.cold,
                seconds=None if latest is None else round(latest.seconds, 3),
                ended=None if latest is None else latest.ended,
                throttles=None if throttles is None else throttles.get(shard, 0),
            )
        )
    return views


def _by_shard(packets: Iterable[Handed]) -> dict[str, list[Handed]]:
    found: dict[str, list[Handed]] = {shard_name(number): [] for number in range(SHARDS)}
    for one in packets:
        found[one.shard].append(one)
    return found


def _of_run(run: RunActivity) -> list[Invocation]:
    """The invocations of the packets that this run's Maps were given, in their order."""
    return [run.invocations[one.packet] for one in run.handed if one.packet in run.invocations]


def _state(failed: int, at_work: int, waiting: int, done: int) -> ShardState:
    if at_work:
        return "running"
    if failed:
        return "failed"
    if waiting:
        return "waiting"
    return "done" if done else "idle"


@dataclass(frozen=True)
class Totals:
    """Sums over the grid, and the time that shards have worked."""

    shards_at_work: int
    shards_used: int
    waiting: int
    in_flight: int
    done: int
    failed: int
    cold_starts: int
    throttles: int | None
    busy_seconds: float


def totals(views: Iterable[ShardView], activities: Iterable[RunActivity]) -> Totals:
    """The line under the grid."""
    seen = list(views)
    known = [view.throttles for view in seen if view.throttles is not None]
    return Totals(
        shards_at_work=sum(view.in_flight > 0 for view in seen),
        shards_used=sum(view.done > 0 or view.in_flight > 0 for view in seen),
        waiting=sum(view.waiting for view in seen),
        in_flight=sum(view.in_flight for view in seen),
        done=sum(view.done for view in seen),
        failed=sum(view.failed for view in seen),
        cold_starts=sum(view.cold_starts for view in seen),
        throttles=sum(known) if known else None,
        busy_seconds=round(sum(made.seconds for run in activities for made in _of_run(run)), 3),
    )


def timeline(run: RunActivity) -> dict[str, Any]:
    """A run to be replayed: every packet's shard, role, wave, when it was handed out, began and ended.

    Times are seconds since the first of them. A wave is handed out when the last report of the wave before it
    has ended. Packets whose report does not say when it was made are left out, and counted.
    """
    made = sorted(
        (
            (run.invocations[one.packet], one.wave)
            for one in run.handed
            if one.packet in run.invocations and one.packet in run.reported
        ),
        key=lambda entry: (entry[0].started, entry[0].packet),
    )
    zero = min([run.started, *(invocation.started for invocation, _ in made)])
    ends: dict[int, float] = {}
    for invocation, wave in made:
        ends[wave] = max(ends.get(wave, 0.0), invocation.ended)
    known = sorted(ends)
    begins = {wave: ends[before] for before, wave in pairwise(known)}
    packets: list[dict[str, Any]] = [
        {
            "shard": invocation.shard,
            "role": invocation.role,
            "wave": wave,
            "cold": invocation.cold,
            "handed": _since(zero, min(begins.get(wave, run.started), invocation.started)),
            "began": _since(zero, invocation.started),
            "ended": _since(zero, invocation.ended),
        }
        for invocation, wave in made
    ]
    length = max((entry["ended"] for entry in packets), default=0.0)
    return {"seconds": length, "packets": packets, "unknown": len(run.reported) - len(packets)}


def _since(zero: float, moment: float) -> float:
    return round(max(0.0, moment - zero), 3)


def replayed(drawn: Mapping[str, Any], moment: float) -> dict[str, ShardState]:
    """The shards' states ``moment`` seconds into a timeline; idle ones are left out.

    What the page's script does too, in the browser; a test holds the two to each other.
    """
    states: dict[str, ShardState] = {}
    order: tuple[ShardState, ...] = ("idle", "done", "waiting", "running")
    for packet in drawn["packets"]:
        state: ShardState = "idle"
        if moment >= packet["ended"]:
            state = "done"
        elif moment >= packet["began"]:
            state = "running"
        elif moment >= packet["handed"]:
            state = "waiting"
        before = states.get(packet["shard"], "idle")
        if order.index(state) > order.index(before):
            states[packet["shard"]] = state
    return states
