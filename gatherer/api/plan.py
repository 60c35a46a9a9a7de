"""``POST /v9/plan``: what a training would take, and whether its limits allow it. Costs nothing."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from typing import Literal as OneOf

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from gatherer.api.bodies import in_document, json_body
from gatherer.api.parts import parts_of
from gatherer.api.problems import documented
from snakebatch.engine.settings import MAX_LAYERS
from snakebatch.mesh.packing import leaf_weight
from snakebatch.mesh.requests import MOST_SLOTS
from snakebatch.planner import Plan, make_plan, slots_in_time

router = APIRouter(tags=["plan"])

MOST_ROWS = 10**10


class PlanAsked(BaseModel):
    """A training that is not there yet. `columns` beside the target, 20 unless it is given."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rows: Annotated[int, Field(ge=1, le=MOST_ROWS)]
    n_layers: Annotated[int, Field(ge=1, le=MAX_LAYERS)] = 5
    tau: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 1000
    columns: Annotated[int, Field(ge=1, le=MOST_ROWS)] | None = None
    classes: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 2
    slots: OneOf["auto"] | Annotated[int, Field(ge=0, le=MOST_SLOTS)] = "auto"
    max_usd: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] = 5


@router.post(
    "/v9/plan",
    operation_id="plan",
    responses=documented(405, 413, 415, 422),
    openapi_extra=in_document(PlanAsked),
)
def plan(request: Request, asked: Annotated[PlanAsked, Depends(json_body(PlanAsked))]) -> Plan:
    """The plan that a training of so many rows would start with."""
    parts = parts_of(request)
    return planned(asked, memory_gb=parts.memory_gb, rate=parts.rate)


def planned(asked: PlanAsked, *, memory_gb: float, rate: float) -> Plan:
    """The plan, with functions of so many GB and so many starts a second."""
    make = partial(
        make_plan,
        rows=asked.rows,
        n_layers=asked.n_layers,
        tau=asked.tau,
        columns=asked.columns or 20,
        weight=leaf_weight(asked.classes),
        max_usd=asked.max_usd,
        memory_gb=memory_gb,
        rate=rate,
    )
    if asked.slots != "auto":
        return make(slots=asked.slots)
    # As staging does it: slots only where there is no time without.
    without = make()
    return without if without.feasible else make(slots=min(MOST_SLOTS, slots_in_time(without)))
