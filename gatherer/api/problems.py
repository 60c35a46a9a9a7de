"""Errors as ``application/problem+json`` (RFC 9457): what is wrong, in which field, and what to do next."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, Response

from gatherer.api.routes import methods_of
from snakebatch.errors import (
    InputError,
    MeshError,
    ModelError,
    NotReadyError,
    PlanError,
    SnakeBatchError,
    StrippedModelError,
    UnknownJobError,
)

MEDIA_TYPE = "application/problem+json"

API = ("/v9/", "/live/")
"""Paths of programs, which are told problems and of a missing key; people get pages and the login."""

Handler = Callable[[Request, Exception], Awaitable[Response]]
ErrorPage = Callable[[str, str], str]
"""Makes the page of a problem from its title and what it says: ``app.state.error_page``."""

_STATUS: dict[type[SnakeBatchError], int] = {
    UnknownJobError: 404,
    NotReadyError: 409,
    StrippedModelError: 409,
    InputError: 422,
    ModelError: 422,
    PlanError: 422,
    MeshError: 503,
}
_LATER = {"Retry-After": "2"}
_FIELD = re.compile(r"(?:[A-Z]\w*: )?([A-Za-z][\w.-]*): (.*)", re.DOTALL)
"""How our errors name a parameter: ``TrainInput: n_layers: ...`` or ``rows: ...``."""


class FieldError(BaseModel):
    """One thing that is wrong: the field's name, a dot before each part of a nested one, and why."""

    field: str
    detail: str


class Problem(BaseModel):
    """What went wrong; ``type`` is for programs, ``detail`` says to people what to do."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None


class ProblemError(HTTPException):
    """Raised anywhere in a route; answered as the problem that it is."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers) if headers else None)
        self.errors = [FieldError(field=field, detail=detail)] if field else None


_RENAMED = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}


def phrase(status: int) -> str:
    """The name of a status in RFC 9110: Python has some by their older names, up to 3.12."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase


def problem(
    status: int,
    detail: str,
    *,
    errors: Sequence[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that tells a problem."""
    title = phrase(status)
    said = Problem(
        type=f"urn:snakebatch:problem:{title.lower().replace(' ', '-')}",
        title=title,
        status=status,
        detail=detail,
        errors=list(errors) if errors else None,
    )
    # In ASCII: a detail may quote half a surrogate pair, which has no UTF-8.
    text = json.dumps(said.model_dump(exclude_none=True))
    return Response(text, status, {"Cache-Control": "no-store", **(headers or {})}, media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that may answer with these problems, beside those of every route."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": phrase(status), "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in (401, 403, 429, 503, *statuses)
    }


def add_problems(app: FastAPI) -> None:
    """Let every error of the application be told as a problem."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, _told(handler))


def field_errors(errors: Sequence[Any]) -> list[FieldError]:
    """Pydantic's errors, each by the field's own name."""
    return [
        FieldError(field=_name(error["loc"]), detail=error["msg"].removeprefix("Value error, "))
        for error in errors
    ]


def _name(place: Sequence[int | str]) -> str:
    parts = [str(part) for part in place]
    if parts and parts[0] in ("body", "query", "path", "header"):
        parts = parts[1:] or parts
    return ".".join(parts) or "body"


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return invalid(field_errors(error.errors()))


def invalid(errors: Sequence[FieldError]) -> Response:
    """The answer to a request whose fields are wrong."""
    first = f"{errors[0].field}: {errors[0].detail}"
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    return problem(422, f"{first}{more}", errors=errors)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    detail = str(error.detail)
    if error.status_code == 404 and not isinstance(error, ProblemError):
        detail = "there is nothing at this path; /v9/openapi.json has those that there are"
    if error.status_code == 405:
        methods = methods_of(request.app, request.scope)
        headers["Allow"] = ", ".join(methods)
        detail = f"{request.method} is not known here; use {' or '.join(methods)}"
    return problem(error.status_code, detail, errors=getattr(error, "errors", None), headers=headers)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, SnakeBatchError)
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    text = str(error)
    named = _FIELD.fullmatch(text) if status == 422 else None
    errors = [FieldError(field=named[1], detail=named[2])] if named else None
    return problem(status, text, errors=errors, headers=_LATER if status == 503 else None)


async def _aws(request: Request, error: Exception) -> Response:
    request.app.state.logger.warning("AWS did not answer well", extra={"error": str(error)})
    return problem(503, "AWS did not answer as it should: try again in a moment", headers=_LATER)


async def _gone(request: Request, error: Exception) -> Response:
    return problem(400, "the request ended before its body")  # nobody reads it


async def _too_deep(request: Request, error: Exception) -> Response:
    return problem(422, "the body is nested too deep: send flat rows")


async def _fault(request: Request, error: Exception) -> Response:
    # Starlette raises it again after this answer, so that the server's log has it whole.
    return problem(500, "the gatherer has a fault: its log says which")


_HANDLERS: dict[type[Exception], Handler] = {
    RequestValidationError: _invalid,
    HTTPException: _refused,
    SnakeBatchError: _ours,
    ClientError: _aws,
    BotoCoreError: _aws,
    ClientDisconnect: _gone,
    RecursionError: _too_deep,
    Exception: _fault,
}


def _told(handler: Handler) -> Handler:
    """The handler's problem: as a page to who looks at pages, else as it is."""

    async def answer(request: Request, error: Exception) -> Response:
        said = await handler(request, error)
        make: ErrorPage | None = getattr(request.app.state, "error_page", None)
        if make is None or request.url.path.startswith(API):
            return said
        if "text/html" not in request.headers.get("accept", ""):
            return said
        told = Problem.model_validate_json(bytes(said.body))
        headers = {name: said.headers[name] for name in ("allow", "retry-after") if name in said.headers}
        return HTMLResponse(
            make(told.title, told.detail), said.status_code, {**request.app.state.page_headers, **headers}
        )

    return answer
