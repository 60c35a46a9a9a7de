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

_SUFFIX = ".population"


class PopulationCache:
    """Keeps ``in_memory`` populations and ``on_disk`` files, the least recently used go first.

    A name is a content hash, so nothing here ever grows stale; processes may share the folder, since a file
    appears under its name whole or not at all.
    """

    def __init__(self, folder: Path, *, in_memory: int = 2, on_disk: int = 4) -> None:
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
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            file.write(data)
        os.replace(file.name, self.folder / f"{digest}{_SUFFIX}")
        self._make_room()
        return data

    def _make_room(self) -> None:
        ages = []
        for path in self.folder.glob(f"*{_SUFFIX}"):
            try:
                ages.append((path.stat().st_mtime_ns, path))
            except FileNotFoundError:
                continue  # another process of this machine made room at the same time
        for _, path in sorted(ages)[: max(0, len(ages) - self.on_disk)]:
            path.unlink(missing_ok=True)
