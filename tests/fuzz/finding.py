"""Where atheris is. Nothing of ours is imported here: what is imported before atheris is not guided by it."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def coverage_finder() -> Path | None:
    """The folder in which atheris is installed, beside the checks; None where it is not."""
    found = sorted((ROOT / "build/venv-checks/lib").glob("python*/site-packages/atheris"))
    return found[0].parent if found else None


def prepare() -> bool:
    """Whether atheris can be imported, from wherever it is."""
    if (folder := coverage_finder()) is not None:
        sys.path.append(str(folder))
    try:
        import atheris  # noqa: F401 - asked only whether it is there
    except ImportError:
        return False
    return True
