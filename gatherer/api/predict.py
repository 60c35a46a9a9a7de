"""``POST /v9/predict-sync``: ask a model about a batch, and wait for the answers."""

from __future__ import annotations

import json
import threading
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gatherer.api.bodies import in_document, json_body
from gatherer.api.parts import Parts, parts_of
from gatherer.api.problems import ProblemError, documented
from snakebatch.errors import UnknownJobError
from snakebatch.mesh.job_results import Results
from snakebatch.mesh.predicting import predict_sync
from snakebatch.mesh.prediction_messages import Mode

router = APIRouter(tags=["predictions"])


class PredictAsked(BaseModel):
    """Rows to ask about, as objects with the model's columns, and the model: by its id, or by its URI."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model_id: str | None = None
    model: Annotated[str, Field(pattern=r"^s3://[^/]+/.+$")] | None = None
    mode: Mode = "prediction"
    rows: list[dict[str, Any]]

    @model_validator(mode="after")
    def _one_model(self) -> Self:
        if (self.model_id is None) == (self.model is None):
            raise ValueError("give either model_id or model")
        return self


class Answers(BaseModel):
    """One answer a row, in the order of the rows: the JSON of what `Snake.get_{mode}` gives."""

    model_id: str | None
    mode: str
    answers: list[Any]


@router.post(
    "/v9/predict-sync",
    operation_id="predict_sync",
    response_model=Answers,
    responses=documented(404, 405, 409, 413, 415, 422),
    openapi_extra=in_document(PredictAsked),
)
def predict(request: Request, asked: Annotated[PredictAsked, Depends(json_body(PredictAsked))]) -> Response:
    """Ask a model through the mesh. 409: the model is not there yet, or lacks what the mode needs."""
    parts = parts_of(request)
    key = _model_key(parts, asked)
    places: threading.BoundedSemaphore = request.app.state.predictions
    if not places.acquire(blocking=False):
        raise ProblemError(503, "too many predictions at once: try again", headers={"Retry-After": "1"})
    try:
        answers = predict_sync(parts.predict, key, asked.rows, asked.mode)
    finally:
        places.release()
    said = {"model_id": asked.model_id, "mode": asked.mode, "answers": answers}
    # Written here: a hundred thousand answers need no second look by a model of theirs.
    return Response(json.dumps(said, separators=(",", ":")), media_type="application/json")


def _model_key(parts: Parts, asked: PredictAsked) -> str:
    store = parts.predict.store
    if asked.model_id is not None:
        return Results(parts.jobs).model(asked.model_id)
    assert asked.model is not None  # one of both is there
    parts.jobs.places.check_model(asked.model)
    key = store.model_key(asked.model)
    if store.objects.stamp(key) is None:
        raise UnknownJobError(f"there is no model at {asked.model!r}: give the URI of a model.json")
    return key
