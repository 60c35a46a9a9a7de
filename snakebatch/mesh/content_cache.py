"""What a warm shard keeps of S3: in memory first, then on its disk, by content."""

from __future__ import annotations

import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from snakebatch.errors import ChecksumError

ON_DISK = 400 << 20
"""Bytes of all caches together: Lambda's /tmp has 512 MiB unless more is paid for."""

_SUFFIX = ".cached"

T = TypeVar("T")


class ContentCache(Generic[T]):
    """Keeps ``in_memory`` things, of ``memory_bytes`` bytes of files at most, and ``on_disk`` bytes of files.

    The least recently used go first; the one that was asked for last stays, whatever its size.

    ``read`` makes a thing of its file, and raises ChecksumError on a damaged one. A name is a content hash,
    so nothing here ever grows stale; caches of several kinds and processes may share the folder, since a
    file appears under its name whole or not at all.
    """

    def __init__(
        self,
        folder: Path,
        kind: str,
        read: Callable[[bytes], T],
        *,
        in_memory: int = 2,
        memory_bytes: int | None = None,
        on_disk: int = ON_DISK,
    ) -> None:
        self.folder = folder
        self.in_memory = in_memory
        self.memory_bytes = memory_bytes
        self.on_disk = on_disk
        self.kind = kind
        self._suffix = f".{kind}{_SUFFIX}"
        self._from_bytes = read
        self._kept: OrderedDict[str, tuple[T, int]] = OrderedDict()

    def get(self, digest: str, load: Callable[[], bytes]) -> T:
        """The thing of that content hash; ``load`` fetches its file where neither memory nor disk has it."""
        kept = self._kept.get(digest)
        if kept is None:
            kept = self._kept[digest] = self._read(digest) or self._fetch(digest, load())
        self._kept.move_to_end(digest)
        while len(self._kept) > 1 and self._is_full():
            self._kept.popitem(last=False)
        return kept[0]

    def forget_larger(self, digest: str, most: int) -> None:
        """Let go of a thing in memory if its file has more than ``most`` bytes; the disk keeps it."""
        if digest in self._kept and self._kept[digest][1] > most:
            del self._kept[digest]

    def _is_full(self) -> bool:
        size = sum(size for _, size in self._kept.values())
        too_large = self.memory_bytes is not None and size > self.memory_bytes
        return too_large or len(self._kept) > self.in_memory

    def _fetch(self, digest: str, data: bytes) -> tuple[T, int]:
        # Read first: what is damaged in S3 must not be found on the disk the next time.
        try:
            thing = self._from_bytes(data)
        except ChecksumError as error:
            # Named, since somebody has to delete it: objects have these names too.
            raise ChecksumError(f"{self.kind}-{digest}: {error}") from error
        self._write(digest, data)
        return thing, len(data)

    def _read(self, digest: str) -> tuple[T, int] | None:
        path = self.folder / f"{digest}{self._suffix}"
        try:
            data = path.read_bytes()
            path.touch()
        except FileNotFoundError:
            return None
        try:
            return self._from_bytes(data), len(data)
        except ChecksumError:
            # A disk that lies is no reason to fail while S3 has the file.
            path.unlink(missing_ok=True)
            return None

    def _write(self, digest: str, data: bytes) -> None:
        self._make_room(len(data))
        if len(data) <= self.on_disk:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                file.write(data)
            os.replace(file.name, self.folder / f"{digest}{self._suffix}")

    def _make_room(self, wanted: int) -> None:
        """Remove the files that were read longest ago, of any kind, until ``wanted`` bytes more fit."""
        files = []
        for path in self.folder.glob(f"*{_SUFFIX}"):
            try:
                files.append((path.stat().st_mtime_ns, path.stat().st_size, path))
            except FileNotFoundError:
                continue  # another process of this machine made room at the same time
        excess = sum(size for _, size, _ in files) + wanted - self.on_disk
        for _, size, path in sorted(files):
            if excess <= 0:
                break
            path.unlink(missing_ok=True)
            excess -= size
