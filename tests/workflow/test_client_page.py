"""docs/client.md says what is so: its examples run against a mesh, and it names all that there is.

What docs/migration.md and docs/reference/input.md say of a mesh is looked at on the same one.
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from snakebatch import errors
from snakebatch.client import AsyncMeshSnake, MeshSnake
from snakebatch.client.remote import calls, core, parameters, places, questions, uploads
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.mesh.api_keys import hash_of
from tests.support.handlers import ROOT
from tests.support.page_examples import run_examples

PAGE = (ROOT / "docs/client.md").read_text(encoding="utf-8")
KEY = "the-key-of-the-page"


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {"GATHERER_KEYS_SHA256": hash_of(KEY)}
    with EmbeddedCloud(processes=2, http=("127.0.0.1", 0), environment=environment) as cloud:
        monkeypatch.setenv(places.URL, cloud.url)
        monkeypatch.setenv(places.KEY, KEY)
        run_examples("docs/client.md", 6)
        assert (tmp_path / "model.json").exists()
        run_examples("docs/migration.md", 1, section="## From SnakeBatch v9")
        found = cloud.sfn.list_executions(stateMachineArn=cloud.train_arn, statusFilter="SUCCEEDED")
        run = cloud.sfn.describe_execution(executionArn=found["executions"][0]["executionArn"])
    page = (ROOT / "docs/reference/input.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?) \|", page.split("\n## ")[2], re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == json.loads(run["output"]).keys()


def test_every_parameter_question_and_error_is_named() -> None:
    hidden = {"data", "model_id", "transport", "clock", "more", "clients"}
    known = set(inspect.signature(MeshSnake).parameters) - hidden
    snake_s = {"target_index", "header", "oppose_profile", "lookahead", "y"}
    public = {name for name in dir(MeshSnake) if not name.startswith("_")}
    told_of_snake = {"classes", "config", "datatypes", "header", "layers", "log", "model", "snake", "target"}
    wanted = (known - snake_s) | (public - told_of_snake - {"targets", "warnings"}) | set(parameters.MORE)
    wanted |= {kind.__name__ for kind in (errors.ServiceError, *errors.ServiceError.__subclasses__())}
    for name in sorted(wanted):
        assert re.search(rf"\b{name}\b", PAGE), name


def test_both_have_the_same_questions() -> None:
    sync, other = (
        {name for name in dir(kind) if not name.startswith("_")} for kind in (MeshSnake, AsyncMeshSnake)
    )
    assert sync - other == {"population"}
    assert other - sync == {"get_population"}
    assert inspect.signature(MeshSnake) == inspect.signature(AsyncMeshSnake)


def test_the_figures_are_the_codes() -> None:
    assert f"`cloud_threshold` rows or more ({core.CLOUD_THRESHOLD:,}" in PAGE
    assert f"for {calls.PATIENCE:.0f} seconds" in PAGE
    assert f"for {calls.LONG_PATIENCE / 60:.0f} minutes" in PAGE
    assert f"for {calls.FIRST_PATIENCE:.0f} seconds only" in PAGE
    assert f"Files above {uploads.IN_ONE >> 20} MiB" in PAGE
    assert f"a row of {questions.LONGEST_LINE >> 20} Mi characters" in PAGE
