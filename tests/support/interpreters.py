"""The Pythons that tests across versions run on; `make other-pythons` makes their environments."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPARED = ("3.11", "3.13")
"""The oldest and the newest Python that this project supports."""


def interpreter(version: str) -> Path | None:
    """A Python of that version with the layer's packages (NumPy, pydantic, boto3), or None."""
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return Path(sys.executable)
    python = ROOT / "build" / f"venv-{version}" / "bin" / "python"
    installed = python.parent.parent / ".installed"
    return python if python.exists() and installed.exists() else None
