"""``POST /start``: the home page's form as a browser without scripts sends it. Ends at the run's page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from gatherer.api.bodies import FORM, kind_of_body, validated
from gatherer.api.forms import FILE, Fields, pieces_of
from gatherer.api.idempotency import Submission, submission
from gatherer.api.parts import caller_of, parts_of
from gatherer.api.problems import FieldError, ProblemError, field_errors
from gatherer.api.receiving import pour, pouring
from gatherer.pages.home import show_form
from snakebatch.errors import InputError
from snakebatch.mesh.part_uploads import Sink
from snakebatch.mesh.requests import TrainParameters

router = APIRouter(include_in_schema=False)

_NAMED = re.compile(r"(?:[A-Z]\w*: )?([a-z][\w.]*): (.*)", re.DOTALL)
"""How our errors name a parameter."""


@router.post("/start")
async def start(request: Request) -> Response:
    """Start a training; what is wrong with the form is said in it."""
    fields = Fields()
    job = submission(parts_of(request).jobs, caller_of(request), None)
    try:
        model_id = await _start(request, job, fields)
    except RequestValidationError as error:
        return await _again(request, fields, field_errors(error.errors()), 422)
    except ProblemError as error:
        return await _again(request, fields, error.errors or [], error.status_code, error.detail)
    except InputError as error:
        named = _NAMED.fullmatch(str(error))
        errors = [FieldError(field=named[1], detail=named[2])] if named else []
        return await _again(request, fields, errors, 422, str(error))
    return RedirectResponse(f"/runs/{model_id}", 303, {"Cache-Control": "no-store"})


async def _start(request: Request, job: Submission, fields: Fields) -> str:
    kind_of_body(request, FORM)
    sink = Sink(job.objects, job.dataset)
    async with pouring(sink):
        async for part, data in pieces_of(request):
            if part.name == FILE:
                await pour(sink, data)
            else:
                fields.take(part, data)
        fields.close()
        # A form sends its empty fields too.
        given = {name: text.strip() for name, text in fields.items() if text.strip()}
        dataset = given.pop("dataset", None)
        if bool(sink.size) == (dataset is not None):
            which = "choose a file or an address, not both" if dataset else "choose a file that has rows"
            raise ProblemError(422, which, field=FILE)
        asked = validated(TrainParameters, given, strict=False).model_dump(exclude_unset=True)
        if dataset is None:
            return await run_in_threadpool(job.start_sink, asked, sink)
        await run_in_threadpool(sink.abort)
        return await run_in_threadpool(job.start_uri, asked, dataset)


async def _again(
    request: Request, fields: Fields, errors: Sequence[FieldError], status: int, fault: str = ""
) -> Response:
    named = {error.field.partition(".")[0]: error.detail for error in errors}
    return await show_form(request, status=status, given=fields, errors=named, fault="" if named else fault)
