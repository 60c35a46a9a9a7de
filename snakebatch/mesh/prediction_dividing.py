"""Divide: a batch checked row by row, and cut in chunks (v9's predict_divide). No shard was asked until then.

An inline Map takes few chunks, all of one size; a Distributed Map as many as it takes, each of a size that a
shard answers in seconds.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from snakebatch.engine.answers import POPULATION_MODES
from snakebatch.errors import InputError
from snakebatch.mesh.canonical import canonical
from snakebatch.mesh.dataset import Dataset
from snakebatch.mesh.places import Places
from snakebatch.mesh.prediction_messages import (
    Asked,
    ChunkItem,
    DivideEvent,
    PredictInput,
    read_predict_input,
)
from snakebatch.mesh.prediction_models import ModelShelf
from snakebatch.mesh.prediction_rows import RowChecker, rows_of, rows_of_csv, rows_of_json_file
from snakebatch.mesh.prediction_store import PredictionStore
from snakebatch.mesh.routing import wave_shard

FEW_CHUNKS = 40
"""Chunks of an inline Map: the service runs 40 iterations at once."""

MANY_CHUNKS = 10_000
"""Chunks of a file: a Distributed Map runs as many children at once, and its items stay a small file."""

FEW_BYTES = 64 << 20
"""Characters of a small batch: with all that is made of it, it is held in memory."""

CHUNK_BYTES = 16 << 20
"""Characters of a chunk of a file, about."""

INLINE = 160 << 10
"""Bytes of rows, or of answers, that travel inline: a state's input and output have 256 KiB at most."""

_WRITERS = 8


@dataclass(frozen=True)
class ChunkRows:
    """Rows of a chunk: at ``least`` in a small batch (an invocation has its price), at ``most`` in a file."""

    least: int
    most: int


CHEAP, COSTLY = ChunkRows(1_000, 25_000), ChunkRows(100, 2_500)
"""A row costs 0.05 ms or so where votes are counted, some ms where each is told."""


SHARES = 1_000_000
"""Most probabilities in a chunk's answers: a row has one for each class, and a number has many."""


