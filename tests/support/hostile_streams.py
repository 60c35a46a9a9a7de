"""Tables too large to be kept: made as they are read, by a process that may take little memory.

    python -m tests.support.hostile_streams NAME

reads the table and prints one JSON object: the error (or None), its message, and how many bytes were made
for it. Its memory is limited to what the imports took and ``ROOM``: more ends it with a MemoryError.
"""

from __future__ import annotations

import gzip
import io
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import IO, Any

from snakebatch.engine.csv_table import CELL_BYTES, ROW_BYTES, read_csv
from snakebatch.errors import SnakeBatchError
from snakebatch.mesh import dataset as datasets
from snakebatch.mesh.dataset import Dataset

ROOT = Path(__file__).resolve().parents[2]
GB = 1 << 30
MB = 1 << 20
LINES = (b"x" * 1023 + b"\n") * 1024
ROOM = 400 * MB
"""Bytes of address space beside what the imports took: a fraction of each table."""

BOMB_LIMIT = 64 * MB
"""Bytes that a bomb may unpack to here, so that a test unpacks no 16 GiB to see the limit hold."""


class Pieces(io.RawIOBase):
    """A file whose bytes are made as they are read; ``taken`` counts them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = next(filter(None, self._pieces), b"")
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        self.taken += size
        return size


@dataclass(frozen=True)
class HostileStream:
    """``most`` is how many bytes may be asked for before it is refused; ``packed`` says that it is gzip."""

    refused: str | None
    make: Callable[[], Iterator[bytes]]
    most: int
    packed: bool = False


def _then(head: bytes, piece: bytes, size: int) -> Callable[[], Iterator[bytes]]:
    return lambda: chain([head], repeat(piece, size // len(piece)))


def _packed(head: bytes, piece: bytes, size: int) -> Callable[[], Iterator[bytes]]:
    """Members of gzip one after the other: each a thousandth of what it unpacks to."""
    member = gzip.compress(piece * (MB // len(piece)), mtime=0)
    return lambda: chain([gzip.compress(head, mtime=0)], repeat(member, size // MB))


BOMB_ROWS = 1_000_000
MEMORY = BOMB_ROWS * (ROW_BYTES + 2 * CELL_BYTES)
"""Bytes that a table may take here: a million rows of two columns."""


def _wide(rows: int) -> Callable[[], Iterator[bytes]]:
    names = ",".join(f"c{column}" for column in range(9_999))
    line = b"x," + b",".join([b"17"] * 9_999) + b"\n"
    return lambda: chain([f"y,{names}\n".encode()], repeat(line, rows))


STREAMS = {
    "1 GB in one cell": HostileStream("line 3", _then(b"a,y\n1,u\n", b"x" * MB, GB), 120 * MB),
    "1 GB in one quoted cell": HostileStream("line ", _then(b'a,y\n1,u\n"', LINES, GB), 120 * MB),
    "1 GB in one row": HostileStream("line 3", _then(b"a,y\n1,u\n", b"x," * (MB // 2), GB), 120 * MB),
    "1 GB in the header": HostileStream("line 1", _then(b"", b"x" * MB, GB), 120 * MB),
    "1 GB of columns": HostileStream("line 1", _then(b"", b"x," * (MB // 2), GB), 120 * MB),
    "1 GB in a quoted header": HostileStream("line 1", _then(b'"', LINES, GB), 120 * MB),
    "a row without an end": HostileStream(
        "row 2", _then(b"a,y\n1,u\n", b'"0123456789abcdef\n",' * (MB // 20), GB), 120 * MB
    ),
    "rows of 4 MB in a narrow table": HostileStream(
        r"row 2 \(line 3\) has \d+ cells, the header has 2",
        _then(b"a,y\n1,u\n", b"x," * (2 * MB) + b"\n", GB),
        120 * MB,
    ),
    "10,000 columns and 600 rows": HostileStream(None, _wide(600), 120 * MB),
    "a gzip bomb of rows": HostileStream(
        "more than 1,000,000 rows of 2 columns", _packed(b"a,y\n1,u\n", b"2,v\n", 64 * GB), MB, True
    ),
    "a gzip bomb of blank lines": HostileStream("blank lines", _packed(b"", b"\n", 64 * GB), MB, True),
    "a gzip bomb of empty rows": HostileStream(
        "unpacks to more", _packed(b"a,y\n1,u\n", b"\n" * 64, 64 * GB), MB, True
    ),
    "a gzip bomb of NULs": HostileStream("line ", _packed(b"a,y\n1,u\n", b"\0", 64 * GB), MB, True),
    "a gzip bomb of one cell": HostileStream("line 3", _packed(b"a,y\n1,u\n", b"x", 64 * GB), MB, True),
}


class _Bucket:
    """The one call of S3 that a data set takes."""

    def __init__(self, stream: HostileStream) -> None:
        self._stream = stream
        self.bodies: list[Pieces] = []

    def get_object(self, **asked: Any) -> dict[str, Any]:
        self.bodies.append(Pieces(self._stream.make()))
        return {"Body": self.bodies[-1], "ETag": "one"}


def look(name: str) -> dict[str, Any]:
    """What becomes of a stream that is read as a data set of the jobs bucket."""
    stream = STREAMS[name]
    bucket: Any = _Bucket(stream)
    uri = f"s3://bucket/datasets/a.csv{'.gz' if stream.packed else ''}"
    found: dict[str, Any] = {"error": None}
    try:
        found["rows"] = read_csv(Dataset(bucket, uri).open, "y", memory=MEMORY).rows_read
    except SnakeBatchError as error:
        found |= {"error": type(error).__name__, "message": str(error)}
    return {**found, "taken": sum(body.taken for body in bucket.bodies)}


def look_within_limits(name: str, room: int = ROOM) -> dict[str, Any]:
    """The same, by a process of its own whose memory is limited."""
    command = [sys.executable, "-m", "tests.support.hostile_streams", name, str(room)]
    # BLAS reserves memory for each of its threads, which would count.
    environment = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def limit_memory(room: int) -> None:
    """Let this process take no more than so many bytes beside what it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + room
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main(name: str, room: str, out: IO[str]) -> None:
    """Read one stream within limits, and say what became of it."""
    datasets.MOST_UNPACKED = BOMB_LIMIT
    limit_memory(int(room))
    out.write(json.dumps(look(name)))


if __name__ == "__main__":
    main(*sys.argv[1:], out=sys.stdout)
