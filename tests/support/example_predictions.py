"""The events of predictions: rows of the example's table, asked of the model that its training makes."""

from __future__ import annotations

import csv
import json
from typing import Any

from snakebatch.local.loopback import new_rows
from snakebatch.mesh.prediction_dividing import Dividing
from snakebatch.mesh.prediction_messages import DivideEvent
from snakebatch.mesh.prediction_store import PredictionStore
from tests.support.mesh import BUCKET, MeshBench

Events = dict[str, dict[str, Any]]
INLINE = 4096
"""Bytes of answers that the example wants inline."""


def prediction_events(mesh: MeshBench, model: str, written: Events) -> Events:
    """The events of a batch and of a file, from what is ``written`` now; ``model`` is a URI in the bench."""
    named = written["stage"]["input"]["dataset"].removeprefix("s3://").partition("/")[0]
    dividing = Dividing(PredictionStore(mesh.store.objects))

    def divided(name: str, **change: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        asked = written[name]
        asked["input"] |= {"model": model.replace(BUCKET, named), **change}
        ours = asked | {"input": {**asked["input"], "model": model}}
        if "data" in change:
            ours["input"]["data"] = mesh.upload(new_rows(), "new.csv")
        return asked, dividing.run(DivideEvent.model_validate(ours))

    few, batch = divided("predict-divide", rows=_rows()[:2])
    many, file = divided("predict-divide-file", data=f"s3://{named}/datasets/new.csv")
    item = batch["items"][0]
    (many_item,) = json.loads(mesh.store.objects.get(file["items"]))
    return {
        "predict-input": few["input"],
        "predict-batch-input": many["input"],
        "predict-divide": few,
        "predict-divide-file": many,
        "shard-predict": _chunk(batch["asked"], item, many["execution"], INLINE),
        "shard-predict-file": _chunk(file["asked"], many_item, many["execution"], 0),
        "predict-gather": {"step": "gather", "asked": file["asked"]},
    }


def _rows() -> list[dict[str, Any]]:
    rows = csv.DictReader(new_rows().decode().splitlines())
    return [{name: _cell(text) for name, text in row.items()} for row in rows]


def _cell(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _chunk(asked: dict[str, Any], item: dict[str, Any], execution: str, inline: int) -> dict[str, Any]:
    """As the Map's ItemSelector asks a shard; a small batch draws its name, here the example's stands."""
    return {
        "role": "predict",
        "execution": execution,
        "model": asked["model"],
        "mode": asked["mode"],
        "inline": inline,
        **{name: item.get(name) for name in ("chunk", "shard", "n", "rows")},
    }
