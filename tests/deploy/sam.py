"""SAM CLI on a copy of the tree: build, deploy and delete, as a user does, against the emulator."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from snakebatch.local.isolation import REGION
from tests.deploy.emulator import PYTHON, account_environment
from tests.support.handlers import ROOT

SAM = ROOT / "build/venv-deploy/bin/sam"
RUNTIME = (3, 13)
"""The Python of the template's functions."""
_LEFT_BEHIND = {".git", ".venv", ".aws-sam", "build", "out", "dist", "tests", "docs", "examples"}
_MOST_SECONDS = 420


def missing() -> str | None:
    """Why nothing can be deployed and run here; None if it can."""
    if not sys.platform.startswith("linux"):
        return "the layer holds wheels of Linux, which run nowhere else"
    if not (SAM.exists() and PYTHON.exists()):
        return "no SAM CLI or emulator here: make deploy-env"
    return None


def architecture() -> str:
    """This machine's, as the template's parameter names it: the built wheels must run here."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def emulator_runtime() -> tuple[int, int]:
    """The Python that runs the handlers: the runtime's own where `make deploy-env` found one."""
    version = subprocess.run(
        [PYTHON, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=True
    )
    major, minor = version.stdout.split()
    return int(major), int(minor)


@dataclass
class Sam:
    """The tree that is deployed, and the commands run in it. ``parameters`` are the template's."""

    tree: Path
    endpoint: str
    stack: str
    parameters: Mapping[str, str]

    @classmethod
    def of_a_copy(cls, folder: Path, endpoint: str, stack: str, parameters: Mapping[str, str]) -> Sam:
        """A copy of this tree without what is no part of a deployment, under ``folder``."""
        tree = folder / "tree"
        shutil.copytree(
            ROOT,
            tree,
            symlinks=True,
            ignore=lambda where, names: [
                name
                for name in names
                if name in ("__pycache__", "node_modules")
                or name.endswith("_cache")
                or (Path(where) == ROOT and name in _LEFT_BEHIND)
            ],
        )
        # With uv the layer's packages come in a tenth of the time; tools/install-wheels looks for it here.
        (tree / ".venv").symlink_to(sys.prefix)
        (folder / "home").mkdir()
        return cls(tree, endpoint, stack, parameters)

    def validate(self) -> str:
        """`sam validate --lint`."""
        return self._run("validate", "--lint", "--region", REGION)

    def build(self) -> str:
        """`sam build`: what is deployed is what this leaves under .aws-sam/build."""
        # pip needs the user's settings for its index and its cache; nothing here asks AWS.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        scratch = {"__SAM_CLI_APP_DIR": str(self._home / "sam"), "PYTHON": str(PYTHON)}
        version = ".".join(map(str, emulator_runtime()))
        environment = {**kept, **scratch, "SAM_CLI_TELEMETRY": "0", "LAYER_PYTHON": version}
        return self._run("build", *self._overrides(), environment=environment)

    def deploy(self) -> str:
        """`sam deploy` of what was built."""
        return self._run(
            "deploy", "--stack-name", self.stack, "--no-confirm-changeset", "--no-progressbar",
            "--region", REGION, *self._overrides(),
        )  # fmt: skip

    def delete(self) -> str:
        """`sam delete`."""
        return self._run("delete", "--stack-name", self.stack, "--region", REGION, "--no-prompts")

    @property
    def built(self) -> Path:
        """The folder of built artefacts."""
        return self.tree / ".aws-sam/build"

    @property
    def _home(self) -> Path:
        return self.tree.parent / "home"

    def _overrides(self) -> Iterable[str]:
        return ("--parameter-overrides", *(f"{name}={value}" for name, value in self.parameters.items()))

    def _run(self, command: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        isolated = {
            **account_environment(),
            "AWS_ENDPOINT_URL": self.endpoint,
            "HOME": str(self._home),
            "SAM_CLI_TELEMETRY": "0",
        }
        done = subprocess.run(
            [SAM, command, *arguments],
            cwd=self.tree,
            env=dict(environment) if environment is not None else isolated,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
        if done.returncode:
            print(done.stdout[-6000:], done.stderr[-6000:], sep="\n", file=sys.stderr)
            raise AssertionError(f"sam {command} failed with {done.returncode}; its output is above")
        return done.stdout + done.stderr
