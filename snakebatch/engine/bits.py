"""Sets of local rows as packed bits: row i is bit i % 64 of word i // 64."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
"""(..., words); bits past the last row are 0."""

_FEW_WORDS = 16
"""NumPy reduces a short last axis slowly: up to here, word by word is several times faster."""


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


def positions(bits: Bits, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and number of every set bit of (j, words), ascending: ``nonzero`` of the flags, several times
    faster."""
    row = np.repeat(np.arange(len(bits)), count(bits))
    return row, np.flatnonzero(unpack(bits, n)) - row * n


def one_bit_each(n: int) -> Bits:
    """(n, words): row i holds only bit i."""
    each = np.zeros((n, words_for(n)), dtype=np.uint64)
    index = np.arange(n)
    each[index, index >> 6] = np.uint64(1) << (index & 63).astype(np.uint64)
    return each


def count(bits: Bits) -> NDArray[np.int64]:
    """How many bits are set, along the last axis."""
    counts = np.bitwise_count(bits)
    if bits.shape[-1] > _FEW_WORDS:
        total: NDArray[np.int64] = counts.sum(axis=-1, dtype=np.int64)
        return total
    few: NDArray[np.int64] = counts[..., 0].astype(np.int64)
    for word in range(1, bits.shape[-1]):
        few += counts[..., word]
    return few


def some(bits: Bits) -> NDArray[np.bool_]:
    """Whether a bit is set, along the last axis."""
    if bits.shape[-1] > _FEW_WORDS:
        several: NDArray[np.bool_] = np.any(bits, axis=-1)
        return several
    together = bits[..., 0].copy()
    for word in range(1, bits.shape[-1]):
        together |= bits[..., word]
    found: NDArray[np.bool_] = together != 0
    return found


def is_set(bits: Bits, which: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether ``row`` is among the bits of ``which`` of (j, words), elementwise."""
    found: NDArray[np.bool_] = (bits[which, row >> 6] >> (row & 63).astype(np.uint64)) & np.uint64(1) == 1
    return found


def nth_set(bits: Bits, index: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each row of (j, words), the number of its index-th set bit (0-based; it must exist)."""
    counts = np.bitwise_count(bits)
    upto = np.cumsum(counts, axis=1, dtype=np.int32)
    word = (upto <= index[:, None]).sum(axis=1)
    rows = np.arange(len(bits))
    rest = index - (upto[rows, word] - counts[rows, word])
    inside, place = bits[rows, word], word << 6
    for half in (32, 16, 8, 4, 2, 1):
        lower = inside & np.uint64((1 << half) - 1)
        held = np.bitwise_count(lower)
        above = rest >= held
        rest = rest - held * above
        inside = np.where(above, inside >> np.uint64(half), lower)
        place = place + half * above
    found: NDArray[np.int64] = place
    return found
