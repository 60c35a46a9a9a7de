"""Packages called ``algorithmeai``, as a test may have them installed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LICENSED = HERE / "licensed"
"""A folder with a stand-in for the licensed package."""
REMOTE_CLIENT = HERE / "remote_client"
"""A folder with a stand-in for the index's package."""

NAME = "algorithmeai"


@contextmanager
def installed(folder: Path | None) -> Iterator[Any]:
    """Have the package of ``folder`` importable (None: none at all), and forget it afterwards."""
    before = list(sys.path)
    sys.modules.pop(NAME, None)
    if folder is None:
        sys.modules[NAME] = None  # type: ignore[assignment]  # this is how an import is made to fail
    else:
        sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module(NAME) if folder is not None else None
    finally:
        sys.path[:] = before
        sys.modules.pop(NAME, None)
