"""The one place that knows where the HTTP API's own objects lie, beside the jobs in their bucket.

service/keys.json                      who may call: see api_keys
service/requests/{model id}.json       what an idempotency key was first used for
service/uploads/{upload id}.json       an upload that can be resumed
datasets/{model id}.csv                rows that came with a request to train
datasets/uploads/{upload id}/{name}    files that were uploaded apart
models/{m-id}/model.json               models that were uploaded, named by their content
models/incoming/{id}.json              such a model while it comes
deleted/{model id}.json                a job that was deleted: nobody finds it again
deleting/{model id}.json               and what is still to be swept after it
"""

from __future__ import annotations

import re
import secrets
from typing import Annotated

from pydantic import Field

from snakebatch.mesh.canonical import canonical, read_json
from snakebatch.mesh.messages import Message, parse
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.places import DATASETS, MODELS

DELETED = "deleted/"
DELETING = "deleting/"

_ID_BYTES = 16
_LONGEST_NAME = 100
_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")


class FirstRequest(Message):
    """What an idempotency key was first used for: a digest of parameters and data."""

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class UploadRecord(Message):
    """An upload: the key that it will have, and S3's id of it."""

    key: str
    upload: str


class Tombstone(Message):
    """A deleted job. ``job`` is what its objects lie under, as far as that was known."""

    model_id: str
    deleted: float
    job: str | None = None


class ServiceStore:
    """Reads and writes the service's own objects."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    # Data and models

    def dataset(self, model_id: str) -> str:
        """The key of rows that came with a request to train."""
        return f"{DATASETS}{model_id}.csv"

    def upload_key(self, name: str) -> str:
        """A key for an uploaded file; a text behind its last dot stays, since ``.gz`` is unpacked."""
        safe = _ODD.sub("-", name)[-_LONGEST_NAME:].lstrip(".-") or "data.csv"
        return f"{DATASETS}uploads/{new_upload_id()}/{safe}"

    def incoming_model(self) -> str:
        """A key for a model while it comes."""
        return f"{MODELS}incoming/{secrets.token_hex(_ID_BYTES)}.json"

    def model_id(self, sha256: str) -> str:
        """The id of an uploaded model of this content."""
        return f"m-{sha256[:32]}"

    def model(self, model_id: str) -> str | None:
        """The key of an uploaded model; None for what is the id of none."""
        return f"{MODELS}{model_id}/model.json" if _MODEL_ID.fullmatch(model_id) else None

    # Idempotency

    def first_request(self, model_id: str, digest: str) -> bool:
        """Keep what a request was; False where an earlier one of its key was another."""
        key = f"service/requests/{model_id}.json"
        request = FirstRequest(digest=digest)
        if self.objects.create(key, canonical(request.body()).encode()):
            return True
        return parse(FirstRequest, read_json(self.objects.get(key), key)) == request

    def forget_request(self, model_id: str) -> None:
        self.objects.delete(f"service/requests/{model_id}.json")

    # Uploads

    def put_upload(self, upload_id: str, record: UploadRecord) -> None:
        self.objects.put(_upload(upload_id), canonical(record.body()).encode())

    def find_upload(self, upload_id: str) -> UploadRecord | None:
        """An upload's record; None where there is none."""
        if not _UPLOAD_ID.fullmatch(upload_id):
            return None
        data = self.objects.find(_upload(upload_id))
        return None if data is None else parse(UploadRecord, read_json(data, _upload(upload_id)))

    def forget_upload(self, upload_id: str) -> None:
        self.objects.delete(_upload(upload_id))

    # Deleted jobs

    def bury(self, tombstone: Tombstone) -> None:
        """Note that a job is deleted, and that it is to be swept."""
        data = canonical(tombstone.body()).encode()
        self.objects.create(_deleted(tombstone.model_id), data)
        self.objects.put(_deleting(tombstone.model_id), data)

    def find_tombstone(self, model_id: str) -> Tombstone | None:
        return self._tombstone(_deleted(model_id))

    def deleted(self) -> set[str]:
        """The ids of all deleted jobs."""
        return {key.removeprefix(DELETED).removesuffix(".json") for key in self.objects.keys(DELETED)}

    def to_sweep(self) -> list[Tombstone]:
        """The deleted jobs that are still to be swept."""
        found = (self._tombstone(key) for key in list(self.objects.keys(DELETING)))
        return [tombstone for tombstone in found if tombstone is not None]

    def swept(self, model_id: str) -> None:
        """Note that nothing of a deleted job can come any more."""
        self.objects.delete(_deleting(model_id))

    def forget_deleted(self, before: float) -> int:
        """Remove the tombstones that were written before this time; returns how many."""
        old = [key for key, written in self.objects.written(DELETED) if written < before]
        for key in old:
            self.objects.delete(key)
        return len(old)

    def _tombstone(self, key: str) -> Tombstone | None:
        data = self.objects.find(key)
        return None if data is None else parse(Tombstone, read_json(data, key))


def new_upload_id() -> str:
    """An id that nobody can guess."""
    return secrets.token_hex(_ID_BYTES)


def _upload(upload_id: str) -> str:
    return f"service/uploads/{upload_id}.json"


def _deleted(model_id: str) -> str:
    return f"{DELETED}{model_id}.json"


def _deleting(model_id: str) -> str:
    return f"{DELETING}{model_id}.json"
