"""The text of model.json: the one place that knows it.

The file is made of pieces, one bucket or some rows each, so that a model larger than memory can be streamed,
and of lines, one bucket or row each, so that two models can be compared line by line. The same model gives
the same bytes on every machine: keys stand in a fixed order, floats are Python's shortest ``repr``, and
nothing of clock, host or job comes in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.population import NumberColumn, Population
from snakebatch.engine.settings import Settings

FORMAT = "5.4.8"
"""The version of the format that we write."""

ROWS_PER_PIECE = 256

ROW_SEAM = ",\n"
TARGET_SEAM = ","
BUCKET_SEAM = ",\n"
LAYER_SEAM = "],\n[\n"
"""What stands between two of them. Before the first layer stands a line's end, and the seam's second half."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def _plain(value: Any) -> Any:
    # Targets of datatype J are kept as they came, so a date or a NumPy number may sit in one.
    return value.item() if isinstance(value, np.generic) else str(value)


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain)


def text_of(value: Any) -> str:
    """Compact JSON, non-ASCII characters as they are; only lone surrogates, which UTF-8 can't hold, are
    escaped.
    """
    text = _encoder.encode(value)
    if text.isascii():
        return text
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def bucket_text(bucket: Bucket) -> str:
    """One bucket as one line of compact JSON, without the line's end."""
    return text_of(
        {
            "condition": bucket.condition,
            "members": bucket.members,
            "origins": bucket.origins,
            "clauses": bucket.clauses,
            "lookalikes": {str(position): conds for position, conds in enumerate(bucket.lookalikes)},
        }
    )


def bucket_content(bucket: Bucket) -> dict[str, Any]:
    """One bucket as ``json.loads`` would give it: a copy that may be changed without harm."""
    content: dict[str, Any] = json.loads(bucket_text(bucket))
    return content


def model_pieces(
    population: Population, settings: Settings, layers: Iterable[Iterable[str]], *, stripped: bool
) -> Iterator[str]:
    """Yield the text of model.json in pieces; ``layers`` are the bucket texts of every layer, in order.

    Memory is bounded by a piece: ``ROWS_PER_PIECE`` rows, or a bucket.
    """
    return file_pieces(
        stripped=stripped,
        rows=() if stripped else row_dicts(population),
        header=population.header,
        targets=map(population.classes.__getitem__, _codes(population)),
        datatypes=population.datatypes,
        config=config_of(settings),
        layers=layers,
        log=log_of(settings),
    )


def config_of(settings: Settings) -> dict[str, Any]:
    """``config`` as the reference names it; always one worker and not vocal, since neither may change the
    bytes.
    """
    return {
        "n_layers": settings.n_layers,
        "bucket": settings.bucket,
        "noise": settings.noise,
        "vocal": False,
        "workers": 1,
        "oppose_profile": settings.oppose_profile,
        "lookahead": settings.lookahead,
    }


def log_of(settings: Settings) -> str:
    """What made the model, without clock, host or job."""
    return f"snakebatch engine {settings.engine} seed {settings.seed} tau {settings.tau}"


def row_dicts(population: Population) -> Iterator[dict[str, Any]]:
    """The rows of a population as dicts in header order, made in blocks."""
    header, classes = population.header, population.classes
    for start in range(0, len(population), ROWS_PER_PIECE):
        stop = start + ROWS_PER_PIECE
        columns: list[list[Any]] = [[classes[code] for code in population.codes[start:stop].tolist()]]
        for column in population.features:
            if isinstance(column, NumberColumn):
                columns.append(column.values[start:stop].tolist())
            else:
                vocabulary = column.vocabulary
                columns.append([vocabulary[code] for code in column.codes[start:stop].tolist()])
        for values in zip(*columns, strict=True):
            yield dict(zip(header, values, strict=True))


def file_pieces(
    *,
    stripped: bool,
    rows: Iterable[Mapping[str, Any]],
    header: Sequence[str],
    targets: Iterable[Any],
    datatypes: Sequence[str],
    config: Mapping[str, Any],
    layers: Iterable[Iterable[str]],
    log: str,
) -> Iterator[str]:
    """Yield the text of a model.json with these contents, in pieces."""
    yield f'{{"version":{text_of(FORMAT)},\n"stripped":{text_of(stripped)},\n"population":['
    yield from _lines(map(text_of, rows), ROWS_PER_PIECE, ROW_SEAM)
    yield f'],\n"header":{text_of(header)},\n"target":{text_of(header[0])},\n"targets":['
    separator = ""
    for piece in _blocks(map(text_of, targets), 16 * ROWS_PER_PIECE):
        yield separator + TARGET_SEAM.join(piece)
        separator = TARGET_SEAM
    yield f'],\n"datatypes":{text_of(datatypes)},\n"config":{text_of(config)},\n"layers":['
    closed = ""
    for layer in layers:
        yield "\n[" if not closed else LAYER_SEAM[:-1]
        yield from _lines(layer, 1, BUCKET_SEAM)
        closed = "]"
    yield f'{closed}],\n"log":{text_of(log)}}}\n'


def _codes(population: Population) -> Iterator[int]:
    for start in range(0, len(population), 16 * ROWS_PER_PIECE):
        yield from population.codes[start : start + 16 * ROWS_PER_PIECE].tolist()


def _lines(texts: Iterable[str], per_piece: int, seam: str) -> Iterator[str]:
    separator = "\n"
    for piece in _blocks(texts, per_piece):
        yield separator + seam.join(piece)
        separator = seam


def _blocks(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(texts)
    while block := list(islice(rest, size)):
        yield block
