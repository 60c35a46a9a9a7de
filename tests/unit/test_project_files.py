"""The files that set the project up, and those that describe it, say the same as the code."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from snakebatch import cli
from snakebatch.files import DATA_FOLDER

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("", "-layer", "-gatherer", "-deploy", "-checks", "-docs", "-emulator")
LOCKS = tuple(f"requirements{kind}.lock" for kind in KINDS)
PINNED = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)
SCRIPTS = (
    ".ci/run",
    "tools/build-layer",
    "tools/find-chromium",
    "tools/find-python",
    "tools/make-browser",
    "tools/make-docs",
    "tools/install-wheels",
    "tools/lay-over",
    "tools/make-venv",
    "tools/make-node-modules",
    "tools/other-pythons",
)
NAME = re.compile(r"[a-z0-9-]+")

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
ALL_EXTRAS = [requirement for extra in EXTRAS.values() for requirement in extra]


def names(requirements: list[str]) -> set[str]:
    found = {match[0] for text in requirements if (match := NAME.match(text))}
    return found - {"snakebatch"}


def pins(lock: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / lock).read_text()))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    requirements = [line for line in text.splitlines() if line and line[0].isalnum()]
    assert all(line.endswith("\\") for line in requirements)
    assert text.count("--hash=sha256:") >= len(requirements)
    assert "://" not in text
    assert "--index" not in text


def test_the_locks_pin_every_dependency_and_agree() -> None:
    everything, layer = pins("requirements.lock"), pins("requirements-layer.lock")
    assert names(PROJECT["dependencies"] + ALL_EXTRAS) <= everything.keys()
    assert names(PROJECT["dependencies"] + EXTRAS["aws"]) <= layer.keys()
    assert layer.items() <= everything.items()
    gatherer = pins("requirements-gatherer.lock")
    assert names(EXTRAS["http"]) <= gatherer.keys()
    assert gatherer.items() <= everything.items()
    assert not gatherer.keys() & layer.keys(), "the machine has the functions' layer too"


def test_every_dependency_has_its_reason() -> None:
    reasons = (ROOT / "docs/decisions/001-dependencies.md").read_text()
    table = {word for line in reasons.splitlines() if line.startswith("| ") for word in NAME.findall(line)}
    assert names(PROJECT["dependencies"] + ALL_EXTRAS) <= table


def test_the_readme_lists_every_parameter_of_train() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = next(
        action for action in cli.build_parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    options = {option for action in commands.choices["train"]._actions for option in action.option_strings}
    for option in options - {"-h", "--help", "--out", "--json"}:
        assert f"| `{option}` |" in readme


def test_what_the_readme_links_to_exists() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs/README.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert "://" in link or (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_make_target_has_help() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "train", "test", "lint", "pr", "bench", "lock", "clean"):
        assert re.search(rf"^make {target} +\w", shown, re.MULTILINE)


def test_the_hooks_are_what_lint_runs() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    entries = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    commands = [line.strip("\t@").replace("$(BIN)", ".venv/bin") for line in lint.splitlines()[1:]]
    for command in commands:
        assert any(entry.split()[:2] == command.split()[:2] for entry in entries), command
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_can_be_called(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    shell = (ROOT / script).read_text().splitlines()[0].split()[-1].rpartition("/")[2]
    subprocess.run([shell, "-n", ROOT / script], check=True)


def test_an_old_python_is_refused_with_what_to_install(tmp_path: Path) -> None:
    script = (ROOT / "tools/find-python").read_text()
    # The usual places would be found on this machine: leave the PATH alone to be looked at.
    (tmp_path / "find-python").write_text(
        re.sub(r"for place in .*?; do", "for place in; do", script, flags=re.DOTALL)
    )
    (tmp_path / "python3").write_text("#!/bin/sh\necho Python 3.9.2\n[ $1 = -V ]\n")
    (tmp_path / "python3").chmod(0o755)
    found = subprocess.run(
        ["/bin/sh", tmp_path / "find-python"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout) == (1, "")
    assert "no Python 3.11 or newer found (python3 is: Python 3.9.2)" in found.stderr
    assert "apt-get install" in found.stderr


def test_bundled_tables_are_documented() -> None:
    readme = (DATA_FOLDER / "README.md").read_text()
    assert [table.name for table in DATA_FOLDER.glob("*.csv")] == ["penguins.csv"]
    assert "`penguins.csv`" in readme
    assert "CC0" in readme
