"""What the bench needs beside the base: the packages of the extra ``bench``."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from snakebatch.errors import InputError

SPEED_MODULES = ("sklearn", "pandas", "threadpoolctl")
QUALITY_MODULES = (*SPEED_MODULES, "interpret", "vega_datasets")
PACKAGE_NAMES = {"sklearn": "scikit-learn", "interpret": "interpret-core", "vega_datasets": "vega-datasets"}
"""Packages whose name is not that of their module."""


def need(modules: Iterable[str]) -> None:
    """Raise InputError, which says what to install, unless all these modules are there."""
    missing = [PACKAGE_NAMES.get(module, module) for module in modules if find_spec(module) is None]
    if missing:
        raise InputError(f"this bench needs {', '.join(missing)}: pip install 'snakebatch[bench]'")
