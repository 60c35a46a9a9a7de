"""S3 on a disk: what the mesh's ``Objects`` calls, over a folder, so that objects cost the process no memory.

For measurements only: moto keeps every object in the memory of its process, which is what is to be measured.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from snakebatch.mesh import uploads


def _error(status: int, operation: str) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": str(status), "Message": "as S3 says"},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]  # all that is read
        },
        operation,
    )


def _range(asked: str, path: Path) -> tuple[int, int]:
    """Where a range of a file starts, and how many bytes it has; the whole file where none is asked for."""
    size = path.stat().st_size
    if not asked:
        return 0, size
    start, _, last = asked.removeprefix("bytes=").partition("-")
    return int(start), min(size, int(last) + 1) - int(start)


class DiskS3:
    """One bucket in ``folder``; a key is a file, its slashes spelled so that the folder stays flat."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / quote(key, safe="")

    def get_object(self, *, Bucket: str, Key: str, Range: str = "", **_: Any) -> dict[str, Any]:
        path = self._path(Key)
        if not path.exists():
            raise _error(404, "GetObject")
        start, size = _range(Range, path)
        file: BinaryIO = path.open("rb")
        if Range:
            with file:
                file.seek(start)
                return {"Body": StreamingBody(BytesIO(file.read(size)), size), "ContentLength": size}
        return {"Body": StreamingBody(file, size), "ContentLength": size}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        path = self._path(Key)
        if not path.exists():
            raise _error(404, "HeadObject")
        etag = self._path(f"{Key}.etag")
        said = etag.read_text() if etag.exists() else str(path.stat().st_mtime_ns)
        return {"ETag": said, "ContentLength": path.stat().st_size, "Metadata": {}}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **extra: Any) -> dict[str, Any]:
        path = self._path(Key)
        if "IfNoneMatch" in extra and path.exists():
            raise _error(412, "PutObject")
        path.write_bytes(Body)
        if len(Body) >= uploads.LEAST_PART:  # S3 makes it as the object comes, and has it when it is asked
            self._path(f"{Key}.etag").write_text(f'"{hashlib.md5(Body, usedforsecurity=False).hexdigest()}"')
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

    def upload_part_copy(
        self,
        *,
        UploadId: str,
        PartNumber: int,
        CopySource: dict[str, str],
        CopySourceRange: str,
        **_: Any,
    ) -> dict[str, Any]:
        """By the system, as S3 does it by itself: the bytes do not pass through the process."""
        source = self._path(CopySource["Key"])
        start, size = _range(CopySourceRange, source)
        with source.open("rb") as file, self._path(f"{UploadId}.{PartNumber}").open("wb") as part:
            while size:
                copied = os.copy_file_range(file.fileno(), part.fileno(), size, offset_src=start)
                start, size = start + copied, size - copied
        return {"CopyPartResult": {"ETag": f"copied-{PartNumber}"}}

    def complete_multipart_upload(
        self, *, Bucket: str, Key: str, UploadId: str, MultipartUpload: dict[str, Any]
    ) -> dict[str, Any]:
        with self._path(UploadId).open("wb") as whole:
            for part in MultipartUpload["Parts"]:
                file = self._path(f"{UploadId}.{part['PartNumber']}")
                with file.open("rb") as data:
                    shutil.copyfileobj(data, whole, 1 << 20)
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
