"""What is pinned: the packages of the lock files, those of Python and those of Node."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = {
    "requirements-layer.lock": "functions and gatherer",
    "requirements-gatherer.lock": "HTTP API of the gatherer",
    "requirements.lock": "all extras, development",
    "requirements-deploy.lock": "deployment",
    "requirements-emulator.lock": "test of the deployment",
    "requirements-checks.lock": "checks",
    "requirements-docs.lock": "site and notebooks",
}
"""The lock files and what they are for, what is deployed first."""

NODE = {
    "tests/deploy/package-lock.json": "test of the workflows",
    "tests/browser/package-lock.json": "test of the pages",
}
DEPLOYED = ("requirements-layer.lock", "requirements-gatherer.lock")

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pinned:
    """A package of a lock file; ``kind`` is that of its registry, ``hashes`` the SHA-256 of its files.

    ``licence`` is what the lock file says of it: those of Node do.
    """

    kind: str
    name: str
    version: str
    lock: str
    hashes: tuple[str, ...] = ()
    licence: str | None = None

    @property
    def purl(self) -> str:
        """Its name for programs."""
        return f"pkg:{self.kind}/{self.name.replace('@', '%40')}@{self.version}"


def everything() -> list[Pinned]:
    """All packages of all lock files; one that several files pin comes several times."""
    return [pin for lock in PYTHON for pin in python_pins(lock)] + [
        pin for lock in NODE for pin in node_pins(lock)
    ]


def python_pins(lock: str) -> list[Pinned]:
    """The packages that uv has pinned."""
    found: list[Pinned] = []
    blocks = re.split(r"^(?=[A-Za-z0-9])", (ROOT / lock).read_text(), flags=re.MULTILINE)
    for block in blocks:
        if pin := _PIN.match(block):
            hashes = tuple(sorted(_HASH.findall(block)))
            found.append(Pinned("pypi", pin[1].lower(), pin[2], lock, hashes))
    return found


def node_pins(lock: str) -> list[Pinned]:
    """The packages that npm has pinned."""
    packages = json.loads((ROOT / lock).read_text())["packages"]
    return [
        Pinned("npm", path.rpartition("node_modules/")[2], told["version"], lock, (), told.get("license"))
        for path, told in packages.items()
        if path
    ]
