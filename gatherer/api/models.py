"""Models: fetched, streamed or by a signed link, and uploaded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, StreamingResponse

from gatherer.api.bodies import FORM, JSON, in_document, kind_of_body
from gatherer.api.forms import FILE, pieces_of
from gatherer.api.jobs import ModelId
from gatherer.api.parts import parts_of
from gatherer.api.problems import ProblemError, documented
from gatherer.api.receiving import received
from snakebatch.errors import UnknownJobError
from snakebatch.mesh.job_results import Results
from snakebatch.mesh.part_uploads import Sink
from snakebatch.mesh.prediction_models import check_model

router = APIRouter(tags=["models"])

LINK_SECONDS = 900

Stream = Annotated[bool, Query(description="Stream it through here, however large, without a redirect.")]

_MODEL: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The model.json, as the workflow wrote it",
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    307: {"description": "It is large: `Location` is a signed link to it, good for 15 minutes"},
}


class UploadedModel(BaseModel):
    """A model that was uploaded; the same content has the same id."""

    model_id: str
    model_url: str
    bytes: int


@router.get(
    "/v9/model/{model_id}",
    operation_id="model",
    response_class=Response,
    responses={**_MODEL, **documented(404, 405, 409, 422)},
)
def model(request: Request, model_id: ModelId, stream: Stream = False) -> Response:
    """The model of a job, or an uploaded one. 409 while the job runs, or where it trained none."""
    return _answer(request, model_id, stripped=False, stream=stream)


@router.get(
    "/v9/model/{model_id}/stripped",
    operation_id="stripped_model",
    response_class=Response,
    responses={**_MODEL, **documented(404, 405, 409, 422)},
)
def stripped(request: Request, model_id: ModelId, stream: Stream = False) -> Response:
    """The model without its population: smaller, and enough for predictions."""
    return _answer(request, model_id, stripped=True, stream=stream)


@router.post(
    "/v9/models",
    operation_id="upload_model",
    status_code=201,
    response_model=UploadedModel,
    responses=documented(405, 413, 415, 422),
    openapi_extra=in_document(
        json={"type": "object", "description": "A model.json"},
        form={
            "type": "object",
            "properties": {FILE: {"type": "string", "format": "binary", "description": "A model.json"}},
            "required": [FILE],
            "additionalProperties": False,
        },
    ),
)
async def upload(request: Request) -> UploadedModel:
    """Upload a model.json that was trained elsewhere, to be asked by `POST /v9/predict-sync`."""
    kind = kind_of_body(request, JSON, FORM)
    objects = parts_of(request).jobs.store.objects
    service = parts_of(request).jobs.service
    sink = Sink(objects, service.incoming_model(), "application/json")
    async with received(sink, _file(request) if kind == FORM else request.stream()):
        return await run_in_threadpool(_keep, request, sink)


def _keep(request: Request, sink: Sink) -> UploadedModel:
    service = parts_of(request).jobs.service
    model_id = service.model_id(sink.sha256)
    key = service.model(model_id)
    assert key is not None  # the id is one that we just made
    sink.complete()
    try:
        check_model(service.objects, sink.key)
        service.objects.copy_within(sink.key, key)
    finally:
        service.objects.delete(sink.key)
    return UploadedModel(model_id=model_id, model_url=f"/v9/model/{model_id}", bytes=sink.size)


async def _file(request: Request) -> AsyncIterator[bytes]:
    seen = False
    async for part, data in pieces_of(request):
        if part.name != FILE:
            raise ProblemError(422, "unknown field; send one file alone", field=part.name)
        seen = True
        yield data
    if not seen:
        raise ProblemError(422, "the form has no file", field=FILE)


def _answer(request: Request, model_id: str, *, stripped: bool, stream: bool) -> Response:
    parts = parts_of(request)
    objects = parts.jobs.store.objects
    key = Results(parts.jobs).model(model_id, stripped=stripped)
    found = objects.stamp(key)
    if found is None:
        raise UnknownJobError(f"the model of job {model_id!r} was deleted: train it again")
    etag, size = found
    if size > parts.settings.stream_bytes and not stream:
        return RedirectResponse(objects.link_to(key, LINK_SECONDS), 307, {"Cache-Control": "no-store"})
    headers = {"Content-Length": str(size), "ETag": etag, "Cache-Control": "private, no-cache"}
    return StreamingResponse(objects.stream_of(key, etag), 200, headers, "application/json")
