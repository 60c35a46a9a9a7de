"""Puts what the embedded cloud runs into the wheel, so that a CLI that pip installed needs no repository.

An editable install gets no copy: there the files of the repository are the bundle, and a copy would go stale.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLED = ("functions", "gatherer", "statemachine")


class BundleHook(BuildHookInterface[Any]):
    """Adds each of ``BUNDLED`` to a standard wheel as ``snakebatch/_bundle/<folder>``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            for folder in BUNDLED:
                build_data["force_include"][str(Path(self.root) / folder)] = f"snakebatch/_bundle/{folder}"
