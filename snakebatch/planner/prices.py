"""Prices by region, from one data file that says where and when they were read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from snakebatch.errors import InputError


@dataclass(frozen=True)
class Prices:
    """US dollars per unit, in one region. ``provisioned_least_seconds``: what a slot is rounded up to.

    ``lambda_arm_gb_second`` is of arm64, the others of x86-64; ``express_*`` are of EXPRESS child executions.
    """

    region: str
    currency: str
    date: str
    source: str
    lambda_gb_second: float
    lambda_arm_gb_second: float
    lambda_request: float
    provisioned_gb_second: float
    provisioned_duration_gb_second: float
    provisioned_least_seconds: float
    states_transition: float
    express_request: float
    express_gb_second: float
    s3_put: float
    s3_get: float
    sqs_request: float


@cache
def _file() -> dict[str, Any]:
    text = files("snakebatch.planner").joinpath("prices.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def regions() -> list[str]:
    """The regions whose prices are known, the default one first."""
    known = _file()
    return [known["default"], *sorted(set(known["regions"]) - {known["default"]})]


@cache
def prices(region: str | None = None) -> Prices:
    """The prices that plans are made with; raises InputError for a region that the file does not have."""
    name = region or regions()[0]
    if name not in _file()["regions"]:
        raise InputError(
            f"region: the prices of {name} are not known; choose {' or '.join(regions())}, "
            "or add it to snakebatch/planner/prices.json with its date and source"
        )
    return Prices(region=name, **_file()["regions"][name])
