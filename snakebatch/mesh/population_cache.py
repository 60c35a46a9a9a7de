"""Populations that a warm shard keeps: in memory first, then on its disk, by content."""

from __future__ import annotations

import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from snakebatch.engine.population import Population
from snakebatch.errors import ChecksumError
from snakebatch.mesh.population_file import from_bytes

ON_DISK = 400 << 20
"""Bytes: Lambda's /tmp has 512 MiB unless more is paid for."""

_SUFFIX = ".population"


class PopulationCache:
    """Keeps ``in_memory`` populations and ``on_disk`` bytes of files; the least recently used go first.

    A name is a content hash, so nothing here ever grows stale; processes may share the folder, since a file
    appears under its name whole or not at all.
    """

    def __init__(self, folder: Path, *, in_memory: int = 2, on_disk: int = ON_DISK) -> None:
        self.folder = folder
        self.in_memory = in_memory
        self.on_disk = on_disk
        self._populations: OrderedDict[str, Population] = OrderedDict()

    def get(self, digest: str, load: Callable[[], bytes]) -> Population:
        """The population of that content hash; ``load`` fetches its file where neither memory nor disk has
        it.
        """
        population = self._populations.get(digest)
        if population is None:
            population = self._read(digest) or from_bytes(self._write(digest, load()))
            self._populations[digest] = population
        self._populations.move_to_end(digest)
        while len(self._populations) > self.in_memory:
            self._populations.popitem(last=False)
        return population

    def _read(self, digest: str) -> Population | None:
        path = self.folder / f"{digest}{_SUFFIX}"
        try:
            data = path.read_bytes()
            path.touch()
        except FileNotFoundError:
            return None
        try:
            return from_bytes(data)
        except ChecksumError:
            # A disk that lies is no reason to fail while S3 has the file.
            path.unlink(missing_ok=True)
            return None

    def _write(self, digest: str, data: bytes) -> bytes:
        self._make_room(len(data))
        if len(data) <= self.on_disk:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                file.write(data)
            os.replace(file.name, self.folder / f"{digest}{_SUFFIX}")
        return data

    def _make_room(self, wanted: int) -> None:
        """Remove the files that were read longest ago, until ``wanted`` bytes more fit."""
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
