"""``POST /v9/train``: start a training of rows, of a CSV that comes along, or of one that is in S3."""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field, model_validator
from starlette.concurrency import run_in_threadpool

from gatherer.api.bodies import FORM, JSON, in_document, kind_of_body, parsed, validated
from gatherer.api.forms import FILE, Fields, pieces_of
from gatherer.api.idempotency import Submission, submission
from gatherer.api.parts import caller_of, parts_of
from gatherer.api.problems import ProblemError, documented
from gatherer.api.receiving import pour, pouring
from snakebatch.mesh.part_uploads import Sink
from snakebatch.mesh.requests import DATASET_PATTERN, TrainParameters

router = APIRouter(tags=["training"])

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A name of yours for this request: to send it again starts nothing twice.",
    ),
]


class TrainAsked(TrainParameters):
    """What to train on, `rows` or `dataset`, and the parameters of the workflow."""

    rows: list[dict[str, Any]] | None = None
    dataset: Annotated[str, Field(pattern=DATASET_PATTERN)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.rows is None) == (self.dataset is None):
            raise ValueError("give either rows or dataset, the s3:// URI of a CSV")
        return self


class Started(BaseModel):
    """The job, and where to ask for it."""

    model_id: str
    status_url: str
    model_url: str
    run_url: str


def _form_schema() -> dict[str, Any]:
    schema = TrainParameters.model_json_schema()
    file = {"type": "string", "format": "binary", "description": "A CSV in UTF-8 with a header"}
    return {
        "type": "object",
        "properties": {
            FILE: file,
            **{name: _as_field(told) for name, told in schema["properties"].items()},
        },
        "required": [FILE, "target"],
        "additionalProperties": False,
    }


def _as_field(told: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema as a form's field has it, which can be left out and can't be null."""
    kinds = [kind for kind in told.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == len(told.get("anyOf", [])):
        return told
    return {"title": told["title"], **(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})}


@router.post(
    "/v9/train",
    operation_id="train",
    status_code=202,
    responses=documented(405, 409, 413, 415, 422),
    openapi_extra=in_document(TrainAsked, form=_form_schema()),
)
async def train(request: Request, idempotency_key: IdempotencyKey = None) -> Started:
    """Start a training. The parameters are those of the workflow's input; all but `target` have defaults.

    With an `Idempotency-Key` the same request again is the same job; with other data or parameters it is
    refused (422).
    """
    kind = kind_of_body(request, JSON, FORM)
    parts = parts_of(request)
    job = submission(parts.jobs, caller_of(request), idempotency_key)
    await run_in_threadpool(job.check)
    if kind == JSON:
        model_id = await run_in_threadpool(_start_json, job, await request.body())
    else:
        model_id = await _start_form(request, job)
    return started(model_id)


def started(model_id: str) -> Started:
    """What is answered of a job that was started."""
    return Started(
        model_id=model_id,
        status_url=f"/v9/status/{model_id}",
        model_url=f"/v9/model/{model_id}",
        run_url=f"/runs/{model_id}",
    )


def _start_json(job: Submission, body: bytes) -> str:
    asked = parsed(TrainAsked, body)
    given = asked.model_dump(exclude_unset=True, exclude={"rows", "dataset"})
    if asked.rows is not None:
        return job.start_rows(given, asked.rows)
    assert asked.dataset is not None  # one of both is there
    return job.start_uri(given, asked.dataset)


async def _start_form(request: Request, job: Submission) -> str:
    fields, file_seen = Fields(), False
    sink = Sink(job.objects, job.dataset)
    async with pouring(sink):
        async for part, data in pieces_of(request):
            if part.name != FILE:
                fields.take(part, data)
                continue
            if file_seen and not data:
                raise ProblemError(422, "there are two files; send one", field=FILE)
            file_seen = True
            await pour(sink, data)
        fields.close()
        if not file_seen:
            raise ProblemError(422, "the form has no file", field=FILE)
        asked = validated(TrainParameters, dict(fields), strict=False)
        return await run_in_threadpool(job.start_sink, asked.model_dump(exclude_unset=True), sink)
