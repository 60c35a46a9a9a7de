"""The audit: why a row was answered as it was, layer by layer, in sentences that are true of the row.

A layer's *Routing AND* is the condition of the bucket that the row ends in. A *Lookalike AND* is a cond: all
of its clauses are false on the row, so the negation of each of their literals holds. ``explanation`` finds
both, ``wording`` puts literals into words; here they become lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from snakebatch.engine.explanation import Explanation, Layer, Reason, explain
from snakebatch.engine.model import Model, class_key
from snakebatch.engine.queries import Row
from snakebatch.engine.wording import legible, spelt

_LISTED = 20
"""Most rows or classes that an audit names in one place."""


def audit(model: Model, row: Row) -> str:
    """The audit of one row, as text; raises StrippedModelError on a stripped model."""
    model.need_population("an audit")
    found = explain(model, row)
    lines = [f"Prediction: {spelt(found.prediction)}", *_votes_lines(found)]
    if found.regression is not None:
        lines.append(f"Regression: {legible(found.regression.value)} ({found.regression.source})")
    for layer in found.layers:
        size = len(model.layers[layer.layer])
        lines += ["", f"Layer {layer.layer}: bucket {layer.bucket} of {size}, {layer.members} members"]
        lines += _routing_lines(layer)
        lines += _lookalike_lines(layer)
    return "\n".join(lines) + "\n"


def augmented(model: Model, row: Row) -> dict[str, Any]:
    """The row with its lookalikes, probability, prediction and audit; StrippedModelError on a stripped
    model.
    """
    model.need_population("an augmented row")
    found = model.lookalikes(row)
    votes = [0] * len(model.classes)
    for lookalike in found:
        votes[int(model.codes[lookalike.row])] += 1
    total = sum(votes)
    probability = {
        class_key(value): count / total if total else 1 / len(votes)
        for value, count in zip(model.classes, votes, strict=True)
    }
    regression = {"Regression": model.regression(row)._asdict()} if model.datatypes[0] == "N" else {}
    return {
        **row,
        **regression,
        "Lookalikes": [[one.row, model.targets[one.row], one.cond] for one in found],
        "Probability": probability,
        "Prediction": model.classes[votes.index(max(votes))],
        "Audit": audit(model, row),
    }


def _votes_lines(found: Explanation) -> Iterator[str]:
    if not found.votes:
        yield "No lookalike was found: every class is as likely as another"
        return
    for share in found.probabilities[:_LISTED]:
        votes = f"{share.votes} of {found.votes} votes"
        yield f"  {spelt(share.target)}: {votes}, P = {share.probability:.4f}"


def _routing_lines(layer: Layer) -> Iterator[str]:
    if layer.routing == "else":
        yield "  Routing AND: ELSE (no bucket before this one took the row)"
    elif layer.routing == "condition":
        yield "  Routing AND:"
        for text in layer.condition:
            yield f"    {text}"
    else:
        yield "  Routing AND: no condition of the layer holds, so the last bucket takes the row"


def _lookalike_lines(layer: Layer) -> Iterator[str]:
    if not layer.members:
        yield "  Lookalike AND: none, this leaf is missing: the model is partial, this layer has no vote"
    elif not layer.reasons:
        yield "  Lookalike AND: none, no member of the bucket looks alike"
    for reason in layer.reasons:
        yield "  Lookalike AND:" if reason.because else "  Lookalike AND: always (every member votes)"
        for text in reason.because:
            yield f"    {text}"
        yield from _vote_lines(reason)


def _vote_lines(reason: Reason) -> Iterator[str]:
    for target, group in groupby(reason.lookalikes, lambda alike: spelt(alike.target)):
        rows = [f"{alike.row}{' (noise)' if alike.origin == 'noise' else ''}" for alike in group]
        more = f" and {len(rows) - _LISTED} more" if len(rows) > _LISTED else ""
        votes = f"{len(rows)} vote{'s' if len(rows) > 1 else ''}"
        yield f"    -> {target}: {votes}, rows {', '.join(rows[:_LISTED])}{more}"
