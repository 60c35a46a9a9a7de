"""Imports go one way, as the table of docs/architecture.md says, and only adapters know AWS."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
OURS = ("snakebatch", "functions", "gatherer")
EVERYBODYS = {"snakebatch.errors", "snakebatch.version"}
ALL = "all"
ROW = re.compile(r"^\| `([\w/.*]+)` \| .+? \| (.*?) ?\|$", re.MULTILINE)
ADAPTERS = {
    "snakebatch/mesh": {
        "objects.py",
        "dataset.py",
        "executions.py",
        "jobs.py",
        "part_uploads.py",
        "shard_slots.py",
        "sync_client.py",
        "versioned.py",
    },
    "snakebatch/operations": {"aws.py"},
    "snakebatch/engine": set(),
    "snakebatch/planner": set(),
    "snakebatch/graph": set(),
}
"""Files that may import boto3 or botocore."""


def module(name: str) -> str:
    """The module that the page calls ``name``: ``snakebatch/engine``, ``engine``, ``clock.py``."""
    dotted = name.removesuffix(".py").strip("/").replace("/", ".")
    return dotted if dotted.split(".")[0] in OURS else f"snakebatch.{dotted}"


HOUSE = {
    folder: ALL if allowed == ALL else {module(name) for name in re.findall(r"`([^`]+)`", allowed)}
    for folder, allowed in ROW.findall(PAGE.partition("## The house")[2].partition("\n## ")[0])
}


def files_of(folder: str) -> list[Path]:
    """The Python files that a row of the table is about."""
    if "*" in folder or folder.endswith(".py"):
        return sorted(ROOT.glob(folder))
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "_bundle" not in path.parts)


@cache
def imported(path: Path) -> set[str]:
    """Every module that a file imports, those for type checkers left out."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            names |= relative(path, node)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from snakebatch import cli` imports the module snakebatch.cli.
            names |= (
                {f"snakebatch.{alias.name}" for alias in node.names}
                if node.module == "snakebatch"
                else {node.module}
            )
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {PUBLIC.get(name, name) for name in names}


def relative(path: Path, node: ast.ImportFrom) -> set[str]:
    """The modules that ``from ..mesh import store`` imports, by their whole names."""
    if not path.is_relative_to(ROOT):
        return set()
    package = path.relative_to(ROOT).parent.parts
    above = [*package[: len(package) - node.level + 1], *filter(None, [node.module])]
    return {".".join(above)} if node.module else {".".join([*above, alias.name]) for alias in node.names}


PUBLIC = {
    "snakebatch": "snakebatch.snake",
    "snakebatch.Snake": "snakebatch.snake",
    "snakebatch.VERSION": "snakebatch.version",
}
"""What ``snakebatch/__init__.py`` hands out, by the module that it is in."""


def within(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


def breaches(path: Path, allowed: set[str]) -> set[str]:
    """The modules of ours that a file imports and may not."""
    return {
        name
        for name in imported(path)
        if name.split(".")[0] in OURS and not within(name, allowed | EVERYBODYS)
    }


@pytest.mark.parametrize("folder", HOUSE)
def test_imports_go_one_way(folder: str) -> None:
    files, allowed = files_of(folder), HOUSE[folder]
    assert files
    if isinstance(allowed, set):
        wrong = {str(path): found for path in files if (found := breaches(path, allowed | {module(folder)}))}
        assert wrong == {}


@pytest.mark.parametrize("folder", HOUSE)
def test_the_page_allows_nothing_that_is_not_needed(folder: str) -> None:
    allowed = HOUSE[folder]
    if isinstance(allowed, set):
        used = {name for path in files_of(folder) for name in imported(path)}
        assert {one for one in allowed if not any(within(name, {one}) for name in used)} == set()


def test_every_file_has_its_row() -> None:
    covered = {path for folder in HOUSE for path in files_of(folder)}
    everything = {
        path
        for top in OURS
        for path in (ROOT / top).rglob("*.py")
        if not {"_bundle", "data"} & set(path.parts)
    }
    alone = {path.name for path in everything - covered if path.parent == ROOT / "snakebatch"}
    assert alone == {"__init__.py", "__main__.py", "clock.py", "errors.py", "version.py"}
    assert {path for path in everything - covered if path.parent != ROOT / "snakebatch"} == set()


def test_no_import_goes_round_in_a_circle() -> None:
    order: list[str] = []
    graph = {
        module(folder): {one for one in allowed if one in {module(other) for other in HOUSE}}
        for folder, allowed in HOUSE.items()
        if isinstance(allowed, set)
    }
    while graph:
        free = [name for name, needs in graph.items() if needs <= set(order)]
        assert free, f"these import each other: {sorted(graph)}"
        order += free
        graph = {name: needs for name, needs in graph.items() if name not in free}


def test_a_breach_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(
        "from snakebatch.mesh.store import Keys\nimport snakebatch.local.cloud\n"
    )
    assert breaches(tmp_path / "bad.py", {"snakebatch.engine"}) == {
        "snakebatch.mesh.store",
        "snakebatch.local.cloud",
    }


@pytest.mark.parametrize(
    ("line", "found"),
    [("from ..mesh import store", "snakebatch.mesh"), ("from . import model", "snakebatch.engine.model")],
)
def test_a_relative_import_is_seen(line: str, found: str) -> None:
    (node,) = ast.parse(line).body
    assert isinstance(node, ast.ImportFrom)
    assert relative(ROOT / "snakebatch/engine/chain.py", node) == {found}


@pytest.mark.parametrize("folder", ADAPTERS)
def test_only_adapters_know_aws(folder: str) -> None:
    knowing = {
        path.name
        for path in files_of(folder)
        if {"boto3", "botocore"} & {name.split(".")[0] for name in imported(path)}
    }
    assert knowing == ADAPTERS[folder]


def test_only_the_store_knows_keys() -> None:
    for folder in ("snakebatch/mesh", "functions/", "gatherer/"):
        for path in files_of(folder):
            if path.name != "store.py":
                assert '"jobs/' not in path.read_text(), path


def test_no_shard_imports_a_tracer_or_the_embedded_cloud() -> None:
    shard = ROOT / "functions" / "shard" / "app.py"
    assert "Tracer" not in shard.read_text()
    assert not {name for name in imported(shard) if within(name, {"snakebatch.local"})}
