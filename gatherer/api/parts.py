"""What routes and pages work with: put together once, by whoever starts the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from gatherer.api.keys import Caller
from gatherer.api.settings import Settings
from gatherer.health import Pulse
from snakebatch.clock import Clock
from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.predicting import PredictClient
from snakebatch.planner.plan import MEMORY_GB
from snakebatch.planner.rate import SPAWN_RATE


@dataclass(frozen=True)
class Parts:
    """``clients`` gives boto3's clients by name, for the pages that look at the account; ``memory_gb`` are GB
    of a deployed function, ``rate`` the starts a second that the deployment shares: plans reckon with both.
    """

    jobs: Jobs
    predict: PredictClient
    pulse: Pulse
    clock: Clock
    clients: Any
    settings: Settings = field(default_factory=Settings)
    memory_gb: float = MEMORY_GB
    rate: float = SPAWN_RATE


def parts_of(request: Request) -> Parts:
    """The parts of the application that a request came to."""
    parts: Parts = request.app.state.parts
    return parts


def caller_of(request: Request) -> Caller:
    """Who asks; every route but the open ones has one."""
    caller: Caller = request.state.caller
    return caller
