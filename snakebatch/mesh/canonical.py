"""One way to write a value as bytes, so that equal contents have equal names and checksums."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from typing import Any

from snakebatch.errors import ChecksumError, MeshError

_LEVEL = 3
"""gzip level: reports are written once and read once or twice, so speed counts for more than size."""


def canonical(value: Any) -> str:
    """``value`` as JSON with sorted keys, no spaces, ASCII only; NaN and infinity raise ValueError."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def read_json(data: str | bytes, name: str) -> Any:
    """The value that ``data`` holds; raises MeshError naming what is no JSON, or is nested too deep to be
    ours.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MeshError(f"{name} is not JSON ({error})") from error


def content_hash(data: str | bytes) -> str:
    """32 hex digits of BLAKE2b: names content, and detects damage (not an attacker)."""
    return hashlib.blake2b(_as_bytes(data), digest_size=16).hexdigest()


def stable_hash(*parts: object) -> int:
    """A non-negative 64-bit number that is the same in every process, unlike ``hash()``."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def seal(kind: str, body: Any) -> bytes:
    """``body`` as a gzip object whose first line says its kind and checksum; the same body gives the same
    bytes.

    Without the clock and the file name that gzip would write, so that a retried report is byte for byte the
    same.
    """
    text = canonical(body)
    head = canonical({"kind": kind, "checksum": content_hash(text)})
    return gzip.compress(f"{head}\n{text}".encode(), compresslevel=_LEVEL, mtime=0)


def unseal(kind: str, data: bytes, name: str) -> Any:
    """Read what ``seal`` wrote; ``name`` is for the message of the ChecksumError that damage raises."""
    try:
        head_text, _, text = gzip.decompress(data).decode().partition("\n")
        head = json.loads(head_text)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ChecksumError(
            f"{name} is not a sealed object ({error}): delete it and start the job again"
        ) from error
    if not isinstance(head, dict) or head.get("kind") != kind or head.get("checksum") != content_hash(text):
        raise ChecksumError(f"{name} is not what its checksum says: delete it and start the job again")
    return json.loads(text)


def _as_bytes(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data
