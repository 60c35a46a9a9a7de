"""Prices, from one data file that says where and when they were read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Prices:
    """US dollars per unit, in one region. ``provisioned_least_seconds``: what a slot is rounded up to."""

    region: str
    currency: str
    date: str
    source: str
    lambda_gb_second: float
    lambda_request: float
    provisioned_gb_second: float
    provisioned_duration_gb_second: float
    provisioned_least_seconds: float
    states_transition: float
    s3_put: float
    s3_get: float
    sqs_request: float


@cache
def prices() -> Prices:
    """The prices that plans are made with."""
    text = files("snakebatch.planner").joinpath("prices.json").read_text(encoding="utf-8")
    return Prices(**json.loads(text))
