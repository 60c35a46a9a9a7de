"""Objects that come piece by piece: S3's multipart uploads, in one go or resumed by whoever comes next."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any

from botocore.exceptions import ClientError

from snakebatch.errors import InputError
from snakebatch.mesh.messages import Message
from snakebatch.mesh.objects import Objects, status_of
from snakebatch.mesh.uploads import LEAST_PART

MOST_PARTS = 10_000

_MISSING = 404
_NO_UPLOAD = "NoSuchUpload"


class Part(Message):
    """A part that S3 has; numbers count from 1."""

    number: int
    bytes: int
    etag: str


class Sink:
    """One object, written as its bytes come: nothing appears under ``key`` before ``complete``, and nothing
    at all after ``abort``. All but ``fills`` may call S3, and so belong into a thread that may wait.
    """

    def __init__(self, objects: Objects, key: str, content_type: str = "text/csv") -> None:
        self.objects = objects
        self.key = key
        self.size = 0
        self._hash = hashlib.sha256()
        self._upload = objects.writing(key, content_type)
        self._open = True

    @property
    def sha256(self) -> str:
        """64 hex digits of all bytes that were added."""
        return self._hash.hexdigest()

    def fills(self, data: bytes) -> bool:
        """Whether ``add`` of these bytes calls S3."""
        return self._upload.fills(data)

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        self._hash.update(data)
        self.size += len(data)
        self._upload.feed(data)

    def complete(self) -> None:
        """Let the object appear."""
        self._open = False
        self._upload.complete()

    def abort(self) -> None:
        """Forget what came; harmless after ``complete``."""
        if self._open:
            self._open = False
            with contextlib.suppress(ClientError):  # a lifecycle rule drops what can't be dropped now
                self._upload.abort()


class PartUploads:
    """Uploads whose parts come in any order, through any gatherer, each as often as it takes."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    def begin(self, key: str, content_type: str = "text/csv") -> str:
        """Begin an upload; returns S3's id of it."""
        started = self.objects.s3.create_multipart_upload(
            Bucket=self.objects.bucket, Key=key, ContentType=content_type
        )
        return started["UploadId"]

    def put(self, key: str, upload: str, number: int, data: bytes) -> Part | None:
        """Write a part, over an earlier one of its number; None where there is no such upload."""
        try:
            answer = self.objects.s3.upload_part(
                Bucket=self.objects.bucket, Key=key, UploadId=upload, PartNumber=number, Body=data
            )
        except ClientError as error:
            if _is_gone(error):
                return None
            raise
        return Part(number=number, bytes=len(data), etag=answer["ETag"])

    def parts(self, key: str, upload: str) -> list[Part] | None:
        """The parts that are there, in order; None where there is no such upload."""
        pages = self.objects.s3.get_paginator("list_parts").paginate(
            Bucket=self.objects.bucket, Key=key, UploadId=upload
        )
        try:
            return [
                Part(number=entry["PartNumber"], bytes=entry["Size"], etag=entry["ETag"])
                for page in pages
                for entry in page.get("Parts", [])
            ]
        except ClientError as error:
            if _is_gone(error):
                return None
            raise

    def complete(self, key: str, upload: str, parts: list[Part]) -> None:
        """Make the object appear. Raises InputError on parts that S3 can't put together."""
        _check(parts)
        listed: Any = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        self.objects.s3.complete_multipart_upload(
            Bucket=self.objects.bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": listed}
        )

    def abort(self, key: str, upload: str) -> None:
        """Forget the upload; harmless where it is gone."""
        try:
            self.objects.s3.abort_multipart_upload(Bucket=self.objects.bucket, Key=key, UploadId=upload)
        except ClientError as error:
            if not _is_gone(error):
                raise


def _is_gone(error: ClientError) -> bool:
    return status_of(error) == _MISSING or error.response["Error"]["Code"] == _NO_UPLOAD


def _check(parts: list[Part]) -> None:
    if not parts:
        raise InputError("parts: none came yet; send part 1 first")
    for number, part in enumerate(parts, 1):
        if part.number != number:
            raise InputError(f"parts: part {number} is missing; send it, then complete again")
    for part in parts[:-1]:
        if part.bytes < LEAST_PART:
            raise InputError(
                f"parts: part {part.number} has {part.bytes:,} bytes; every part but the last wants "
                f"{LEAST_PART:,} or more: send it again"
            )
