"""``GET /v9/health``: whether the gatherer is alive, for load balancers and the machine's own probe."""

from __future__ import annotations

from typing import Literal as OneOf

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from gatherer.api.parts import parts_of

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """``silent`` (with 503): no receiver has looked at the queue with success for five minutes."""

    status: OneOf["ok", "silent"]
    silent_seconds: float
    version: str
    engine: str


@router.get(
    "/v9/health",
    operation_id="health",
    responses={503: {"model": Health, "description": "No look at the queue succeeded for five minutes"}},
    openapi_extra={"security": []},
)
async def health(request: Request, response: Response) -> Health:
    """Open to everybody: says nothing of any job."""
    alive, said = parts_of(request).pulse.report()
    response.status_code = 200 if alive else 503
    response.headers["Cache-Control"] = "no-store"
    return Health.model_validate(said)
