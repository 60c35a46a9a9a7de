"""Texts that shards wrote, on their way into a model: checked by what their reports say of them.

A small one is read, and its bytes are checked. Of a large one S3 is asked what it holds, and S3 copies it
under that name: its ETag is the MD5 of the bytes, since the bucket's encryption is SSE-S3
(https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html). Where it is not (another encryption), a
large one passes through here, and is checked as it passes: nothing of a model appears before its end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from snakebatch.errors import ChecksumError
from snakebatch.mesh import uploads
from snakebatch.mesh.messages import Text
from snakebatch.mesh.objects import Objects, md5_of
from snakebatch.mesh.uploads import Upload


@dataclass(frozen=True)
class Source:
    """One text: its bytes where it is small, the ETag under which S3 copies them, or neither."""

    objects: Objects
    key: str
    text: Text
    data: bytes | None = None
    etag: str | None = None

    def add(self, place: tuple[int, int], *models: Upload) -> None:
        """Add the bytes of a range to each model; raises ChecksumError where they are not the report's."""
        start, stop = place
        if self.etag is not None:
            for model in models:
                model.copy(self.key, start, stop, self.etag)
            return
        chunks = self._passing() if self.data is None else [self.data]
        offset = 0
        for chunk in chunks:
            part = chunk[max(0, start - offset) : max(0, stop - offset)]
            offset += len(chunk)
            for model in models:
                model.feed(part)

    def _passing(self) -> Iterator[bytes]:
        md5 = hashlib.md5(usedforsecurity=False)
        for chunk in self.objects.chunks(self.key):
            md5.update(chunk)
            yield chunk
        _check(self.key, md5.hexdigest(), self.text)


class Sources:
    """The texts in one bucket."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def source(self, key: str, text: Text) -> Source:
        """The text at ``key``; raises ChecksumError where a small one is not what its report tells of."""
        if text.bytes < uploads.LEAST_PART:
            data = self._objects.get(key)
            _check(key, md5_of(data), text)
            return Source(self._objects, key, text, data=data)
        etag = f'"{text.md5}"'
        if self._objects.stamp(key) == (etag, text.bytes):
            return Source(self._objects, key, text, etag=etag)
        return Source(self._objects, key, text)


def _check(key: str, md5: str, text: Text) -> None:
    if md5 != text.md5:
        raise ChecksumError(f"{key} is not what its report says: start the job again to mend it")
