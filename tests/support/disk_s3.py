"""S3 on a disk: what the mesh's ``Objects`` calls, over a folder, so that objects cost the process no memory.

For measurements only: moto keeps every object in the memory of its process, which is what is to be measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from botocore.exceptions import ClientError
from botocore.response import StreamingBody


def _error(status: int, operation: str) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": str(status), "Message": "as S3 says"},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]  # all that is read
        },
        operation,
    )


class DiskS3:
    """One bucket in ``folder``; a key is a file, its slashes spelled so that the folder stays flat."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / quote(key, safe="")

    def get_object(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        path = self._path(Key)
        if not path.exists():
            raise _error(404, "GetObject")
        size = path.stat().st_size
        return {"Body": StreamingBody(path.open("rb"), size), "ContentLength": size}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        path = self._path(Key)
        if not path.exists():
            raise _error(404, "HeadObject")
        return {"ETag": str(path.stat().st_mtime_ns), "ContentLength": path.stat().st_size, "Metadata": {}}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **extra: Any) -> dict[str, Any]:
        path = self._path(Key)
        if "IfNoneMatch" in extra and path.exists():
            raise _error(412, "PutObject")
        path.write_bytes(Body)
        return {}

    def delete_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        self._path(Key).unlink(missing_ok=True)
        return {}

    def create_multipart_upload(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        self._path(f"{Key}.parts").write_bytes(b"")
        return {"UploadId": f"{Key}.parts"}

    def upload_part(
        self, *, Bucket: str, Key: str, UploadId: str, PartNumber: int, Body: bytes
    ) -> dict[str, Any]:
        # As S3 does for each part, so that a measurement pays for it.
        etag = hashlib.md5(Body, usedforsecurity=False).hexdigest()
        self._path(f"{UploadId}.{PartNumber}").write_bytes(Body)
        return {"ETag": etag}

    def complete_multipart_upload(
        self, *, Bucket: str, Key: str, UploadId: str, MultipartUpload: dict[str, Any]
    ) -> dict[str, Any]:
        with self._path(UploadId).open("wb") as whole:
            for part in MultipartUpload["Parts"]:
                file = self._path(f"{UploadId}.{part['PartNumber']}")
                whole.write(file.read_bytes())
                file.unlink()
        self._path(UploadId).rename(self._path(Key))
        return {}

    def abort_multipart_upload(self, *, Bucket: str, Key: str, UploadId: str) -> dict[str, Any]:
        for path in self.folder.glob(f"{quote(UploadId, safe='')}*"):
            path.unlink()
        return {}

    def get_paginator(self, operation: str) -> DiskS3:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        entries = [
            {"Key": unquote(path.name), "LastModified": datetime.fromtimestamp(path.stat().st_mtime, UTC)}
            for path in self.folder.glob(f"{quote(Prefix, safe='')}*")
        ]
        yield {"Contents": sorted(entries, key=lambda entry: str(entry["Key"]))}


class SilentQueue:
    """An SQS client that takes every message and keeps none."""

    def send_message_batch(self, **_: Any) -> dict[str, Any]:
        return {}
