"""The models of undisturbed trainings, made in this process: what every run has to end in."""

from __future__ import annotations

import csv
import io
import tempfile
import threading
from pathlib import Path

from snakebatch.chaos.plan import Shape
from snakebatch.snake import Snake


class Models:
    """Makes each once. Safe to use from several threads."""

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], bytes] = {}
        self._lock = threading.Lock()

    def of(self, shape: Shape) -> bytes:
        """The bytes of model.json."""
        name = (shape.rows, shape.table_seed, *shape.training().items())
        with self._lock:
            if name not in self._made:
                self._made[name] = _trained(shape)
            return self._made[name]


def _trained(shape: Shape) -> bytes:
    rows = list(csv.DictReader(io.StringIO(shape.table())))
    with tempfile.TemporaryDirectory(prefix="snakebatch-chaos-") as folder:
        path = Path(folder) / "model.json"
        Snake(rows, target_index="y", noise=0, **shape.training()).to_json(path)
        return path.read_bytes()
