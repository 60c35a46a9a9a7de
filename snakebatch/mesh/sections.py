"""Arrays in one file: what a cold shard reads before it can work, without parsing.

    8 bytes    magic, which names the content and its version
    8 bytes    length of the header, little-endian
    16 bytes   checksum of that length, the header and the sections
    header     JSON: the caller's own, and each section's dtype, length and offset
    sections   raw little-endian arrays, each on a multiple of 8 bytes

Reading makes views of the file's bytes: 1,000,000 rows of 20 numbers cost one checksum over 160 MB and no
parsing.
"""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from snakebatch.errors import ChecksumError

MAGIC = 8
"""Bytes of a magic."""

_LENGTH = 8
_CHECKSUM = 16
_START = MAGIC + _LENGTH + _CHECKSUM
_ALIGN = 8
ERRORS = "surrogatepass"
"""Lone surrogates can reach us from Python rows; the file must give back what it got."""

Array = NDArray[Any]


def pack(magic: bytes, header: Mapping[str, Any], arrays: Sequence[Array]) -> bytes:
    """The file of a header and arrays; the same content gives the same bytes."""
    table, body = _lay_out(arrays)
    text = json.dumps({**header, "sections": table}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGN)
    length = len(text).to_bytes(_LENGTH, "little")
    return b"".join([magic, length, _checksum([length, text, *body]), text, *body])


def unpack(magic: bytes, data: bytes, what: str, remedy: str) -> tuple[dict[str, Any], list[Array]]:
    """Header and arrays of what ``pack`` wrote; raises ChecksumError naming ``what`` and its ``remedy``."""
    if data[:MAGIC] != magic:
        raise ChecksumError(f"this is no {what} of this version: {remedy}")
    length = data[MAGIC : MAGIC + _LENGTH]
    content = memoryview(data)[_START:]
    if _checksum([length, content]) != data[MAGIC + _LENGTH : _START]:
        raise ChecksumError(f"the {what} is not what its checksum says: {remedy}")
    return _views(data)


def unpack_file(
    magic: bytes, chunks: Iterable[bytes], file: IO[bytes], what: str, remedy: str
) -> tuple[dict[str, Any], list[Array], mmap.mmap]:
    """The same in bounded memory: ``chunks`` go to ``file``, and the arrays are views of it.

    The map is theirs; who has read some of them may tell the system to let go of those pages.
    """
    head, hasher = b"", hashlib.blake2b(digest_size=_CHECKSUM)
    for chunk in chunks:
        file.write(chunk)
        if len(head) < _START:
            head += chunk
            if len(head) >= _START:
                hasher.update(head[MAGIC : MAGIC + _LENGTH])
                hasher.update(head[_START:])
        else:
            hasher.update(chunk)
    file.flush()
    if head[:MAGIC] != magic:
        raise ChecksumError(f"this is no {what} of this version: {remedy}")
    if hasher.digest() != head[MAGIC + _LENGTH : _START]:
        raise ChecksumError(f"the {what} is not what its checksum says: {remedy}")
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return *_views(mapped), mapped


def _views(data: bytes | mmap.mmap) -> tuple[dict[str, Any], list[Array]]:
    content = memoryview(data)[_START:]
    end = int.from_bytes(data[MAGIC : MAGIC + _LENGTH], "little")
    header: dict[str, Any] = json.loads(bytes(content[:end]))
    body = content[end:]
    return header, [
        np.frombuffer(body, dtype=dtype, count=count, offset=offset)
        for dtype, count, offset in header.pop("sections")
    ]


def narrow(numbers: Array) -> Array:
    """Non-negative numbers in the narrowest width that holds them."""
    highest = int(numbers.max(initial=0))
    width = (
        "u1" if highest < 1 << 8 else "<u2" if highest < 1 << 16 else "<i4" if highest < 1 << 31 else "<i8"
    )
    return numbers.astype(width)


def text_arrays(texts: Iterable[str]) -> tuple[Array, Array]:
    """Texts as UTF-8 end to end, and the byte offset of each; ``texts_of`` reads them."""
    encoded = [text.encode("utf-8", ERRORS) for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype="<i8")
    return ends, np.frombuffer(b"".join(encoded), dtype="u1")


def texts_of(ends: Array, body: Array) -> list[str]:
    """The texts that ``text_arrays`` wrote."""
    joined = body.tobytes()
    places: list[int] = ends.tolist()
    return [joined[start:end].decode("utf-8", ERRORS) for start, end in pairwise(places)]


def _lay_out(arrays: Sequence[Array]) -> tuple[list[tuple[str, int, int]], list[bytes]]:
    """Each section's place, and the body in chunks: joined once, so that large arrays are copied once."""
    table: list[tuple[str, int, int]] = []
    chunks: list[bytes] = []
    offset = 0
    for array in arrays:
        data = np.ascontiguousarray(array).data.cast("B") if len(array) else b""
        table.append((array.dtype.str, len(array), offset))
        chunks += [cast("bytes", data), bytes(-len(data) % _ALIGN)]
        offset += len(chunks[-2]) + len(chunks[-1])
    return table, chunks


def _checksum(chunks: Iterable[bytes | memoryview]) -> bytes:
    hasher = hashlib.blake2b(digest_size=_CHECKSUM)
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.digest()
