"""Sets of local rows as packed bits: row i is bit i % 64 of word i // 64."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
"""(..., words); bits past the last row are 0."""


def words_for(n: int) -> int:
    """How many words n rows take."""
    return -(-n // 64)


def pack(flags: NDArray[np.bool_]) -> Bits:
    """(..., n) flags as (..., words) bits."""
    n = flags.shape[-1]
    packed = np.packbits(flags, axis=-1, bitorder="little")
    missing = words_for(n) * 8 - packed.shape[-1]
    if missing:
        packed = np.concatenate([packed, np.zeros((*packed.shape[:-1], missing), dtype=np.uint8)], axis=-1)
    return packed.view("<u8").astype(np.uint64, copy=False)


def unpack(bits: Bits, n: int) -> NDArray[np.bool_]:
    """(..., words) bits as (..., n) flags."""
    as_bytes = np.ascontiguousarray(bits).astype("<u8", copy=False).view(np.uint8)
    return np.unpackbits(as_bytes, axis=-1, count=n, bitorder="little").view(np.bool_)


def one_bit_each(n: int) -> Bits:
    """(n, words): row i holds only bit i."""
    each = np.zeros((n, words_for(n)), dtype=np.uint64)
    index = np.arange(n)
    each[index, index >> 6] = np.uint64(1) << (index & 63).astype(np.uint64)
    return each


def count(bits: Bits) -> NDArray[np.int64]:
    """How many bits are set, along the last axis."""
    total: NDArray[np.int64] = np.bitwise_count(bits).sum(axis=-1, dtype=np.int64)
    return total


def nth_set(bits: Bits, index: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each row of (j, words), the number of its index-th set bit (0-based; it must exist)."""
    counts = np.bitwise_count(bits).astype(np.int64)
    upto = np.cumsum(counts, axis=1)
    word = (upto <= index[:, None]).sum(axis=1)
    rows = np.arange(len(bits))
    rest = index - (upto[rows, word] - counts[rows, word])
    flags = unpack(bits[rows, word][:, None], 64)
    place: NDArray[np.int64] = word * 64 + (np.cumsum(flags, axis=1) <= rest[:, None]).sum(axis=1)
    return place
