"""``GET /v9/health``: whether the gatherer is alive, for load balancers and the machine's own probe."""

from __future__ import annotations

from typing import Literal as OneOf

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from gatherer.api.parts import Parts

router = APIRouter()


class Health(BaseModel):
    """``silent`` (with 503): no receiver has looked at the queue with success for five minutes."""

    status: OneOf["ok", "silent"]
    silent_seconds: float
    version: str
    engine: str


@router.get("/v9/health", responses={503: {"model": Health}})
async def health(request: Request, response: Response) -> Health:
    """Open to everybody: says nothing of any job."""
    parts: Parts = request.app.state.parts
    alive, said = parts.pulse.report()
    response.status_code = 200 if alive else 503
    response.headers["Cache-Control"] = "no-store"
    return Health.model_validate(said)
