"""What an import costs, and what it says where an extra is missing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

CLIENT = Path(__file__).resolve().parents[3] / "snakebatch" / "client"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import snakebatch", {"numpy", "pydantic", "pandas", "sklearn", "matplotlib"}),
        ("from snakebatch import Snake", {"pandas", "sklearn", "matplotlib"}),
        ("import snakebatch.cli", {"pandas", "sklearn", "matplotlib"}),
        ("import snakebatch.client", {"numpy", "pandas", "sklearn", "matplotlib"}),
        ("import snakebatch.client.sklearn", {"matplotlib"}),
    ],
)
def test_nothing_is_imported_that_was_not_asked_for(statement: str, heavy: set[str]) -> None:
    done = run(f"{statement}\nimport sys; print(*(set(sys.modules) & {heavy!r}))")
    assert (done.stdout.split(), done.stderr) == ([], "")


def test_without_scikit_learn_the_extra_is_named() -> None:
    done = run("import sys; sys.modules['sklearn'] = None\nimport snakebatch.client.sklearn")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "snakebatch.errors.MissingExtraError: scikit-learn 1.6 or newer is not installed; "
        "run: pip install 'snakebatch[sklearn]'"
    )


def test_one_file_of_the_client_knows_scikit_learn() -> None:
    knowing = set()
    for path in CLIENT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.split(".")[0] == "sklearn" for name in names):
                knowing.add(path.name)
    assert knowing == {"sklearn.py"}
