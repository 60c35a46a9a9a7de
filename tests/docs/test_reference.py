"""The reference: every public name is in it and says what it is; the command line's page is the parser's."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from snakebatch import errors
from snakebatch.mesh.job_status import JobStatus, Status
from tests.support.handlers import ROOT
from tests.support.site import Site, built_site
from tools import cli_page

MODULES = (
    "snakebatch",
    "snakebatch.client",
    "snakebatch.client.pictures",
    "snakebatch.client.sklearn",
    "snakebatch.local",
    "snakebatch.planner",
)
MORE = (
    "snakebatch.engine.literals.holds",
    "snakebatch.mesh.predicting.predict_sync",
    "snakebatch.mesh.predicting.PredictClient",
    "snakebatch.mesh.sync_client.sync_client",
)
ELSEWHERE = ("sklearn.", "builtins", "abc", "pydantic.")
"""Modules whose members a class of ours inherits, and which document them."""


def public() -> Iterator[tuple[str, Any]]:
    """Every public name, and what it is: modules' names, and the methods and properties of classes."""
    for module in MODULES:
        for name in importlib.import_module(module).__all__:
            if not name.startswith("__"):
                yield from _with_members(f"{module}.{name}", getattr(importlib.import_module(module), name))
    for dotted in MORE:
        module, _, name = dotted.rpartition(".")
        yield dotted, getattr(importlib.import_module(module), name)
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and kind.__module__ == errors.__name__:
            yield f"snakebatch.errors.{name}", kind


def _with_members(dotted: str, what: Any) -> Iterator[tuple[str, Any]]:
    yield dotted, what
    for name in dir(what) if isinstance(what, type) else ():
        home = next((kind for kind in what.__mro__ if name in vars(kind)), object)
        member = vars(home).get(name)
        asked = callable(member) or isinstance(member, (property, classmethod)) or hasattr(member, "func")
        if not name.startswith("_") and asked and not home.__module__.startswith(ELSEWHERE):
            if getattr(inspect.unwrap(getattr(what, name)), "__module__", "").startswith(ELSEWHERE):
                continue
            yield f"{dotted}.{name}", getattr(what, name)


PUBLIC = dict(public())


def test_there_are_names() -> None:
    assert len(PUBLIC) > 100
    for name in ("Snake.get_audit", "client.MeshSnake.wait", "local.StepFunctions.list_map_runs"):
        assert f"snakebatch.{name}" in PUBLIC


def test_every_public_name_says_what_it_is() -> None:
    said = {name: inspect.getdoc(what) for name, what in PUBLIC.items() if not isinstance(what, float)}
    assert [name for name, text in said.items() if len((text or "").split()) < 4] == []


def test_every_public_name_is_in_the_reference(tmp_path_factory: pytest.TempPathFactory) -> None:
    site: Site = built_site(tmp_path_factory)
    assert sorted(PUBLIC.keys() - site.names.keys()) == []


def test_every_field_of_a_status_is_told() -> None:
    page = (ROOT / "docs/reference/mesh-snake.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", page, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == JobStatus.model_fields.keys()
    for status in get_args(Status):
        assert f"`{status}`" in page


def test_the_page_of_the_command_line_is_the_parser_s() -> None:
    message = "write it anew: make cli-page"
    assert cli_page.PAGE.read_text(encoding="utf-8") == cli_page.page(), message
