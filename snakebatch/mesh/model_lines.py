"""A compact model made while model.json is read: a bucket in memory at a time, however large the file.

Our writer puts each key, row and bucket on a line of its own (``engine/model_json``). A file laid out in
another way is no worse a model, but has to be parsed whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.model_reader import ModelFile, read_layer, read_model
from snakebatch.engine.targets import classify
from snakebatch.errors import ModelError
from snakebatch.mesh.model_file import Builder


class OtherLayoutError(Exception):
    """The file is not laid out in lines as ours are. Never reaches a user."""


class Compacted(NamedTuple):
    """A compact file, and what must be known of the model."""

    data: bytes
    stripped: bool
    header: tuple[str, ...]
    datatypes: tuple[str, ...]
    classes: int


def too_large(most_bytes: int) -> ModelError:
    """What is said of a model whose compact form would have more bytes than that."""
    return ModelError(
        f"made compact, it has more than the {most_bytes:,} bytes that a shard holds: "
        "load it with snakebatch.Snake and ask it in process"
    )


def compacted(lines: Iterator[bytes], most_bytes: int) -> Compacted:
    """The compact file of a model.json that comes line by line.

    Raises ModelError naming the place of what is wrong with it, or where its compact form would have more
    than ``most_bytes``; OtherLayoutError where the lines are not ours.
    """
    head, rows, stripped = _head(lines)
    if not stripped and rows != len(head.targets):
        raise ModelError(f"model.json, population: has {rows} rows, targets {len(head.targets)}")
    classes, codes = _classified(head)
    builder = Builder(head.header, head.datatypes, classes, codes)
    for is_first, text in _buckets(lines):
        if is_first:
            builder.begin_layer()
        (bucket,) = read_layer([_parsed(text)], len(head.header), len(head.targets))
        builder.add(bucket)
        if builder.size > most_bytes:
            raise too_large(most_bytes)
    if [_object(b"{" + line).keys() for line in lines] != [{"log"}]:
        raise OtherLayoutError
    return Compacted(builder.to_bytes(), stripped, head.header, head.datatypes, len(classes))


def _head(lines: Iterator[bytes]) -> tuple[ModelFile, int, bool]:
    """All before the layers, checked; how many rows there are, and whether they were left out."""
    content: dict[str, Any] = {}
    rows = 0
    for number, line in enumerate(lines):
        if line == b'"layers":[':
            break
        if line == b'"population":[':
            rows = _skip_rows(lines)
        else:
            start = b"" if number == 0 else b"{"
            content |= _object(start + line.removesuffix(b",") + b"}")
    stripped = content.get("stripped")
    if not isinstance(stripped, bool) or not {"header", "targets", "datatypes"} <= content.keys():
        raise OtherLayoutError
    return read_model({**content, "stripped": True, "population": [], "layers": []}), rows, stripped


def _classified(head: ModelFile) -> tuple[Sequence[Any], NDArray[np.int32]]:
    try:
        return classify(head.targets, head.datatypes[0])
    except (TypeError, RecursionError) as error:
        raise ModelError(f"model.json, targets: can't be sorted into classes: {error}") from error


def _skip_rows(lines: Iterator[bytes]) -> int:
    for number, line in enumerate(lines, 1):
        if not line.startswith(b"{"):
            break
        if line.endswith(b"}],"):
            return number
    raise OtherLayoutError


def _buckets(lines: Iterator[bytes]) -> Iterator[tuple[bool, bytes]]:
    """The text of every bucket, and whether it is the first of a layer."""
    while next(lines, b"") == b"[":
        is_first = True
        for line in lines:
            text = line.rstrip(b"],")
            yield is_first, text
            is_first = False
            end = line[len(text) :]
            if end == b"]],":
                return
            if end == b"],":
                break
            if end != b",":
                raise OtherLayoutError
    raise OtherLayoutError


def _object(text: bytes) -> dict[str, Any]:
    found = _parsed(text)
    if not isinstance(found, dict):
        raise OtherLayoutError
    return found


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OtherLayoutError from error
