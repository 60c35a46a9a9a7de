"""docs/migration.md: its examples run, and what it says of both sides is so."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import get_args

import pytest

from snakebatch import Snake
from snakebatch.client.remote.core import CLOUD_THRESHOLD
from snakebatch.mesh.job_status import Status
from tests.support.handlers import ROOT
from tests.support.page_examples import run_examples

PAGE = (ROOT / "docs/migration.md").read_text(encoding="utf-8")
V9, ALGORITHMEAI = PAGE.split("\n## From `algorithmeai`\n")


def test_the_examples_of_algorithmeai_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_examples("docs/migration.md", 3, section="## From `algorithmeai`")
    told = re.search(r"print\(error\)  # (.+), \.\.\.", PAGE)
    assert told is not None
    assert told[1] in capsys.readouterr().out


def test_the_names_of_the_deployment_are_the_template_s() -> None:
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    for name in ("v9-worker-pipe-", "v9-reports", "v9-reports-dlq", "leases"):
        assert f"PREFIX-{name}" in V9
        assert f"${{Prefix}}-{name}" in template
    for parameter in re.findall(r"`([A-Z][A-Za-z]+(?:Arn|Mode|Minute))`", PAGE):
        assert f"  {parameter}:\n" in template


def test_the_routes_states_and_methods_are_there() -> None:
    routes = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))["paths"]
    told = re.findall(r"`(GET|POST) (/v9/[^`]+)`", V9)
    assert len(told) > 8
    for method, path in told:
        assert method.lower() in routes[path.replace("{id}", "{model_id}")], path
    named = set(re.findall(r"`([A-Z_]{6,})`", V9.partition("### States of a job")[2].partition("\n### ")[0]))
    assert named == set(get_args(Status)) - {"PENDING_REDRIVE"}
    methods = ALGORITHMEAI.partition("\nMethods: ")[2].partition("\n### ")[0]
    assert all(hasattr(Snake, name) for name in re.findall(r"`(\w+)`", methods))


def test_the_parameters_are_the_code_s() -> None:
    table = ALGORITHMEAI.partition("### Parameters\n")[2].partition("\nMethods: ")[0]
    ours = inspect.signature(Snake).parameters.keys() - {"data"}
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")][1:]
    same = {name for row in rows if "same" in row[1] for name in re.findall(r"`(\w+)`", row[0])}
    new = {name for row in rows for name in re.findall(r"`(\w+)`", row[1])}
    assert same | new == ours
    assert f"= {CLOUD_THRESHOLD};" in V9


def test_the_figures_are_those_of_their_pages() -> None:
    """docs/economics.md and docs/operations.md have theirs from the planner and from prices, by tests."""
    million = (ROOT / "docs/economics.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (\d+) layers x (\d+) columns \| (.+?) \| (.+?) \|$", V9, re.MULTILINE)
    assert len(told) == 2
    for layers, columns, seeds, ours in told:
        assert f"| {layers} x {columns} | {seeds} | {ours} |" in million
    monthly = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert "t4g.2xlarge was $98 a month" in monthly
    assert "| At rest | about $58 a month |" in monthly


def test_a_model_of_the_chunked_conquer_is_read_and_its_later_buckets_never_vote(tmp_path: Path) -> None:
    rows = [{"y": "a" if n < 6 else "b", "x": n} for n in range(12)]
    Snake(rows, n_layers=1, noise=0).to_json(tmp_path / "model.json")
    content = json.loads((tmp_path / "model.json").read_text())
    (whole,) = content["layers"][0]
    halves = [
        {
            "condition": [[1, 100, False, "N"]],
            "members": whole["members"][start::2],
            "origins": ["c"] * 6,
            "clauses": [],
            "lookalikes": {str(place): [[]] for place in range(6)},
        }
        for start in (0, 1)
    ]
    chunked = Snake({**content, "layers": [halves]})
    assert [len(bucket["members"]) for bucket in chunked.layers[0]] == [6, 6]
    voting = {row for row, *_ in chunked.get_lookalikes({"x": 3})}
    assert voting == set(whole["members"][0::2])
