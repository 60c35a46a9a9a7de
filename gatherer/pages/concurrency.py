"""``/concurrency``: the spawn panel, fed by the times that the reports themselves carry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatherer.account import Seen
from gatherer.pages.brackets_view import TableSeen
from gatherer.pages.live import Look, live
from gatherer.pages.mesh_state import MeshState, mesh_state
from gatherer.pages.rendering import fragment, page
from gatherer.pages.spawn_chart import SpawnChart, spawn_chart
from snakebatch.mesh.invocation import Invocation
from snakebatch.mesh.routing import SHARDS
from snakebatch.planner.rate import WINDOW, max_concurrency
from snakebatch.planner.spawn_rate import Level, MinutePeak, busiest_window, level, minute_peaks

router = APIRouter()

MINUTES = 60
_SHORT, _MIDDLE, _LONG = 0.1, 0.5, 0.95


@dataclass(frozen=True)
class Limit:
    """A line of the limits table."""

    layer: str
    limit: str
    adjustable: str
    here: str
    meaning: str


@dataclass(frozen=True)
class SpawnSeen:
    """The last hour. Rates are invocations a second; ``busiest`` counts starts of any ten seconds."""

    peaks: Sequence[MinutePeak]
    chart: SpawnChart
    ceiling: float
    now: float
    busiest: int
    invocations: int
    cold: int
    in_flight: int
    seconds: dict[str, float | None]
    concurrency: int
    runs: int
    account: Seen
    table: TableSeen

    @property
    def level(self) -> Level:
        """Of the busiest minute."""
        return level(max(peak.rate for peak in self.peaks), self.ceiling)

    @property
    def peak(self) -> MinutePeak:
        """The busiest minute."""
        return max(self.peaks, key=lambda peak: (peak.rate, peak.start))

    @property
    def trouble(self) -> list[str]:
        """What could not be asked."""
        return [*self.account.trouble, *([self.table.trouble] if self.table.trouble else [])]

    @property
    def slots(self) -> dict[str, list[Any]]:
        """Shards that have slots."""
        found: dict[str, list[Any]] = {}
        for one in self.account.slots:
            found.setdefault(one.shard, []).append(one)
        return found


def look_at_spawn(state: MeshState) -> SpawnSeen:
    """Read the last hour of all executions."""
    now = state.clock.time()
    since = (now // 60 - MINUTES + 1) * 60
    runs = state.reader.look_at(state.reader.since(since))
    made = [one for run in runs for one in run.invocations.values() if one.started >= since]
    starts = [one.started for one in made]
    peaks = minute_peaks(starts, now, MINUTES)
    short = percentile(made, _SHORT)
    return SpawnSeen(
        peaks=peaks,
        chart=spawn_chart(peaks, state.rate),
        ceiling=state.rate,
        now=sum(now - WINDOW <= start for start in starts) / WINDOW,
        busiest=busiest_window(starts),
        invocations=len(made),
        cold=sum(one.cold for one in made),
        in_flight=sum(len(run.in_flight()) for run in runs),
        seconds={"p10": short, "p50": percentile(made, _MIDDLE), "p95": percentile(made, _LONG)},
        concurrency=max_concurrency(state.rate) if not short else max_concurrency(state.rate, seconds=short),
        runs=len(runs),
        account=state.account.seen(),
        table=state.table.seen(),
    )


def percentile(made: Sequence[Invocation], part: float) -> float | None:
    """How long the shortest ``part`` of the invocations took at most, in seconds; None without any."""
    if not made:
        return None
    ordered = sorted(one.seconds for one in made)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def limits(seen: SpawnSeen) -> list[Limit]:
    """The seeds' table of limits, with what this account says."""
    account = seen.account
    reserved = account.reserved
    if not account.shards_asked:
        shards = "not asked yet"
    elif not reserved:
        shards = f"none reserved, of {account.shards_asked} asked"
    else:
        least, most = min(reserved.values()), max(reserved.values())
        of_each = f"{least}" if least == most else f"{least} to {most}"
        shards = f"{of_each} on {len(reserved)} of {account.shards_asked} asked"
    found = account.limits
    if found is None:
        concurrent = "not known"
    else:
        named = (("ConcurrentExecutions", ""), ("UnreservedConcurrentExecutions", " unreserved"))
        said = [f"{found[name]:,}{kind}" for name, kind in named if name in found]
        concurrent = ", ".join(said) or "no limit"
    return [
        Limit(
            "Reserved concurrency of a shard",
            "0 to 1,000 at once",
            "yes, by function",
            shards,
            "isolation: one shard can't take the account's concurrency",
        ),
        Limit(
            "L-B99A9384, concurrent executions",
            "20,000 in the seeds' account",
            "yes, by support",
            concurrent,
            "matters at very heavy load only",
        ),
        Limit(
            "L-A1AFA3CF, scaling rate",
            "1,000 a minute = 16.67/s",
            "no",
            f"{seen.ceiling * 60:,.0f} a minute = {seen.ceiling:.2f}/s, as deployed",
            "the ceiling: running trainings share it by leases",
        ),
        Limit(
            "SQS messages",
            "3,000 a second, unbatched",
            "yes",
            "ten a batch",
            "not binding: a message a leaf",
        ),
        Limit(
            "S3 GET of a prefix",
            "about 5,500 a second",
            "by more prefixes",
            "a prefix a job",
            "not binding: a packet reads three objects",
        ),
    ]


def _context(seen: SpawnSeen) -> dict[str, Any]:
    return {"seen": seen, "limits": limits(seen), "shards": SHARDS}


def spawn_fragments(seen: SpawnSeen) -> dict[str, str]:
    """What changes on the page."""
    context = _context(seen)
    names = ("figures", "chart", "table", "slots", "limits", "trouble")
    return {f"spawn-{name}": fragment(f"spawn_{name}.html", **context) for name in names}


def spawn_data(seen: SpawnSeen) -> dict[str, Any]:
    """The panel for programs: minutes with starts in them, and the figures."""
    return {
        "ceiling": round(seen.ceiling, 4),
        "now": seen.now,
        "busiest_ten_seconds": seen.busiest,
        "invocations": seen.invocations,
        "cold": seen.cold,
        "in_flight": seen.in_flight,
        "seconds": seen.seconds,
        "minutes": [asdict(peak) | {"rate": peak.rate} for peak in seen.peaks if peak.invocations],
        "slots": [asdict(one) for one in seen.account.slots],
        "brackets": [asdict(one) for one in seen.table.brackets],
        "trouble": seen.trouble,
    }


@router.get("/live/concurrency", include_in_schema=False)
async def live_concurrency(request: Request) -> Response:
    """The spawn panel as JSON, or as events."""
    state = mesh_state(request)

    def look() -> Look:
        seen = look_at_spawn(state)
        return Look(spawn_data(seen), spawn_fragments(seen))

    return await live(request, "concurrency", look)


@router.get("/concurrency", include_in_schema=False)
async def concurrency(request: Request) -> Response:
    """The page."""
    state = mesh_state(request)
    seen = await run_in_threadpool(look_at_spawn, state)
    return page(request, "concurrency.html", **_context(seen))
