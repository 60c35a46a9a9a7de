"""What is done with a job after a run of it has ended: taken up, given more layers, or used as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from snakebatch.errors import NotReadyError, shown
from snakebatch.mesh.jobs import Jobs, new_model_id
from snakebatch.mesh.partial import PartialAssembler
from snakebatch.mesh.records import PartialModel


@dataclass(frozen=True)
class Continuing:
    """Goes on with jobs."""

    jobs: Jobs

    def resume(self, model_id: str, changes: Mapping[str, Any]) -> str:
        """Start the job of an ended run again; returns the new run's id, which has a model of its own.

        What the job has done stays done. ``changes`` are parameters of the workflow that may differ, such as
        ``n_layers``. Raises UnknownJobError, NotReadyError while it runs, InputError for a bad parameter.
        """
        execution = self.jobs.execution(model_id)
        if execution["status"] == "RUNNING":
            raise NotReadyError(
                f"job {shown(model_id)} still runs: wait for its end, or stop it, then resume it"
            )
        name = self.jobs.store.find_run_name(model_id)
        given = {"job": model_id, **json.loads(execution["input"])}
        if name is not None:
            given["job"] = name.job
        return self.jobs.start({**given, "dry_run": False, **changes}, new_model_id())

    def partial(self, model_id: str) -> PartialModel:
        """The model of the leaves that a run has; raises UnknownJobError, NotReadyError without any."""
        self.jobs.execution(model_id)
        name = self.jobs.store.find_run_name(model_id)
        if name is None:
            raise NotReadyError(f"job {shown(model_id)} was never staged: its status says why")
        return PartialAssembler(self.jobs.store).assemble(name.job, name.fingerprint, model_id)
