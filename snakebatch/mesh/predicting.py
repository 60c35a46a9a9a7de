"""Asking a model through the mesh, from Python: what the HTTP API and the client do for ``predict-sync``."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from snakebatch.errors import MeshError, SnakeBatchError, error_named
from snakebatch.mesh.canonical import canonical, read_json
from snakebatch.mesh.failures import one_line
from snakebatch.mesh.messages import parse
from snakebatch.mesh.prediction_dividing import INLINE
from snakebatch.mesh.prediction_messages import Predicted, read_predict_input
from snakebatch.mesh.prediction_rows import lines_of
from snakebatch.mesh.prediction_store import PredictionStore


class SyncExecutions(Protocol):
    """What is used of boto3's ``stepfunctions`` client: see ``sync_client``."""

    def start_sync_execution(self, *, stateMachineArn: str, name: str, input: str) -> Any: ...


@dataclass(frozen=True)
class PredictClient:
    """Where a model is asked: Step Functions, the ARN of the workflow for small batches, and the store.

    ``stepfunctions`` is what ``sync_client`` gives, ``machine`` the stack's output ``PredictMachineArn``.
    """

    stepfunctions: SyncExecutions
    machine: str
    store: PredictionStore


def predict_sync(client: PredictClient, model_key: str, rows: Any, mode: str = "prediction") -> list[Any]:
    """The answers to ``rows``, one a row in their order: the JSON of what ``Snake.get_{mode}`` gives.

    ``model_key`` is the key of a model.json in the jobs bucket, ``rows`` a list of dicts or a DataFrame.
    Raises InputError on bad rows (naming row and column) or a bad mode, ModelError on a model that can't
    answer, MeshError where the workflow fails for another reason.
    """
    name = str(uuid.uuid4())
    asked: dict[str, Any] = {"model": client.store.objects.uri(model_key), "mode": mode}
    lines = lines_of(rows)
    read_predict_input({**asked, "rows": ""})  # a bad mode is refused before rows are sent
    if not lines:
        return []
    text = "\n".join(lines)
    if len(canonical(text)) <= INLINE:
        asked["rows"] = text
    else:
        asked["data"] = client.store.put_rows(name, text)
    ended = client.stepfunctions.start_sync_execution(
        stateMachineArn=client.machine, name=name, input=canonical(asked)
    )
    if ended["status"] != "SUCCEEDED":
        raise _error(ended)
    predicted = parse(Predicted, read_json(ended["output"], "the output of the workflow"))
    answers = list(_answers(client.store, predicted))
    if len(answers) != len(lines):
        raise MeshError(f"{len(answers)} answers came back for {len(lines)} rows: ask again")
    return answers


def _answers(store: PredictionStore, predicted: Predicted) -> Iterator[Any]:
    for number, result in enumerate(predicted.results):
        if result.chunk != number:
            raise MeshError(f"chunk {result.chunk} came back where {number} was due: ask again")
        lines = result.answers
        if lines is None:
            lines = store.answers(predicted.asked.execution, number)
        yield from map(json.loads, lines.split("\n"))


def _error(ended: Any) -> SnakeBatchError:
    """What a failed execution says, as the error that the function raised."""
    if ended["status"] == "TIMED_OUT":
        return MeshError("the batch took longer than its workflow may: ask for it by a file")
    name, cause = str(ended.get("error", "")), one_line(ended.get("cause"))
    return error_named(name, cause) or MeshError(
        f"the workflow failed with {name or 'no error name'}: {cause}"
    )
