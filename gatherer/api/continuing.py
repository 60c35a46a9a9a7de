"""``POST /v9/jobs/{model_id}/resume`` and ``/partial``: go on with a job, or take what there is of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from gatherer.api.bodies import in_document, json_body
from gatherer.api.jobs import ModelId
from gatherer.api.parts import parts_of
from gatherer.api.problems import documented
from gatherer.api.train import Started, started
from snakebatch.engine.settings import MAX_LAYERS
from snakebatch.mesh.continuing import Continuing
from snakebatch.mesh.records import PartialModel
from snakebatch.mesh.requests import MOST_SLOTS

router = APIRouter(tags=["jobs"])


class ResumeAsked(BaseModel):
    """What may differ from the run before; what is not named stays as it was."""

    model_config = ConfigDict(extra="forbid", strict=True)

    n_layers: Annotated[int, Field(ge=1, le=MAX_LAYERS)] | None = None
    slots: Annotated[int, Field(ge=0, le=MOST_SLOTS)] | None = None
    max_usd: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] | None = None
    partial: bool | None = None


@router.post(
    "/v9/jobs/{model_id}/resume",
    operation_id="resume",
    status_code=202,
    responses=documented(404, 405, 409, 413, 415, 422),
    openapi_extra=in_document(ResumeAsked),
)
def resume(
    request: Request, model_id: ModelId, asked: Annotated[ResumeAsked, Depends(json_body(ResumeAsked))]
) -> Started:
    """Start an ended job again: only what is missing runs, with more layers only these. 409 while it runs.

    The new run has an id of its own.
    """
    changes = asked.model_dump(exclude_none=True)
    return started(Continuing(parts_of(request).jobs).resume(model_id, changes))


@router.post("/v9/jobs/{model_id}/partial", operation_id="partial", responses=documented(404, 405, 409))
def partial(request: Request, model_id: ModelId) -> PartialModel:
    """Make a model of the leaves that have arrived; `GET /v9/model/{model_id}` then has it, where the job
    made no whole one. 409 where there are none.
    """
    return Continuing(parts_of(request).jobs).partial(model_id)
