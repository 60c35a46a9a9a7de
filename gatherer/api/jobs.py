"""Jobs: how far one is, which there are, what one cost, and how to be rid of one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel

from gatherer.api.parts import parts_of
from gatherer.api.problems import documented
from gatherer.api.status_cache import StatusCache
from snakebatch.graph.record import record_of
from snakebatch.mesh.deleting import Deleting
from snakebatch.mesh.job_results import Results
from snakebatch.mesh.job_status import JobStatus, Status
from snakebatch.mesh.jobs import JobList

router = APIRouter(tags=["jobs"])

ModelId = Annotated[str, Path(description="What `POST /v9/train` answered: the execution's name.")]

MOST_LISTED = 100


class Deleted(BaseModel):
    """The job is unknown from now on; what its last invocations still write is swept."""

    model_id: str


@router.get(
    "/v9/status/{model_id}", operation_id="status", response_model=JobStatus, responses=documented(404, 405)
)
async def status(request: Request, model_id: ModelId) -> Response:
    """How far a job is. Cheap: all who ask for one job within a second share one look."""
    cache: StatusCache = request.app.state.statuses
    body, age = await cache.status(model_id)
    headers = {"Cache-Control": "no-store", "Age": str(int(age))}
    return Response(body, media_type="application/json", headers=headers)


@router.get("/v9/jobs", operation_id="jobs", responses=documented(405, 422))
def jobs(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
    after: Annotated[
        str | None,
        Query(min_length=1, max_length=1024, description="`next` of the page before this one."),
    ] = None,
    status: Annotated[Status | None, Query(description="Only jobs in this status.")] = None,
) -> JobList:
    """The latest jobs, newest first. A page may have fewer than `limit`; the last one has no `next`."""
    return parts_of(request).jobs.jobs(limit, after, status)


@router.delete(
    "/v9/jobs/{model_id}", operation_id="delete_job", status_code=202, responses=documented(404, 405)
)
def delete(request: Request, model_id: ModelId) -> Deleted:
    """Stop a job if it runs, and delete all it has: data sent with it, models, receipt."""
    Deleting(parts_of(request).jobs).delete(model_id)
    cache: StatusCache = request.app.state.statuses
    cache.forget(model_id)
    return Deleted(model_id=model_id)


@router.get("/v9/jobs/{model_id}/receipt", operation_id="receipt", responses=documented(404, 405, 409))
def receipt(request: Request, model_id: ModelId) -> dict[str, Any]:
    """What a job took and cost, beside its plan. Written as the job ends: 409 before."""
    return Results(parts_of(request).jobs).receipt(model_id)


@router.get("/v9/jobs/{model_id}/trace", operation_id="trace", responses=documented(404, 405))
def trace(request: Request, model_id: ModelId) -> dict[str, Any]:
    """What the workflow did, state by state, with its definition: what `snakebatch graph --run` draws.

    Each state that was reached has its outcome, seconds, visits, retries, error, and the counts of its Maps.
    """
    jobs = parts_of(request).jobs
    return record_of(jobs.sfn, jobs.known_arn(model_id))
