"""What routes and pages work with: put together once, by whoever starts the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gatherer.health import Pulse
from gatherer.progress import Progress
from snakebatch.clock import Clock
from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.predicting import PredictClient


@dataclass(frozen=True)
class Parts:
    """``clients`` gives boto3's clients by name, for the pages that look at the account."""

    jobs: Jobs
    predict: PredictClient
    pulse: Pulse
    progress: Progress
    clock: Clock
    clients: Any
