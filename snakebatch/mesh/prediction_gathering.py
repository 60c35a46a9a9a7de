"""Gather: the answers of all chunks in the order of the rows, in one file; or what stopped the batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from snakebatch.errors import InvariantError
from snakebatch.mesh.failures import explain
from snakebatch.mesh.prediction_messages import ExplainEvent, GatherEvent
from snakebatch.mesh.prediction_store import PredictionStore


@dataclass
class Gathering:
    """Ends the batches of files."""

    store: PredictionStore

    def run(self, event: GatherEvent) -> dict[str, Any]:
        """Write the answers of a file, one JSON line a row; returns the execution's output."""
        asked = event.asked
        return {
            "status": "PREDICTED",
            "answers": self.store.put_all_answers(asked.execution, self._pieces(event)),
            "mode": asked.mode,
            "model": asked.model,
            "rows": asked.rows,
            "chunks": asked.chunks,
        }

    def explain(self, event: ExplainEvent) -> dict[str, Any]:
        """The true error and its one line, for the state that ends a failed execution."""
        return explain(self.store.objects, event.failure, self.store.results(event.execution)).body()

    def _pieces(self, event: GatherEvent) -> Iterator[str]:
        """A chunk's answers at a time; raises InvariantError where they are not one a row."""
        execution = event.asked.execution
        for item in self.store.items(execution):
            lines = self.store.answers(execution, item.chunk)
            # Lines of JSON hold no line end: one after each but the last.
            if lines.count("\n") + 1 != item.n:
                raise InvariantError(
                    f"chunk {item.chunk} has {lines.count(chr(10)) + 1} answers for {item.n} rows: ask again"
                )
            yield f"{lines}\n"
