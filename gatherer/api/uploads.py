"""Data sets on their way into the bucket: in one go, or in parts that outlive a connection and a gatherer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatherer.api.bodies import FORM, RAW, in_document, json_body, kind_of_body
from gatherer.api.forms import FILE, FormPart, pieces_of
from gatherer.api.parts import Parts, parts_of
from gatherer.api.problems import ProblemError, documented
from gatherer.api.receiving import pour, pouring
from gatherer.api.settings import MiB
from snakebatch.mesh.part_uploads import MOST_PARTS, PartUploads, Sink
from snakebatch.mesh.service_store import UploadRecord, new_upload_id

router = APIRouter(tags=["uploads"])

PART_BYTES = 16 * MiB
"""What we ask clients to send at a time; S3 wants 5 MiB or more of every part but the last."""

UploadId = Annotated[str, Path(description="What `POST /v9/uploads` answered.")]


class Uploaded(BaseModel):
    """Where the data are: what `POST /v9/train` takes as its `dataset`."""

    dataset: str
    bytes: int


class UploadAsked(BaseModel):
    """A file that will come in parts. A name that ends in `.gz` says that it is packed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=255)] = "data.csv"


class UploadBegun(BaseModel):
    """Send parts of so many bytes, numbered from 1; the last may be smaller."""

    upload_id: str
    part_bytes: int


class PartKept(BaseModel):
    """A part that is durable."""

    number: int
    bytes: int


class UploadProgress(BaseModel):
    """The parts that are durable, in order: what is missing is to be sent."""

    upload_id: str
    part_bytes: int
    parts: list[PartKept]


@router.post(
    "/v9/upload",
    operation_id="upload",
    status_code=201,
    responses=documented(405, 413, 415, 422),
    openapi_extra=in_document(
        form={
            "type": "object",
            "properties": {FILE: {"type": "string", "format": "binary", "description": "A CSV, or its .gz"}},
            "required": [FILE],
            "additionalProperties": False,
        }
    ),
)
async def upload(request: Request) -> Uploaded:
    """Upload a data set in one request. It is streamed: size it by the limit, not by memory."""
    kind_of_body(request, FORM)
    parts = parts_of(request)
    pieces = pieces_of(request)
    async for part, _ in pieces:
        sink = Sink(parts.jobs.store.objects, parts.jobs.service.upload_key(_named(part)))
        async with pouring(sink):
            await _drain(pieces, sink)
            await run_in_threadpool(sink.complete)
        return Uploaded(dataset=sink.objects.uri(sink.key), bytes=sink.size)
    raise ProblemError(422, "the form has no file", field=FILE)


async def _drain(pieces: AsyncIterator[tuple[FormPart, bytes]], sink: Sink) -> None:
    began = False
    async for part, data in pieces:
        if not data and (began or part.name != FILE):
            raise ProblemError(422, "send one file, and nothing else", field=part.name)
        began = True
        await pour(sink, data)


def _named(part: FormPart) -> str:
    if part.name != FILE:
        raise ProblemError(422, "unknown field; send one file alone", field=part.name or "body")
    return part.filename or "data.csv"


@router.post(
    "/v9/uploads",
    operation_id="begin_upload",
    status_code=201,
    responses=documented(405, 413, 415, 422),
    openapi_extra=in_document(UploadAsked),
)
def begin(request: Request, asked: Annotated[UploadAsked, Depends(json_body(UploadAsked))]) -> UploadBegun:
    """Begin an upload that can be resumed. Unfinished ones are forgotten after a day."""
    parts = parts_of(request)
    service = parts.jobs.service
    key, upload_id = service.upload_key(asked.name), new_upload_id()
    record = UploadRecord(key=key, upload=PartUploads(service.objects).begin(key))
    service.put_upload(upload_id, record)
    return UploadBegun(upload_id=upload_id, part_bytes=_part_bytes(parts))


@router.put(
    "/v9/uploads/{upload_id}/parts/{number}",
    operation_id="put_part",
    responses=documented(404, 405, 413, 415, 422),
    openapi_extra=in_document(raw={"type": "string", "format": "binary"}),
)
async def put_part(
    request: Request, upload_id: UploadId, number: Annotated[int, Path(ge=1, le=MOST_PARTS)]
) -> PartKept:
    """Send a part; one of a number that is there already takes its place. Durable once this answers."""
    kind_of_body(request, RAW)
    data = await request.body()
    if not data:
        raise ProblemError(422, "the part is empty", field="body")
    return await run_in_threadpool(_put, parts_of(request), upload_id, number, data)


def _put(parts: Parts, upload_id: str, number: int, data: bytes) -> PartKept:
    record = _record(parts, upload_id)
    objects = parts.jobs.service.objects
    # Asked first: moto knows no part that comes too late.
    over = objects.stamp(record.key) is not None
    kept = None if over else PartUploads(objects).put(record.key, record.upload, number, data)
    if kept is None:
        raise _over(upload_id)
    return PartKept(number=kept.number, bytes=kept.bytes)


@router.get("/v9/uploads/{upload_id}", operation_id="upload_progress", responses=documented(404, 405))
def progress(request: Request, upload_id: UploadId) -> UploadProgress:
    """Which parts are durable: where to go on after an interruption."""
    parts = parts_of(request)
    record = _record(parts, upload_id)
    found = PartUploads(parts.jobs.service.objects).parts(record.key, record.upload)
    if found is None:
        raise _over(upload_id)
    kept = [PartKept(number=part.number, bytes=part.bytes) for part in found]
    return UploadProgress(upload_id=upload_id, part_bytes=_part_bytes(parts), parts=kept)


@router.post(
    "/v9/uploads/{upload_id}/complete", operation_id="complete_upload", responses=documented(404, 405, 422)
)
def complete(request: Request, upload_id: UploadId) -> Uploaded:
    """Put the parts together. To ask again, because the answer was lost, gives the same answer."""
    parts = parts_of(request)
    record = _record(parts, upload_id)
    objects = parts.jobs.service.objects
    uploads = PartUploads(objects)
    found = uploads.parts(record.key, record.upload)
    if found is not None:
        uploads.complete(record.key, record.upload, found)
    stamp = objects.stamp(record.key)
    if stamp is None:
        raise _over(upload_id)
    return Uploaded(dataset=objects.uri(record.key), bytes=stamp[1])


@router.delete(
    "/v9/uploads/{upload_id}", operation_id="delete_upload", status_code=204, responses=documented(404, 405)
)
def delete(request: Request, upload_id: UploadId) -> Response:
    """Give an upload up, or delete what it uploaded."""
    parts = parts_of(request)
    record = _record(parts, upload_id)
    objects = parts.jobs.service.objects
    PartUploads(objects).abort(record.key, record.upload)
    objects.delete(record.key)
    parts.jobs.service.forget_upload(upload_id)
    return Response(status_code=204)


def _part_bytes(parts: Parts) -> int:
    return min(PART_BYTES, parts.settings.part_bytes)


def _record(parts: Parts, upload_id: str) -> UploadRecord:
    record = parts.jobs.service.find_upload(upload_id)
    if record is None:
        raise ProblemError(404, f"there is no upload {upload_id!r}: begin one")
    return record


def _over(upload_id: str) -> ProblemError:
    return ProblemError(404, f"upload {upload_id!r} is over, or was forgotten: begin another one")
