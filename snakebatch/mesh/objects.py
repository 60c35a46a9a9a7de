"""S3 as the mesh uses it: create-only writes, whole reads, listings, and uploads in bounded memory."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from snakebatch.errors import MeshError
from snakebatch.mesh.uploads import Upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LINES = 1 << 20
"""Bytes read at a time."""

_ATTEMPTS = 5
_CONFLICT = 409
_EXISTS = 412
_MISSING = 404


def status_of(error: ClientError) -> int:
    """The HTTP status of an error of boto3 (0 when it has none)."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def md5_of(data: bytes) -> str:
    """What S3 calls an object's ETag where SSE-S3 encrypts it."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Objects:
    """One bucket of S3; ``s3`` is a boto3 S3 client, ``bucket`` the name."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self.s3 = s3
        self.bucket = bucket

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def find(self, key: str) -> bytes | None:
        """The object's bytes, or None where there is none."""
        try:
            return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if status_of(error) == _MISSING:
                return None
            raise

    def read_marked(self, key: str) -> tuple[bytes, str] | None:
        """The object's bytes and its ETag, for ``write_over``; None where there is none.

        Raises ClientError where there is no such bucket.
        """
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if status_of(error) == _MISSING and error.response["Error"]["Code"] != "NoSuchBucket":
                return None
            raise
        return answer["Body"].read(), answer["ETag"]

    def stream_of(self, key: str, etag: str) -> Iterator[bytes]:
        """The bytes of the object whose ETag that is, a piece in memory at a time."""
        body = self.s3.get_object(Bucket=self.bucket, Key=key, IfMatch=etag)["Body"]
        with contextlib.closing(body):
            yield from body.iter_chunks(_LINES)

    def link_to(self, key: str, seconds: int) -> str:
        """A signed URL that hands the object to anybody for so long."""
        return self.s3.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": key}, ExpiresIn=seconds
        )

    def stamp(self, key: str) -> tuple[str, int] | None:
        """The object's ETag, which changes with its content, and its bytes; None where there is none."""
        try:
            head = self.s3.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if status_of(error) == _MISSING:
                return None
            raise
        return head["ETag"], head["ContentLength"]

    def holds(self, key: str, md5: str, size: int) -> bool:
        """Whether an object is there with that MD5 and so many bytes.

        S3 is asked; where its ETag is no MD5 (another encryption), the object is read, a piece at a time: who
        asks about many at once must not hold them all.
        """
        stamp = self.stamp(key)
        if stamp is None or stamp[1] != size:
            return False
        if stamp[0] == f'"{md5}"':
            return True
        found = hashlib.md5(usedforsecurity=False)
        for piece in self.stream_of(key, stamp[0]):
            found.update(piece)
        return found.hexdigest() == md5

    def said_of(self, key: str) -> dict[str, str] | None:
        """What the object's metadata say; None where there is no object."""
        try:
            return self.s3.head_object(Bucket=self.bucket, Key=key)["Metadata"]
        except ClientError as error:
            if status_of(error) == _MISSING:
                return None
            raise

    def get(self, key: str) -> bytes:
        """The object's bytes; raises MeshError where there is none."""
        return self.get_with_said(key)[0]

    def get_with_said(self, key: str) -> tuple[bytes, dict[str, str]]:
        """The object's bytes, and what its metadata say; raises MeshError where there is none."""
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if status_of(error) == _MISSING:
                raise self._lost(key) from error
            raise
        return found["Body"].read(), found.get("Metadata", {})

    def lines(self, key: str, etag: str) -> Iterator[bytes]:
        """The lines of the object whose ETag that is, without their ends, some in memory at a time.

        Raises ClientError (412) where it was written over since.
        """
        body = self.s3.get_object(Bucket=self.bucket, Key=key, IfMatch=etag)["Body"]
        with contextlib.closing(body):
            yield from body.iter_lines(_LINES)

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Write, over whatever is there."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=content_type)

    def create(self, key: str, data: bytes, said: Mapping[str, str] | None = None) -> bool:
        """Write unless something is there; False where something is. Of two writers at once, one wins.

        ``said`` is what the object's metadata say beside its bytes: see ``said_of``.
        """
        for _ in range(_ATTEMPTS):
            try:
                self.s3.put_object(
                    Bucket=self.bucket, Key=key, Body=data, IfNoneMatch="*", Metadata=said or {}
                )
            except ClientError as error:
                if status_of(error) == _EXISTS:
                    return False
                if status_of(error) != _CONFLICT:
                    raise
            else:
                return True
        raise MeshError(f"{self.uri(key)}: {_ATTEMPTS} conflicting writes in a row")

    def write_over(self, key: str, data: bytes, etag: str | None) -> bool:
        """Write over the object that was read with this ETag (None: there was none); False where it changed
        since.
        """
        if etag is None:
            return self.create(key, data)
        try:
            self.s3.put_object(
                Bucket=self.bucket, Key=key, Body=data, IfMatch=etag, ContentType="application/json"
            )
        except ClientError as error:
            # A conflict is another writer at this very moment; missing: it was deleted since.
            if status_of(error) in (_EXISTS, _CONFLICT, _MISSING):
                return False
            raise
        return True

    def copy_within(self, source: str, key: str) -> None:
        """Copy an object of at most 5 GB within the bucket."""
        self.s3.copy_object(Bucket=self.bucket, Key=key, CopySource={"Bucket": self.bucket, "Key": source})

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=key)

    def delete_all(self, prefix: str) -> int:
        """Delete every object whose key starts with ``prefix``; returns how many.

        Raises MeshError where S3 kept some of them.
        """
        count = 0
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            found = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
            if not found:
                continue
            answer = self.s3.delete_objects(
                Bucket=self.bucket, Delete={"Objects": cast("Any", found), "Quiet": True}
            )
            if kept := answer.get("Errors"):
                raise MeshError(
                    f"{len(kept)} objects under {self.uri(prefix)} could not be deleted "
                    f"({kept[0].get('Code')}): try again"
                )
            count += len(found)
        return count

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that starts with ``prefix``, in S3's order."""
        return (key for key, _ in self.written(prefix))

    def written(self, prefix: str) -> Iterator[tuple[str, float]]:
        """Every key that starts with ``prefix``, and when it was written (epoch seconds, to the second)."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", []):
                yield entry["Key"], entry["LastModified"].timestamp()

    def chunks(self, key: str) -> Iterator[bytes]:
        """The object's bytes, some at a time; raises MeshError where there is none."""
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"]
        except ClientError as error:
            if status_of(error) == _MISSING:
                raise self._lost(key) from error
            raise
        with contextlib.closing(body):
            yield from body.iter_chunks(_LINES)

    def writing(self, key: str, content_type: str = "application/json") -> Upload:
        """An object to be written bit by bit, within ``with``: see ``Upload``."""
        return Upload(self.s3, self.bucket, key, content_type)

    def upload(self, key: str, pieces: Iterable[bytes], content_type: str = "application/json") -> int:
        """Write ``pieces`` as one object in bounded memory; returns its size in bytes.

        Nothing appears under ``key`` unless every piece came: an error aborts the upload.
        """
        with self.writing(key, content_type) as upload:
            for piece in pieces:
                upload.feed(piece)
        return upload.size

    def _lost(self, key: str) -> MeshError:
        return MeshError(f"{self.uri(key)} is missing: it was deleted, or the job id is wrong")
