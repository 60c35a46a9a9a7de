"""Imports go one way, and only adapters know AWS."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.handlers import ROOT

MAY_IMPORT = {
    "snakebatch/engine": set(),
    "snakebatch/planner": {"snakebatch.engine"},
    "snakebatch/client": {
        "snakebatch.engine",
        "snakebatch.planner",
        "snakebatch.mesh",
        "snakebatch.snake",
        "snakebatch.snake_input",
        "snakebatch.cli_files",
        "snakebatch.clock",
        "snakebatch.operations.aws",
    },
    "snakebatch/mesh": {"snakebatch.engine", "snakebatch.planner", "snakebatch.clock"},
    "snakebatch/operations": {"snakebatch.planner", "snakebatch.clock"},
    "snakebatch/chaos": {"snakebatch.local", "snakebatch.mesh", "snakebatch.snake", "snakebatch.clock"},
    "functions": {"snakebatch.engine", "snakebatch.planner", "snakebatch.mesh", "snakebatch.clock"},
    "snakebatch/graph": set(),
    "gatherer": {
        "gatherer",
        "snakebatch.graph",
        "snakebatch.engine",
        "snakebatch.planner",
        "snakebatch.mesh",
        "snakebatch.clock",
    },
}
COMMON = {"snakebatch.errors", "snakebatch.version"}
ADAPTERS = {
    "objects.py",
    "dataset.py",
    "executions.py",
    "jobs.py",
    "part_uploads.py",
    "shard_slots.py",
    "sync_client.py",
    "versioned.py",
}


def imported(path: Path) -> set[str]:
    """Every module that a file imports, those for type checkers left out."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_imports_go_one_way(folder: str) -> None:
    allowed = MAY_IMPORT[folder] | COMMON | {folder.replace("/", ".")}
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    for path in files:
        ours = {
            name for name in imported(path) if name.split(".")[0] in ("snakebatch", "functions", "gatherer")
        }
        wrong = {name for name in ours if not any(name == a or name.startswith(f"{a}.") for a in allowed)}
        assert not wrong, f"{path} imports {wrong}"


def test_only_adapters_know_aws() -> None:
    knowing = {
        path.name
        for path in (ROOT / "snakebatch" / "mesh").glob("*.py")
        if any(name.split(".")[0] in ("boto3", "botocore") for name in imported(path))
    }
    assert knowing == ADAPTERS
    operations = {
        path.name
        for path in (ROOT / "snakebatch" / "operations").glob("*.py")
        if any(name.split(".")[0] in ("boto3", "botocore") for name in imported(path))
    }
    assert operations == {"aws.py"}
    for folder in ("engine", "planner"):
        for path in (ROOT / "snakebatch" / folder).glob("*.py"):
            assert not {"boto3", "botocore"} & {name.split(".")[0] for name in imported(path)}


def test_only_the_store_knows_keys() -> None:
    for folder in ("snakebatch/mesh", "functions", "gatherer"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.name != "store.py":
                assert '"jobs/' not in path.read_text(), path


def test_no_shard_imports_a_tracer_or_the_embedded_cloud() -> None:
    source = (ROOT / "functions" / "shard" / "app.py").read_text()
    assert "Tracer" not in source
