"""A machine on which nothing was set up: an empty home, a fresh tree, and the way to packages."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.handlers import ROOT

_KEPT = ("PATH", "PIP_", "UV_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
_MOST_SECONDS = 420


@dataclass
class Newcomer:
    """Someone in an empty directory; ``more`` are variables beside the usual."""

    folder: Path
    more: dict[str, str] = field(default_factory=dict)

    def sh(self, line: str) -> str:
        """Type a line into a shell; returns its stdout, and fails with all it said if it failed."""
        return self.run(["/bin/sh", "-c", line])

    def run(self, command: Sequence[str | Path]) -> str:
        """Run a program."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def environment(self) -> dict[str, str]:
        """The variables of a new account and the way to packages; what uv has downloaded is there."""
        home = self.folder.parent / f"home-of-{self.folder.name}"
        home.mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if name.upper().startswith(_KEPT)}
        return {**pip_settings(), **kept, "HOME": str(home), "UV_CACHE_DIR": _uv_cache(), **self.more}


def pip_settings() -> dict[str, str]:
    """What pip's files say here, as variables: a file in the home would not be found in an empty one."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    found = {}
    for name, _, value in (line.partition("=") for line in said.splitlines() if line.startswith("global.")):
        variable = "PIP_" + name.removeprefix("global.").upper().replace("-", "_")
        found[variable] = " ".join(str(ast.literal_eval(value)).split())
    return found


def _uv_cache() -> str:
    uv = Path(sys.executable).with_name("uv")
    return subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()


def clone(folder: Path) -> Path:
    """The tree as git would hand it on, with what isn't committed yet; returns ``folder``."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        source, target = ROOT / name, folder / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode)
    return folder
