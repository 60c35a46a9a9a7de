"""Texts that shards wrote, on their way into a model: checked by what their reports say of them.

A small one is read, and its bytes are checked. Of a large one S3 is asked what it holds, and S3 copies it
under that name: its ETag is the MD5 of the bytes, since the bucket's encryption is SSE-S3
(https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html). Where it is not (another encryption), a
large one is read too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from snakebatch.errors import ChecksumError
from snakebatch.mesh import uploads
from snakebatch.mesh.messages import Text
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.uploads import Upload


@dataclass(frozen=True)
class Source:
    """One text: its bytes, or the ETag under which S3 copies them."""

    key: str
    data: bytes | None
    etag: str

    def add(self, place: tuple[int, int], *models: Upload) -> None:
        """Add the bytes of a range to each model."""
        start, stop = place
        for model in models:
            if self.data is None:
                model.copy(self.key, start, stop, self.etag)
            else:
                model.feed(self.data[start:stop])


class Sources:
    """The texts in one bucket."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def source(self, key: str, text: Text) -> Source:
        """The text at ``key``; raises ChecksumError where it is not the one that its report tells of."""
        etag = f'"{text.md5}"'
        if text.bytes >= uploads.LEAST_PART and self._objects.stamp(key) == (etag, text.bytes):
            return Source(key, None, etag)
        data = self._objects.get(key)
        if hashlib.md5(data, usedforsecurity=False).hexdigest() != text.md5:
            raise ChecksumError(f"{key} is not what its report says: delete both and start the job again")
        return Source(key, data, etag)
