"""Empties a bucket: every version, every delete marker, every upload that was never finished."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from snakebatch.errors import AccountError
from snakebatch.operations.aws import asking, code_of

_BATCH = 1_000
"""As many as DeleteObjects takes."""

_GONE = frozenset({"NoSuchBucket", "404"})

KEPT = ("model.json", "model_stripped.json", "receipt.json")
"""What ``--keep-models`` keeps: objects under jobs/ whose names end so."""


class Bucket:
    """One bucket; ``s3`` is a boto3 client."""

    def __init__(self, s3: Any, name: str) -> None:
        self.s3 = s3
        self.name = name

    def exists(self) -> bool:
        with asking(f"looking for the bucket {self.name}"):
            try:
                self.s3.head_bucket(Bucket=self.name)
            except Exception as error:
                if code_of(error) not in _GONE:
                    raise
                return False
        return True

    def count(self) -> tuple[int, int]:
        """Objects and bytes, old versions among them."""
        objects = total = 0
        with asking(f"listing the bucket {self.name}"):
            for page in self._pages("list_object_versions"):
                for version in page.get("Versions", []):
                    objects, total = objects + 1, total + version["Size"]
        return objects, total

    def empty(self, keep_models: bool = False) -> int:
        """Delete what is there, and abort uploads; returns how many objects and uploads went."""
        gone = 0
        with asking(f"emptying the bucket {self.name}"):
            batch: list[dict[str, str]] = []
            for entry in self._versions(keep_models):
                batch.append(entry)
                if len(batch) == _BATCH:
                    gone += self._delete(batch)
                    batch = []
            gone += self._delete(batch)
            for page in self._pages("list_multipart_uploads"):
                for upload in page.get("Uploads", []):
                    self.s3.abort_multipart_upload(
                        Bucket=self.name, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    gone += 1
        return gone

    def _pages(self, operation: str) -> Iterator[dict[str, Any]]:
        yield from self.s3.get_paginator(operation).paginate(Bucket=self.name)

    def _versions(self, keep_models: bool) -> Iterator[dict[str, str]]:
        for page in self._pages("list_object_versions"):
            for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                if not (keep_models and is_kept(entry["Key"])):
                    yield {"Key": entry["Key"], "VersionId": entry["VersionId"]}

    def _delete(self, batch: list[dict[str, str]]) -> int:
        if not batch:
            return 0
        answer = self.s3.delete_objects(Bucket=self.name, Delete={"Objects": batch, "Quiet": True})
        for error in answer.get("Errors", []):
            raise AccountError(
                f"{error['Key']} of {self.name} could not be deleted ({error['Code']}): "
                "delete it by hand, then run teardown again"
            )
        return len(batch)


def is_kept(key: str) -> bool:
    """Whether an object is a model or a receipt."""
    return key.startswith("jobs/") and key.rpartition("/")[2].endswith(KEPT)
