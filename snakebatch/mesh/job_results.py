"""What a job leaves: its models and its receipt, found by its id."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from snakebatch.errors import NotReadyError, UnknownJobError, shown
from snakebatch.mesh.canonical import read_json
from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.prediction_store import PredictionStore
from snakebatch.mesh.store import Keys


@dataclass(frozen=True)
class Results:
    """The results of jobs, and the models that were uploaded."""

    jobs: Jobs

    def model(self, model_id: str, *, stripped: bool = False) -> str:
        """The key of the model of a job, or of an uploaded one; a partial one where somebody made that of a
        job that ended without another.

        Raises UnknownJobError where there is no such job or model, NotReadyError where the job has made
        none, or not yet.
        """
        uploaded = self.jobs.service.model(model_id)
        if uploaded is not None:
            return self._uploaded(uploaded, model_id, stripped)
        execution = self.jobs.execution(model_id)
        objects = self.jobs.store.objects
        if "output" in execution:
            uri = json.loads(execution["output"]).get("model_stripped" if stripped else "model")
            if uri is None:
                raise NotReadyError(f"job {shown(model_id)} trained no model: it was a dry run")
            return str(uri).removeprefix(objects.uri(""))
        # The models are there some seconds before the workflow ends.
        name = self.jobs.store.find_run_name(model_id)
        if name is not None:
            assembled = self.jobs.store.find_assembled(Keys(name.job, name.fingerprint), model_id)
            if assembled is not None:
                uri = assembled.model_stripped if stripped else assembled.model
                return uri.removeprefix(objects.uri(""))
            partial = self.jobs.store.find_partial(Keys(name.job, name.fingerprint), model_id)
            if partial is not None and execution["status"] != "RUNNING":
                uri = partial.model_stripped if stripped else partial.model
                return uri.removeprefix(objects.uri(""))
        if execution["status"] == "RUNNING":
            raise NotReadyError(f"job {shown(model_id)} still runs: ask its status until it has ended")
        said = f" ({execution['error']})" if execution.get("error") else ""
        raise NotReadyError(
            f"job {shown(model_id)} ended without a model: {execution['status']}{said}; its status says why"
        )

    def receipt(self, model_id: str) -> dict[str, Any]:
        """The receipt of a job; raises UnknownJobError or NotReadyError."""
        self.jobs.execution(model_id)
        store = self.jobs.store
        name = store.find_run_name(model_id)
        data = store.receipt(None, model_id)
        if data is None and name is not None:
            data = store.receipt(Keys(name.job, name.fingerprint), model_id)
        if data is None:
            raise NotReadyError(f"job {shown(model_id)} has no receipt yet: it is written as the job ends")
        receipt: dict[str, Any] = read_json(data, "the receipt")
        return receipt

    def _uploaded(self, key: str, model_id: str, stripped: bool) -> str:
        objects = self.jobs.store.objects
        if stripped:
            beside = PredictionStore(objects).stripped_beside(key)
            if objects.stamp(beside) is not None:
                return beside
        if objects.stamp(key) is None:
            raise UnknownJobError(f"there is no model {shown(model_id)}: it was deleted, or the id is wrong")
        if stripped:
            raise NotReadyError(f"model {shown(model_id)} was uploaded in one form: ask for it as it is")
        return key
