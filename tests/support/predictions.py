"""A small model that answers all modes, rows to ask it about, and what it answers in process."""

from __future__ import annotations

import functools
import json
import random
from pathlib import Path
from typing import Any

from snakebatch.engine.answers import POPULATION_MODES
from snakebatch.snake import Snake

KEY = "models/small/model.json"
"""Where tests put it in the jobs bucket; its stripped form lies beside."""


@functools.cache
def small_snake() -> Snake:
    """Two numbers and a word tell three classes, which are numbers, apart."""
    draw = random.Random(5)
    rows = []
    for n in range(12):
        y = n % 3
        word = f"{draw.choice(['ab', 'cd'])}{y if draw.random() < 0.8 else 9}"
        rows.append({"y": y, "x": draw.gauss(2 * y, 1), "long number": 10**17 + n, "word": word})
    return Snake(rows, target_index="y", n_layers=2, bucket=6, noise=0, seed=1)


@functools.cache
def queries(count: int) -> list[dict[str, Any]]:
    """Rows to ask about, no two of any 997 in a row alike; some lack a cell or a column."""
    draw = random.Random(6)
    different = []
    for n in range(997):
        row = {"x": draw.gauss(2, 2), "long number": 10**17 + n, "word": f"cd{n % 10} é☃", "note": n}
        if n % 50 == 7:
            row["x"] = None
        if n % 50 == 8:
            del row["word"]
        different.append(row)
    return [different[n % len(different)] for n in range(count)]


@functools.cache
def in_process(mode: str, count: int) -> list[Any]:
    """The JSON of the answers of ``Snake``, asked about all rows at once.

    Where each row is told by itself, which is slow, about the first 997: the others repeat these.
    """
    rows = queries(count)
    if mode not in POPULATION_MODES:
        return json_of(ask(small_snake(), rows, mode))
    answers = json_of(ask(small_snake(), rows[:997], mode))
    return [answers[n % len(answers)] for n in range(count)]


def ask(snake: Snake, rows: list[dict[str, Any]], mode: str) -> Any:
    return getattr(snake, f"get_{mode}")(rows)


def json_of(value: Any) -> Any:
    """What comes out of JSON again: keys that are texts, lists for tuples."""
    return json.loads(json.dumps(value))


def write_models(folder: Path, s3: Any, bucket: str, key: str = KEY) -> None:
    """Put the full and the stripped model into a bucket, as the workflow does."""
    for name, stripped in (("model.json", False), ("model_stripped.json", True)):
        small_snake().to_json(folder / name, stripped=stripped)
        s3.upload_file(str(folder / name), bucket, f"{key.rpartition('/')[0]}/{name}")
