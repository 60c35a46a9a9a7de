"""How a page is made. A new page is a module beside this one, with a template and one line in ``__init__``:

    router = APIRouter()

    @router.get("/grid/v9", include_in_schema=False)
    async def grid(request: Request) -> Response:
        return page(request, "grid.html", shards=...)

The template extends ``base.html`` (blocks ``title``, ``head``, ``content``) and imports the macros of
``parts.html``. What changes while one looks is in ``live``. A page may load from this server only, and may
hold neither inline scripts nor ``style`` attributes: its security policy forbids both. Files of ``static/``
are linked as ``/static/name``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gatherer.pages import wording
from snakebatch.version import VERSION

_HERE = Path(__file__).parent

NAVIGATION = (
    ("Home", "/"),
    ("Runs", "/runs"),
    ("Grid", "/grid/v9"),
    ("Concurrency", "/concurrency"),
    ("Economics", "/economics"),
    ("Architecture", "/architecture"),
    ("Math", "/math"),
    ("Paper", "/paper"),
)

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "duration": wording.duration,
        "number": wording.number,
        "usd": wording.usd,
        "percent": wording.percent,
        "size": wording.size,
        "moment": wording.moment,
        "iso": wording.iso,
        "pretty": wording.pretty,
    }
    found.globals |= {"navigation": NAVIGATION, "version": VERSION}
    return found


_TEMPLATES = _environment()


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A whole page. ``context`` is what the template reads; a name it lacks is an error, not a blank."""
    text = _TEMPLATES.get_template(template).render(request=request, path=request.url.path, **context)
    return HTMLResponse(text, status_code=status, headers=HEADERS)


def fragment(template: str, **context: Any) -> Markup:
    """A piece of a page, as ``live`` sends it: what the page itself includes, rendered alone."""
    return Markup(_TEMPLATES.get_template(template).render(**context))


class Static(StaticFiles):
    """Style sheets and scripts: kept by browsers, asked for again by their tag: none is ever old."""

    def __init__(self) -> None:
        super().__init__(directory=_HERE / "static")

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def login_page(problem: str | None, goal: str) -> str:
    """The page that asks for a key, with the ``problem`` of the last one; then it goes to ``goal``."""
    return _TEMPLATES.get_template("login.html").render(path="/login", error=problem, next=goal)


def error_page(title: str, detail: str) -> str:
    """The page of a problem, as people are told it."""
    return _TEMPLATES.get_template("error.html").render(path="", title=title, detail=detail)
