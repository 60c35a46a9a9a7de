"""``/grid/v9``: the hundred shards, live or replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatherer.pages.live import Look, live
from gatherer.pages.mesh_state import MeshState, mesh_state
from gatherer.pages.rendering import fragment, page
from gatherer.pages.wording import duration
from snakebatch.errors import UnknownJobError
from snakebatch.mesh.activity import RunActivity, ShardView, Totals, shard_views, timeline, totals
from snakebatch.mesh.jobs import JobSummary
from snakebatch.mesh.messages import EXECUTION_PATTERN

router = APIRouter()

LISTED = 30
"""Runs that one may choose from."""

JUST_ENDED = 60.0
"""Seconds for which a run that ended stays on the grid of all: a small one takes two."""

_DID = {"running": "at work", "waiting": "waiting", "done": "done", "failed": "failed", "idle": "idle"}

RunName = Annotated[str | None, Query(pattern=f"{EXECUTION_PATTERN}|^$")]


@dataclass(frozen=True)
class GridSeen:
    """The grid as it stands, over one run or all that run."""

    runs: Sequence[RunActivity]
    views: Sequence[ShardView]
    totals: Totals
    one: bool

    @property
    def ended(self) -> bool:
        """Whether nothing of it will change."""
        return self.one and not any(run.running for run in self.runs)


def look_at_grid(state: MeshState, run: str | None) -> GridSeen:
    """Read the grid of a run, or of all that run or just ended; UnknownJobError for an unknown one."""
    reader = state.reader
    summaries = [reader.find(run)] if run else reader.since(state.clock.time() - JUST_ENDED)
    runs = reader.look_at(summaries)
    views = shard_views(runs, state.account.seen().throttles)
    return GridSeen(runs, views, totals(views, runs), one=run is not None)


def words(view: ShardView) -> str:
    """A shard in a sentence, for who does not see its cell."""
    if view.role is None:
        said = [f"Shard {view.shard}: idle"]
    else:
        said = [f"Shard {view.shard}: {view.role}, {_DID[view.state]}"]
    counts = ((view.in_flight, "in flight"), (view.waiting, "waiting"), (view.done, "done"))
    said += [f"{count} {name}" for count, name in counts if count]
    if view.failed:
        said.append(f"{view.failed} failed")
    if view.seconds is not None:
        said.append(f"last {duration(view.seconds)}, {'cold' if view.cold else 'warm'}")
    if view.throttles:
        said.append(f"{view.throttles} throttled")
    return ", ".join(said)


def grid_fragments(seen: GridSeen, address: str) -> dict[str, str]:
    """What changes on the page; ``address`` is that of the page, for the links of its cells."""
    cells = [(view, words(view)) for view in seen.views]
    context: dict[str, Any] = {"seen": seen, "cells": cells, "totals": seen.totals, "address": address}
    return {
        "grid-runs": fragment("grid_runs.html", **context),
        "grid-figures": fragment("grid_figures.html", **context),
        "grid-cells": fragment("grid_cells.html", **context),
        "grid-table": fragment("grid_table.html", **context),
    }


def grid_data(seen: GridSeen) -> dict[str, Any]:
    """The grid for programs: shards that do or did something, and the sums."""
    return {
        "runs": [{"model_id": run.model_id, "status": run.status} for run in seen.runs],
        "totals": asdict(seen.totals),
        "shards": {view.shard: asdict(view) for view in seen.views if view.state != "idle" or view.throttles},
    }


@router.get("/live/grid", include_in_schema=False)
async def live_grid(request: Request, run: RunName = None) -> Response:
    """The grid as JSON, or as events."""
    state, chosen = mesh_state(request), run or None

    def look() -> Look:
        seen = look_at_grid(state, chosen)
        return Look(grid_data(seen), grid_fragments(seen, _address(chosen)), seen.ended)

    return await live(request, f"grid:{chosen or ''}", look)


@router.get("/grid/v9", include_in_schema=False)
async def grid(
    request: Request,
    run: RunName = None,
    replay: bool = False,
    shard: Annotated[str | None, Query(pattern=r"^\d\d$")] = None,
) -> Response:
    """The page; ``replay`` plays a run that has ended, ``shard`` shows one in detail."""
    state, chosen = mesh_state(request), run or None

    def look() -> tuple[GridSeen, list[JobSummary]]:
        return look_at_grid(state, chosen), state.reader.jobs.jobs(limit=LISTED).jobs

    try:
        seen, listed = await run_in_threadpool(look)
    except UnknownJobError as error:
        return page(request, "error.html", status=404, title="No such run", detail=str(error))
    ready = partial(
        page,
        request,
        seen=seen,
        totals=seen.totals,
        cells=[(view, words(view)) for view in seen.views],
        run=chosen,
        listed=listed,
        shard=seen.views[int(shard)] if shard else None,
        address=_address(chosen),
    )
    if replay and seen.ended:
        return ready("grid_replay.html", timeline=timeline(seen.runs[0]))
    return ready("grid.html")


def _address(run: str | None) -> str:
    return f"/grid/v9?run={quote(run)}&" if run else "/grid/v9?"
