"""A CSV in S3, opened as text as often as it is asked for: never held whole, and mostly read once."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, cast

from botocore.exceptions import ClientError

from snakebatch.errors import InputError
from snakebatch.mesh.objects import status_of
from snakebatch.mesh.read_ahead import BLOCK, ReadAhead

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3 import S3Client

_CHANGED = 412

MOST_UNPACKED = 16 << 30
"""Bytes that a data set may have, unpacked: a bomb of gzip is a thousandth of what comes out of it."""


class _Unpacked(io.RawIOBase):
    """The bytes of a stream, as many as a data set may have."""

    def __init__(self, stream: BinaryIO, uri: str) -> None:
        self._stream = stream
        self._uri = uri
        self._left = MOST_UNPACKED

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._stream.read(len(view))
        view[: len(data)] = data
        self._left -= len(data)
        if self._left < 0:
            raise InputError(
                f"{self._uri} unpacks to more than {MOST_UNPACKED:,} bytes; train on fewer rows or columns"
            )
        return len(data)


class Dataset:
    """The table at ``s3://bucket/key``; a key that ends in ``.gz`` is unpacked on the way."""

    def __init__(self, s3: S3Client, uri: str) -> None:
        self.s3 = s3
        self.uri = uri
        self.bucket, _, self.key = uri.removeprefix("s3://").partition("/")
        self._etag: str | None = None

    @contextmanager
    def open(self) -> Iterator[TextIO]:
        """The text, from its start; raises InputError where there is none, or it is not UTF-8 (a BOM is
        fine).

        A second opening insists on the object that the first one read.
        """
        raw = io.BufferedReader(ReadAhead(self._get()), BLOCK)
        packed = self.key.lower().endswith(".gz")
        plain: BinaryIO = raw
        if packed:
            unpacked = _Unpacked(cast("BinaryIO", gzip.GzipFile(fileobj=raw)), self.uri)
            plain = io.BufferedReader(unpacked, BLOCK)
        try:
            with raw, io.TextIOWrapper(plain, encoding="utf-8-sig", newline="") as text:
                yield text
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.uri} is not UTF-8 text (byte 0x{error.object[error.start]:02x}): save it in UTF-8"
            ) from error
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InputError(f"{self.uri} is named .gz but can't be unpacked: {error}") from error

    def _get(self) -> Any:
        same = {} if self._etag is None else {"IfMatch": self._etag}
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=self.key, **cast("Any", same))
        except ClientError as error:
            if status_of(error) == _CHANGED:
                raise InputError(f"{self.uri} changed while it was read: start again") from error
            if error.response["Error"]["Code"] in {"NoSuchKey", "NoSuchBucket", "404", "AccessDenied", "403"}:
                reason = error.response["Error"]["Code"]
                raise InputError(
                    f"{self.uri} can't be read ({reason}): check the address and the rights"
                ) from error
            raise
        self._etag = answer["ETag"]
        return answer["Body"]