def chunk_rows(mode: str, classes: int) -> ChunkRows:
    """How many rows of a mode make a chunk, of a model of so many classes."""
    found = COSTLY if mode in POPULATION_MODES else CHEAP
    if mode not in ("probability", "augmented"):
        return found
    most = max(1, min(found.most, SHARES // classes))
    return ChunkRows(min(found.least, most), most)


class Dividing:
    """Cuts batches; ``store`` is where chunks go that don't travel inline.

    ``dataset_objects`` are the files that may be asked about in other buckets, as ARNs.
    """

    def __init__(self, store: PredictionStore, dataset_objects: tuple[str, ...] = ()) -> None:
        self.store = store
        self.shelf = ModelShelf(store)
        self.places = Places(store.objects, dataset_objects)

    def run(self, event: DivideEvent) -> dict[str, Any]:
        """Cut a batch; returns what was ``asked``, and the ``items`` of the Map or the key of their file.

        Raises InputError naming the parameter, or row and column; ModelError on a model that can't answer.
        """
        given = read_predict_input(event.input)
        self.places.check_model(given.model)
        if given.data is not None:
            self.places.check_batch(given.data)
        execution = _own_name(event)
        card = self.shelf.card(given.model, given.mode)
        checker = RowChecker(card.header, card.datatypes)
        sizes = chunk_rows(given.mode, card.classes)
        with _open(self.store, given, checker) as rows:
            lines = _checked(rows, checker)
            if event.few:
                chunks = few_chunks(lines, sizes)
                items = self._hand_out(execution, card.digest, chunks)
            else:
                items = list(self._write(execution, card.digest, many_chunks(lines, sizes)))
        if not items:
            raise InputError("there are no rows; give at least one")
        asked = Asked(
            execution=execution,
            model=card.digest,
            mode=given.mode,
            rows=sum(item.n for item in items),
            chunks=len(items),
            inline=INLINE // len(items) if event.few else 0,
        )
        if event.few:
            return {"asked": asked.body(), "items": [item.body() for item in items]}
        return {
            "asked": asked.body(),
            "items": self.store.put_items(execution, items),
            "results": self.store.results(execution),
        }

    def _hand_out(self, execution: str, digest: str, chunks: list[list[str]]) -> list[ChunkItem]:
        """The chunks of a small batch, inline where all of them together are small enough."""
        texts = ["\n".join(chunk) for chunk in chunks]
        inline = sum(len(canonical(text)) for text in texts) <= INLINE
        if not inline:
            with ThreadPoolExecutor(_WRITERS) as writers:
                written = writers.map(
                    lambda numbered: self.store.put_chunk(execution, *numbered), enumerate(texts)
                )
                list(written)  # raises what a writer raised
        return [
            ChunkItem(
                chunk=number,
                shard=wave_shard(digest, number),
                n=len(chunk),
                rows=texts[number] if inline else None,
            )
            for number, chunk in enumerate(chunks)
        ]

    def _write(self, execution: str, digest: str, chunks: Iterable[list[str]]) -> Iterator[ChunkItem]:
        """Write the chunks of a file, one in memory at a time."""
        for number, chunk in enumerate(chunks):
            if number >= MANY_CHUNKS:
                raise InputError(f"the file has more than {MANY_CHUNKS:,} chunks: ask in several files")
            self.store.put_chunk(execution, number, "\n".join(chunk))
            yield ChunkItem(chunk=number, shard=wave_shard(digest, number), n=len(chunk))


def few_chunks(lines: Iterable[str], sizes: ChunkRows) -> list[list[str]]:
    """At most FEW_CHUNKS chunks of one size (the last may be smaller); raises InputError on a large batch."""
    rows: list[str] = []
    size = 0
    most = FEW_CHUNKS * sizes.most
    for line in lines:
        size += len(line) + 1
        if size > FEW_BYTES or len(rows) == most:
            raise InputError(
                f"a small batch of this model and mode has at most {most:,} rows, and {FEW_BYTES:,} "
                "characters; ask for more by a file, through the workflow for files"
            )
        rows.append(line)
    each = max(sizes.least, -(-len(rows) // FEW_CHUNKS))
    return [rows[start : start + each] for start in range(0, len(rows), each)]


def many_chunks(lines: Iterable[str], sizes: ChunkRows) -> Iterator[list[str]]:
    """Chunks of a file, of as many rows as a shard answers in seconds, or fewer long ones."""
    chunk: list[str] = []
    size = 0
    for line in lines:
        if chunk and (len(chunk) == sizes.most or size + len(line) > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += len(line) + 1
    if chunk:
        yield chunk


def _own_name(event: DivideEvent) -> str:
    """The name under which a batch's objects lie: two EXPRESS executions may have one name."""
    return f"{event.execution[:40]}-{secrets.token_hex(8)}" if event.few else event.execution


def _checked(rows: Iterable[tuple[Any, str]], checker: RowChecker) -> Iterator[str]:
    for number, (row, line) in enumerate(rows, 1):
        checker.check(row, number)
        yield line


@contextmanager
def _open(
    store: PredictionStore, given: PredictInput, checker: RowChecker
) -> Iterator[Iterator[tuple[Any, str]]]:
    """The rows of a batch, wherever they are, each with its line."""
    if given.data is None:
        yield rows_of(given.rows or [])
        return
    name = given.data.lower().removesuffix(".gz")
    if not name.endswith((".csv", ".jsonl")):
        raise InputError(f"data: {given.data} is neither .csv nor .jsonl (.gz after it is fine)")
    try:
        with Dataset(store.objects.s3, given.data).open() as text:
            yield rows_of_csv(text, checker) if name.endswith(".csv") else rows_of_json_file(text)
    except InputError as error:
        raise error if given.data in str(error) else InputError(f"{given.data}: {error}") from error
