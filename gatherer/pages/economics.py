"""``/economics``: the planner, and the receipt of each run: plan against actual."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatherer.api.parts import parts_of
from gatherer.pages.mesh_state import mesh_state
from gatherer.pages.plan_form import FIELDS, Asked, Estimate, estimate, read_form
from gatherer.pages.rendering import HEADERS, fragment, page
from snakebatch.planner.prices import prices

router = APIRouter()

_RECEIPTS = 50


@router.get("/economics", include_in_schema=False)
async def economics(request: Request) -> Response:
    """The page; the form's fields are the address's parameters, and ``receipt`` names the run whose receipt
    is shown whole (the latest one else).
    """
    asked = read_form(request.query_params)
    receipts = await run_in_threadpool(mesh_state(request).receipts.latest, _RECEIPTS)
    whole = [one for one in receipts if one.by_kind]
    chosen = [one for one in whole if one.model_id == request.query_params.get("receipt")]
    return page(
        request,
        "economics.html",
        fields=FIELDS,
        asked=asked,
        found=await _estimate(request, asked),
        ceiling=parts_of(request).rate,
        receipts=receipts,
        receipt=next(iter(chosen or whole), None),
        price=prices(),
    )


@router.get("/economics/plan", include_in_schema=False)
async def economics_plan(request: Request) -> Response:
    """The plans alone, as the page shows them while its sliders move."""
    asked = read_form(request.query_params)
    found = await _estimate(request, asked)
    text = fragment("economics_plan.html", asked=asked, found=found, ceiling=parts_of(request).rate)
    return HTMLResponse(text, headers=HEADERS)


async def _estimate(request: Request, asked: Asked) -> Estimate:
    parts = parts_of(request)
    return await run_in_threadpool(estimate, asked, memory_gb=parts.memory_gb, rate=parts.rate)
