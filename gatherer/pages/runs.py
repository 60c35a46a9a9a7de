"""``/runs`` and ``/runs/{id}``: all executions, and one of them with its graph, live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, get_args
from typing import Literal as OneOf

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatherer.api.parts import parts_of
from gatherer.pages.live import Look, live
from gatherer.pages.rendering import fragment, page
from gatherer.pages.run_view import RunViews, look_of
from gatherer.pages.wording import pretty
from snakebatch.errors import UnknownJobError
from snakebatch.mesh.job_status import Status
from snakebatch.mesh.jobs import JobList, Jobs

router = APIRouter(include_in_schema=False)

STATUSES: tuple[str, ...] = tuple(status for status in get_args(Status) if status != "PENDING_REDRIVE")
_PAGE = 25

Kind = OneOf["training", "batch"]


@dataclass(frozen=True)
class Asked:
    """Which runs are asked for."""

    kind: Kind = "training"
    status: str | None = None
    after: str | None = None


def views_of(request: Request) -> RunViews:
    """The application's looks at runs."""
    views: RunViews = request.app.state.runs
    return views


def batches_of(request: Request) -> str | None:
    """The ARN of the workflow of batch predictions, where there is one."""
    arn: str | None = request.app.state.batches
    return arn


@router.get("/runs")
async def runs(
    request: Request,
    kind: Kind = "training",
    status: Annotated[Status | OneOf[""], Query()] = "",
    after: str | None = None,
) -> Response:
    """The table of runs, newest first."""
    asked = Asked(kind, status or None, after)
    found = await run_in_threadpool(listed, request, asked)
    return page(
        request,
        "runs.html",
        asked=asked,
        runs=found,
        statuses=STATUSES,
        has_batches=batches_of(request) is not None,
        now=parts_of(request).clock.time(),
    )


@router.get("/live/runs")
async def live_runs(
    request: Request,
    kind: Kind = "training",
    status: Annotated[Status | OneOf[""], Query()] = "",
    after: str | None = None,
) -> Response:
    """The table, as it changes."""
    asked = Asked(kind, status or None, after)

    def look() -> Look:
        found = listed(request, asked)
        now = parts_of(request).clock.time()
        table = fragment("runs_table.html", runs=found, asked=asked, now=now)
        return Look(data=found.body(), fragments={"runs-table": table})

    return await live(request, f"runs {kind} {status} {after}", look)


@router.get("/runs/{name}")
async def run(request: Request, name: str) -> Response:
    """A training."""
    return await _run_page(request, name, batch=False)


@router.get("/runs/batch/{name}")
async def batch(request: Request, name: str) -> Response:
    """A batch prediction."""
    return await _run_page(request, name, batch=True)


@router.get("/live/runs/{name}")
async def live_run(request: Request, name: str) -> Response:
    """A training, as it goes on."""
    views = views_of(request)
    return await live(request, f"run {name}", lambda: look_of(views.see(name)))


@router.get("/live/runs/batch/{name}")
async def live_batch(request: Request, name: str) -> Response:
    """A batch prediction, as it goes on."""
    views = views_of(request)
    return await live(request, f"batch {name}", lambda: look_of(views.see(name, batch=True)))


@router.get("/runs/{name}/states/{state}/{which}")
def state_text(
    request: Request, name: str, state: str, which: OneOf["input", "output"], batch: bool = False
) -> Response:
    """A state's whole input or output, of its last visit."""
    try:
        found = views_of(request).read(name, batch=batch).state(state)
    except UnknownJobError as error:
        return _missing(request, f"{error}.")
    text = found.input if which == "input" else found.output
    if text is None:
        return _missing(request, f"State {state} has no {which} yet.")
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return PlainTextResponse(pretty(text), headers=headers)


def listed(request: Request, asked: Asked, limit: int = _PAGE) -> JobList:
    """A page of runs; of a kind that this gatherer has no workflow for, none."""
    jobs = parts_of(request).jobs
    if asked.kind == "training":
        return jobs.jobs(limit, asked.after, asked.status)
    batches = batches_of(request)
    if batches is None:
        return JobList(jobs=[])
    return Jobs(jobs.store, jobs.sfn, batches, jobs.clock).jobs(limit, asked.after, asked.status)


async def _run_page(request: Request, name: str, *, batch: bool) -> Response:
    try:
        seen = await run_in_threadpool(views_of(request).see, name, batch=batch)
    except UnknownJobError as error:
        return _missing(request, f"{error}.")
    return page(request, "run.html", seen=seen, address=f"/live/runs/{'batch/' if batch else ''}{name}")


def _missing(request: Request, detail: str) -> Response:
    return page(request, "error.html", status=404, title="Not found", detail=detail)
