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
    from mypy_boto3_s3 import S3Client

_CHANGED = 412


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
