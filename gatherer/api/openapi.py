"""The OpenAPI document of the HTTP API; ``python -m gatherer.api.openapi`` writes docs/openapi.json."""

from __future__ import annotations

import json
import sys
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gatherer.api.bodies import BODY_MODELS
from gatherer.api.gate import COOKIE
from gatherer.api.problems import Problem
from snakebatch.version import VERSION

PATH = "/v9/openapi.json"

_ABOUT = """Train the Snake classifier as a workflow over 100 Lambda functions, and ask its models.

Every path but `/v9/health` wants a key: `Authorization: Bearer KEY`. Errors are `application/problem+json`
and name the field. See docs/http-api.md.
"""

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key of `snakebatch keys add`"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A browser's session, from `/login`; changes want our own pages as their origin",
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """The document of the application's /v9 routes; pages are no API."""
    found = get_openapi(title="SnakeBatch", version=VERSION, description=_ABOUT, routes=app.routes)
    found["paths"] = {path: told for path, told in found["paths"].items() if path.startswith("/v9/")}
    models: list[type[BaseModel]] = [*BODY_MODELS.values(), Problem]
    _, schemas = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    components = found.setdefault("components", {})
    components["schemas"] = dict(sorted({**components.get("schemas", {}), **schemas["$defs"]}.items()))
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["securitySchemes"] = _SCHEMES
    found["security"] = [{"bearer": []}, {"session": []}]
    return found


def add_document(app: FastAPI) -> None:
    """Make it the application's own document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to replace it


def main() -> None:
    """Print the document."""
    from gatherer.api.app import create_app
    from gatherer.api.parts import Parts

    nothing: Any = _Nothing()
    parts = Parts(jobs=nothing, predict=nothing, pulse=nothing, clock=nothing, clients=nothing)
    text = json.dumps(create_app(parts).openapi(), indent=2, ensure_ascii=False)
    sys.stdout.write(f"{text}\n")


class _Nothing:
    """Parts that are never used: the document comes from the routes alone."""

    def __getattr__(self, name: str) -> Any:
        return self


if __name__ == "__main__":
    main()
