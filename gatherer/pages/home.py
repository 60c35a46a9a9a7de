"""``/``: where a training is started, and the latest runs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from gatherer.api.parts import parts_of
from gatherer.pages.rendering import page
from gatherer.pages.runs import Asked, listed
from snakebatch.engine.settings import PROFILES
from snakebatch.mesh.requests import TrainInput

router = APIRouter(include_in_schema=False)

_LATEST = 6
_ADVANCED = frozenset(
    {"lookahead", "levels_per_wave", "slots", "max_share", "max_usd", "job", "dry_run", "oppose_profile",
     "leaf_grain"}
)  # fmt: skip
_DEFAULTS = {
    **{name: field.default for name, field in TrainInput.model_fields.items() if not field.is_required()},
    "dataset": "s3://bucket/data.csv",
}


@router.get("/")
async def home(request: Request) -> Response:
    """The form, empty."""
    return await show_form(request)


@router.get("/samples/penguins.csv")
def penguins() -> Response:
    """The bundled table, to try the form with."""
    data = resources.files("snakebatch").joinpath("data/penguins.csv").read_bytes()
    return Response(data, media_type="text/csv; charset=utf-8", headers={"Cache-Control": "no-cache"})


async def show_form(
    request: Request,
    *,
    status: int = 200,
    given: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    fault: str = "",
) -> Response:
    """The form with what was given, each error at its field, and a ``fault`` of all of it."""
    given, errors = given or {}, errors or {}
    context: dict[str, Any] = {
        "given": given,
        "errors": errors,
        "fault": fault,
        "defaults": _DEFAULTS,
        "profiles": PROFILES,
        "advanced": bool(_ADVANCED & errors.keys()),
        "latest_of": Asked(),
        "runs": (await run_in_threadpool(listed, request, Asked(), _LATEST)).model_copy(
            update={"next": None}
        ),
        "now": parts_of(request).clock.time(),
    }
    return page(request, "home.html", status=status, **context)
