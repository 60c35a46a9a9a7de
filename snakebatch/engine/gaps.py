"""What a partial model lacks: an empty bucket stands where a leaf is missing (decision 092).

It is seen in the layers themselves: whatever else a file says, it can't be overlooked.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from snakebatch.engine.model import Model
from snakebatch.engine.wording import wording


class Gap(NamedTuple):
    """A leaf that is missing: its place, and in words which rows it would take (none: all that get there)."""

    layer: int
    bucket: int
    condition: tuple[str, ...]


class LayerCover(NamedTuple):
    """How many of the rows that the model was made for have their bucket in a layer."""

    layer: int
    rows: int
    rows_covered: int
    gaps: tuple[Gap, ...]


def cover_of_layers(model: Model) -> tuple[LayerCover, ...]:
    """The coverage of every layer."""
    return tuple(_layer(model, number) for number in range(len(model.layers)))


def coverage(model: Model) -> float:
    """The part of rows x layers whose bucket is there: 1.0 of a whole model."""
    if not model.is_partial:
        return 1.0
    layers = cover_of_layers(model)
    rows = sum(layer.rows for layer in layers)
    return sum(layer.rows_covered for layer in layers) / rows if rows else 0.0


def warning_of(model: Model) -> str | None:
    """What is said of a partial model where it is loaded or asked; None of a whole one."""
    if not model.is_partial:
        return None
    short = [layer for layer in cover_of_layers(model) if layer.gaps]
    named = ", ".join(f"layer {one.layer} covers {one.rows_covered} of {one.rows} rows" for one in short[:5])
    more = f" and {len(short) - 5} more layers" if len(short) > 5 else ""
    return (
        f"this model is partial ({100 * coverage(model):.1f}% covered: {named}{more}): rows of missing "
        "leaves get no votes of these layers; start its job again to make it whole"
    )


def _layer(model: Model, number: int) -> LayerCover:
    rows = len(model.codes)
    empty = [place for place, bucket in enumerate(model.layers[number]) if bucket.is_empty]
    if not empty:
        return LayerCover(number, rows, rows, ())
    covered = {
        row
        for bucket in model.layers[number]
        for row, origin in zip(bucket.members, bucket.origins, strict=True)
        if origin == "c"
    }
    return LayerCover(number, rows, len(covered), tuple(_gap(model, number, place) for place in empty))


def _gap(model: Model, layer: int, place: int) -> Gap:
    condition = model.layers[layer][place].condition or ()
    return Gap(layer, place, tuple(wording(literal, model.header) for literal in condition))


def told(layers: tuple[LayerCover, ...]) -> list[dict[str, Any]]:
    """The same as dicts, lists, texts and numbers."""
    return [
        {
            "layer": one.layer,
            "rows": one.rows,
            "rows_covered": one.rows_covered,
            "missing": [{"bucket": gap.bucket, "condition": list(gap.condition)} for gap in one.gaps],
        }
        for one in layers
    ]
