"""Bodies of JSON, read by hand where a route takes other kinds too."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from gatherer.api.problems import ProblemError

JSON, FORM, RAW = "application/json", "multipart/form-data", "application/octet-stream"

BODY_MODELS: dict[str, type[BaseModel]] = {}
"""What ``in_document`` was told of: their schemas go into the document."""

M = TypeVar("M", bound=BaseModel)


def kind_of_body(request: Request, *allowed: str) -> str:
    """Which of the allowed content types the body has; raises ProblemError (415) where none."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in allowed:
        raise ProblemError(415, f"the body is of type {given or 'unknown'!r}; send {' or '.join(allowed)}")
    return given


def parsed(model: type[M], body: bytes) -> M:
    """The body as a ``model``; raises what FastAPI raises of its own bodies."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProblemError(422, f"the body is not JSON: {error}", field="body") from error
    if isinstance(value, dict):
        value = {name: _whole(given) for name, given in value.items()}
    return validated(model, value, strict=True)


def _whole(value: Any) -> Any:
    """5.0 as 5: to JSON they are one number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def validated(model: type[M], value: Any, *, strict: bool) -> M:
    """A value as a ``model``; ``strict`` takes no text for a number, which a form's fields need."""
    try:
        return model.model_validate(value, strict=strict)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError(found) from error


async def read_json(request: Request, model: type[M]) -> M:
    """The body as a ``model``."""
    kind_of_body(request, JSON)
    # Elsewhere than in the event loop: megabytes take a while, and others wait for their status.
    return await run_in_threadpool(parsed, model, await request.body())


def json_body(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """The dependency of a route whose body is a ``model``; ``in_document`` tells of it."""

    async def read(request: Request) -> M:
        return await read_json(request, model)

    return read


def in_document(model: type[BaseModel] | None = None, **kinds: dict[str, Any]) -> dict[str, Any]:
    """How the OpenAPI document tells of a body that is read by hand: the schemas of its content types.

    ``model`` is of JSON; ``form`` and ``raw`` are schemas.
    """
    content: dict[str, Any] = {}
    if model is not None:
        BODY_MODELS[model.__name__] = model
        content[JSON] = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    for kind, schema in kinds.items():
        content[{"json": JSON, "form": FORM, "raw": RAW}[kind]] = {"schema": schema}
    return {"requestBody": {"required": True, "content": content}}
