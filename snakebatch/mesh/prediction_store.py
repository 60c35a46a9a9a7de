"""The one place that knows where the objects of predictions lie, beside the jobs in their bucket.

    models/...                                  models that somebody put there; a job's lie with the job
    compact/{digest}.bin                        a model's compact form, named by its content
    compact/cards/{id}.json                     which model.json it was made of, and what must be known of it
    predictions/{execution}/rows.jsonl          rows that were too many to travel inline
    predictions/{execution}/items.json          what the Distributed Map reads; its results/ lie beside
    predictions/{execution}/chunks/{n}.gz       the rows of a chunk, sealed
    predictions/{execution}/answers/{n}.gz      their answers, sealed
    answers/{execution}.jsonl                   the answers of a whole file, a line a row

What lies under predictions/ is of use while its execution runs, and expires.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from snakebatch.errors import InputError, MeshError
from snakebatch.mesh.canonical import canonical, content_hash, read_json, seal, unseal
from snakebatch.mesh.messages import Message, parse
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.prediction_messages import ChunkItem

FULL, STRIPPED = "model.json", "model_stripped.json"


class ModelCard(Message):
    """What must be known of a model to check a batch: where its compact form lies, and what rows it takes."""

    digest: str
    stripped: bool
    header: list[str]
    datatypes: list[str]
    classes: int


class PredictionStore:
    """Reads and writes the objects of predictions; what it sealed is checked against its checksum."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    # Models

    def model_key(self, uri: str) -> str:
        """The key of a model; raises InputError where it lies in another bucket."""
        home = self.objects.uri("")
        if not uri.startswith(home):
            raise InputError(
                f"model: {uri} is not in the jobs bucket: copy it to {home}models/ and name that"
            )
        return uri.removeprefix(home)

    def stripped_beside(self, key: str) -> str:
        """Where the workflow writes the stripped form of the model at ``key``; ``key`` of any other model."""
        folder, _, name = key.rpartition("/")
        return f"{folder}/{STRIPPED}" if name == FULL else key

    def find_card(self, key: str, etag: str) -> ModelCard | None:
        """The card of the model whose content has that ETag, if it was asked before by this version."""
        name = self._card(key, etag)
        data = self.objects.find(name)
        if data is None:
            return None
        try:
            return parse(ModelCard, read_json(data, name))
        except MeshError:
            return None  # another version's, or damaged: the card is made anew, and written over

    def put_card(self, key: str, etag: str, card: ModelCard) -> None:
        self.objects.put(self._card(key, etag), canonical(card.body()).encode())

    @staticmethod
    def _card(key: str, etag: str) -> str:
        return f"compact/cards/{content_hash(canonical([key, etag]))}.json"

    def forget_compact(self, key: str) -> None:
        """Delete the compact form of the model at ``key``, as long as that is there.

        Another model of the same content has it made again at its next question.
        """
        stamp = self.objects.stamp(key)
        card = None if stamp is None else self.find_card(key, stamp[0])
        if stamp is not None and card is not None:
            self.objects.delete(self._compact(card.digest))
            self.objects.delete(self._card(key, stamp[0]))

    def put_compact(self, digest: str, data: bytes) -> None:
        """Write a compact model unless it is there; its content was hashed into its name."""
        self.objects.create(self._compact(digest), data)

    def compact(self, digest: str) -> bytes:
        return self.objects.get(self._compact(digest))

    def has_compact(self, digest: str) -> bool:
        return self.objects.stamp(self._compact(digest)) is not None

    @staticmethod
    def _compact(digest: str) -> str:
        return f"compact/{digest}.bin"

    # Rows and answers, as texts of JSON lines

    def put_rows(self, execution: str, lines: str) -> str:
        """Write rows that are too many for an execution's input; returns their URI."""
        key = _key(execution, "rows.jsonl")
        self.objects.put(key, lines.encode())
        return self.objects.uri(key)

    def put_chunk(self, execution: str, chunk: int, lines: str) -> None:
        self.objects.put(_chunk(execution, chunk), seal("rows", lines), "application/gzip")

    def chunk(self, execution: str, chunk: int) -> str:
        return self._sealed("rows", _chunk(execution, chunk))

    def put_answers(self, execution: str, chunk: int, lines: str) -> None:
        self.objects.put(_answers(execution, chunk), seal("answers", lines), "application/gzip")

    def answers(self, execution: str, chunk: int) -> str:
        return self._sealed("answers", _answers(execution, chunk))

    def _sealed(self, kind: str, key: str) -> str:
        lines = unseal(kind, self.objects.get(key), key)
        if not isinstance(lines, str):
            raise MeshError(f"{key} holds no {kind}: start the execution again")
        return lines

    # A batch file

    def put_items(self, execution: str, items: Iterable[ChunkItem]) -> str:
        """Write what the Distributed Map reads; returns its key."""
        key = _key(execution, "items.json")
        self.objects.put(key, canonical([item.body() for item in items]).encode())
        return key

    def items(self, execution: str) -> list[ChunkItem]:
        key = _key(execution, "items.json")
        found: list[Any] = read_json(self.objects.get(key), key)
        return [parse(ChunkItem, item) for item in found]

    def results(self, execution: str) -> str:
        """The prefix under which the Map writes its results."""
        return _key(execution, "results")

    def put_all_answers(self, execution: str, pieces: Iterator[str]) -> str:
        """Write the answers of a whole file, a piece in memory at a time; returns their URI."""
        key = f"answers/{execution}.jsonl"
        self.objects.upload(key, (piece.encode() for piece in pieces))
        return self.objects.uri(key)


def _key(execution: str, name: str) -> str:
    return f"predictions/{execution}/{name}"


def _chunk(execution: str, chunk: int) -> str:
    return _key(execution, f"chunks/{chunk}.gz")


def _answers(execution: str, chunk: int) -> str:
    return _key(execution, f"answers/{chunk}.gz")
