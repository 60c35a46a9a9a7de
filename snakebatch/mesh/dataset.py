"""A CSV in S3, opened as text as often as it is asked for: staging reads it twice and never holds it."""

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

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3 import S3Client

_BUFFER = 1 << 20
_CHANGED = 412


class _Body(io.RawIOBase):
    """An S3 body as the raw stream that Python's buffers and decoders want."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data: bytes = self._body.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._body.close()
        super().close()


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

        The second opening insists on the object that the first one read.
        """
        raw = io.BufferedReader(_Body(self._get()), _BUFFER)
        packed = self.key.lower().endswith(".gz")
        plain = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
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
