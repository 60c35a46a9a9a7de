"""Jobs that somebody deletes, and the sweep of what their last invocations wrote after that.

Stopping an execution stops no function that runs: Lambda lets each end its work, in fifteen minutes at most.
So a deleted job gets a tombstone, which makes it unknown at once, and is swept until no invocation of it can
live any more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.prediction_store import PredictionStore
from snakebatch.mesh.records import RunName
from snakebatch.mesh.service_store import Tombstone
from snakebatch.mesh.store import Keys, prefix_of_failed, prefixes_of_job

LONGEST_INVOCATION = 900.0
"""Seconds: Lambda's own limit."""

_MARGIN = 120.0
"""Seconds beyond it: clocks differ, and what was queued when the execution was stopped may still start."""

REMEMBERED = 100 * 24 * 3600.0
"""Seconds that a tombstone stays: Step Functions tells of an execution for 90 days after its end."""


@dataclass(frozen=True)
class Deleting:
    """Deletes jobs. Several gatherers may sweep at once: to delete twice is to delete."""

    jobs: Jobs

    def delete(self, model_id: str) -> None:
        """Stop the job if it runs, make it unknown, and delete its objects.

        What it shares with other executions of the same job stays until the last of them is deleted. Raises
        UnknownJobError where there is no such job.
        """
        execution = self.jobs.execution(model_id)
        name = self.jobs.store.find_run_name(model_id)
        job = json.loads(execution["input"]).get("job") if name is None else name.job
        tombstone = Tombstone(model_id=model_id, deleted=self.jobs.clock.time(), job=job)
        # The tombstone first: whatever fails after it, the sweep does.
        self.jobs.service.bury(tombstone)
        if execution["status"] == "RUNNING":
            self.jobs.stop(model_id, "deleted by its user")
        self._remove(tombstone)

    def sweep(self) -> int:
        """Delete what came after a deletion; returns how many jobs are still to be swept again."""
        service, now = self.jobs.service, self.jobs.clock.time()
        left = 0
        for tombstone in service.to_sweep():
            self.jobs.stop(tombstone.model_id, "deleted by its user")
            self._remove(tombstone)
            if now - tombstone.deleted > LONGEST_INVOCATION + _MARGIN:
                service.swept(tombstone.model_id)
            else:
                left += 1
        service.forget_deleted(now - REMEMBERED)
        return left

    def _remove(self, tombstone: Tombstone) -> None:
        """Delete what is there; its name goes last, so that what was interrupted can be done again."""
        store, service, execution = self.jobs.store, self.jobs.service, tombstone.model_id
        run = store.find_run_name(execution)
        job = tombstone.job if run is None else run.job
        if run is not None:
            self._forget_compact(Keys(run.job, run.fingerprint))
        prefixes = [prefix_of_failed(execution)]
        if job is not None:
            alone = self._executions(job) <= {execution}
            prefixes += prefixes_of_job(job) if alone else _of_one(run, execution)
        for prefix in prefixes:
            store.objects.delete_all(prefix)
        store.objects.delete(service.dataset(execution))
        service.forget_request(execution)
        store.forget_run(execution)

    def _forget_compact(self, keys: Keys) -> None:
        """Delete the compact forms of a job's models, which lie apart."""
        objects = self.jobs.store.objects
        for prefix in (f"{keys.root}/layers-", keys.executions()):
            for key in objects.keys(prefix):
                if key.endswith(("/model.json", "/model_stripped.json")):
                    PredictionStore(objects).forget_compact(key)

    def _executions(self, job: str) -> set[str]:
        """The executions that have a part in a job."""
        _, prefix = prefixes_of_job(job)
        rest = (key.removeprefix(prefix).split("/") for key in self.jobs.store.objects.keys(prefix))
        return {parts[2] for parts in rest if len(parts) > 2 and parts[1] == "executions"}


def _of_one(run: RunName | None, execution: str) -> tuple[str, ...]:
    """The prefixes of what an execution has alone, in a job that others have a part in."""
    if run is None:
        return ()
    keys = Keys(run.job, run.fingerprint)
    return keys.waves(execution), f"{keys.executions()}{execution}/"
