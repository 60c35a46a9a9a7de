"""Runs of model.json that shards write, with seams on both sides, so that S3 itself can put them together.

A leaf packet's run is its buckets, a row packet's run is its rows and then its targets. What stands between
two runs depends on whether a layer ends there, which a shard can't know: so each run carries the seam of a
layer in front and the seam of a bucket behind, and assembly takes the range of it that fits. The ranges laid
end to end are the bytes that ``engine/model_json`` writes in one go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from snakebatch.engine.model_json import BUCKET_SEAM, LAYER_SEAM, ROW_SEAM, TARGET_SEAM
from snakebatch.mesh.messages import Text
from snakebatch.mesh.objects import md5_of

_FIRST_LAYER = LAYER_SEAM.index("[")
"""Where the seam before the first layer begins, which has no layer before it to be closed."""


class Run(NamedTuple):
    """The bytes of a run, and what a report says of them."""

    data: bytes
    text: Text


def _run(data: bytes, split: int = 0) -> Run:
    return Run(data, Text(bytes=len(data), md5=md5_of(data), split=split))


def bucket_run(buckets: Iterable[str]) -> Run:
    """The run of a leaf packet's buckets."""
    return _run("".join([LAYER_SEAM, BUCKET_SEAM.join(buckets), BUCKET_SEAM]).encode())


def bucket_range(text: Text, *, first: bool, layer_begins: bool, layer_ends: bool) -> tuple[int, int]:
    """Which bytes of a bucket run stand in the model; ``first`` is the run that the model's layers begin
    with.
    """
    start = len(LAYER_SEAM)
    if layer_begins:
        start = _FIRST_LAYER if first else 0
    return start, text.bytes - (len(BUCKET_SEAM) if layer_ends else 0)


def row_run(rows: Iterable[str], targets: Iterable[str]) -> Run:
    """The run of some rows: blocks of their texts, and of their targets', each with its seams inside."""
    head = "".join([ROW_SEAM.join(rows), ROW_SEAM]).encode()
    return _run(head + "".join([TARGET_SEAM.join(targets), TARGET_SEAM]).encode(), split=len(head))


def row_range(text: Text, *, last: bool) -> tuple[int, int]:
    """Which bytes of a row run are the rows that stand in the model."""
    return 0, text.split - (len(ROW_SEAM) if last else 0)


def target_range(text: Text, *, last: bool) -> tuple[int, int]:
    """Which bytes of a row run are the targets that stand in the model."""
    return text.split, text.bytes - (len(TARGET_SEAM) if last else 0)
