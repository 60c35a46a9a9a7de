"""The population as one file, by column: what a cold shard reads before it can work.

    8 bytes    magic "SNAKEPO2"
    8 bytes    length of the header, little-endian
    16 bytes   checksum of that length, the header and the sections
    header     JSON: names, datatypes, classes, and each section's dtype, length and offset
    sections   raw little-endian arrays, each on a multiple of 8 bytes

A number column is its float64 values; a text column its codes, in the narrowest width that holds them, and
its vocabulary as UTF-8 with the byte offset of each text. Reading makes views of the file's bytes: 1,000,000
rows of 20 numbers cost one checksum over 160 MB and no parsing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.population import Column, NumberColumn, Population, TextColumn
from snakebatch.errors import ChecksumError

_MAGIC = b"SNAKEPO2"
_LENGTH = 8
_CHECKSUM = 16
_START = len(_MAGIC) + _LENGTH + _CHECKSUM
_ALIGN = 8
# Staging never writes over a file of that name, so a damaged one has to go first.
_REMEDY = "delete it from the job's folder and start the job again"
_ERRORS = "surrogatepass"
"""Lone surrogates can reach us from Python rows; the file must give back what it got."""

Array = NDArray[Any]


def to_bytes(population: Population) -> bytes:
    """The file of a population; the same population gives the same bytes."""
    sections: list[Array] = []
    columns = [_describe(column, sections) for column in population.features]
    codes = _keep(_narrow(population.codes), sections)
    table, body = _lay_out(sections)
    header = {
        "header": population.header,
        "datatypes": population.datatypes,
        "classes": population.classes,
        "codes": codes,
        "columns": columns,
        "sections": table,
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGN)
    length = len(text).to_bytes(_LENGTH, "little")
    return b"".join([_MAGIC, length, _checksum([length, text, *body]), text, *body])


def from_bytes(data: bytes) -> Population:
    """Read what ``to_bytes`` wrote; raises ChecksumError on damage."""
    if data[: len(_MAGIC)] != _MAGIC:
        raise ChecksumError(f"this is no population file of this version: {_REMEDY}")
    length = data[len(_MAGIC) : len(_MAGIC) + _LENGTH]
    content = memoryview(data)[_START:]
    if _checksum([length, content]) != data[len(_MAGIC) + _LENGTH : _START]:
        raise ChecksumError(f"the population file is not what its checksum says: {_REMEDY}")
    end = int.from_bytes(length, "little")
    header = json.loads(bytes(content[:end]))
    body = content[end:]
    sections = [
        np.frombuffer(body, dtype=dtype, count=count, offset=offset)
        for dtype, count, offset in header["sections"]
    ]
    return Population(
        header=tuple(header["header"]),
        datatypes=tuple(header["datatypes"]),
        features=tuple(_column(column, sections) for column in header["columns"]),
        classes=tuple(header["classes"]),
        codes=sections[header["codes"]].astype(np.int32),
    )


def _describe(column: Column, sections: list[Array]) -> dict[str, int]:
    if isinstance(column, NumberColumn):
        return {"values": _keep(column.values.astype("<f8", copy=False), sections)}
    texts = [text.encode("utf-8", _ERRORS) for text in column.vocabulary]
    ends = np.cumsum([0, *map(len, texts)], dtype="<i8")
    return {
        "codes": _keep(_narrow(column.codes), sections),
        "ends": _keep(ends, sections),
        "texts": _keep(np.frombuffer(b"".join(texts), dtype="u1"), sections),
    }


def _column(described: dict[str, int], sections: list[Array]) -> Column:
    if "values" in described:
        return NumberColumn(values=sections[described["values"]])
    texts = sections[described["texts"]].tobytes()
    ends: list[int] = sections[described["ends"]].tolist()
    vocabulary = [texts[start:end].decode("utf-8", _ERRORS) for start, end in pairwise(ends)]
    return TextColumn(codes=sections[described["codes"]].astype(np.int32), vocabulary=vocabulary)


def _keep(array: Array, sections: list[Array]) -> int:
    sections.append(array)
    return len(sections) - 1


def _narrow(codes: NDArray[np.int32]) -> Array:
    highest = int(codes.max(initial=0))
    width = "u1" if highest < 1 << 8 else "<u2" if highest < 1 << 16 else "<i4"
    return codes.astype(width)


def _lay_out(sections: list[Array]) -> tuple[list[tuple[str, int, int]], list[bytes]]:
    """Each section's place, and the body in chunks: joined once, so that large arrays are copied once."""
    table: list[tuple[str, int, int]] = []
    chunks: list[bytes] = []
    offset = 0
    for array in sections:
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
