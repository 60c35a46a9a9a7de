"""Compute: a shard answers one chunk of a batch (v9's predict_compute) from the compact models it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from snakebatch.engine.answers import POPULATION_MODES, answer
from snakebatch.engine.model import Model
from snakebatch.engine.model_json import text_of
from snakebatch.errors import MeshError
from snakebatch.mesh.canonical import canonical
from snakebatch.mesh.model_cache import ModelCache
from snakebatch.mesh.model_file import named
from snakebatch.mesh.prediction_messages import ChunkEvent, ChunkResult
from snakebatch.mesh.prediction_rows import rows_of
from snakebatch.mesh.prediction_store import PredictionStore

TOLD_BYTES = 32 << 20
"""Of a compact model that stays in memory after its votes were told one by one."""


@dataclass
class Computing:
    """One warm environment in the role ``predict``: its store, and the models it has been asked for."""

    store: PredictionStore
    models: ModelCache

    def run(self, event: ChunkEvent) -> dict[str, Any]:
        """Answer a chunk; the answers are in the result where they are small, else in S3.

        A repeated chunk gives the same answers. Raises ChecksumError on a damaged model or damaged rows.
        """
        text = self.store.chunk(event.execution, event.chunk) if event.rows is None else event.rows
        rows = [row for row, _ in rows_of(text)]
        if len(rows) != event.n:
            raise MeshError(f"chunk {event.chunk} has {len(rows)} rows, not {event.n}: ask again")
        answers = answer(self._model(event.model), rows, event.mode)
        if event.mode in POPULATION_MODES:
            # To tell each vote, the model made lists of its arrays: a large one's would fill the memory.
            self.models.forget_larger(event.model, TOLD_BYTES)
        lines = "\n".join(map(text_of, answers))
        if len(canonical(lines)) <= event.inline:
            return ChunkResult(chunk=event.chunk, n=event.n, answers=lines).body()
        self.store.put_answers(event.execution, event.chunk, lines)
        return ChunkResult(chunk=event.chunk, n=event.n).body()

    def _model(self, digest: str) -> Model:
        return self.models.get(digest, lambda: named(digest, self.store.compact(digest)))
