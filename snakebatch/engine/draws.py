"""Random choices without a generator: every draw is a hash of what it is for.

A draw depends on its key (job seed, layer, path, bucket number) and on its counters (which row, which step,
which candidate), never on what was drawn before. So results do not depend on batching, process, machine or
retries. The mixer is splitmix64's finaliser (Steele, Lea, Flood: Fast splittable pseudorandom number
generators, 2014).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB


def derive_key(seed: int, layer: int, path: Sequence[Sequence[Any]], *parts: int) -> int:
    """H(seed, layer, path, ...): the 64-bit key from which a slice (or its k-th bucket) takes its draws."""
    text = json.dumps([seed, layer, [list(literal) for literal in path], *parts], separators=(",", ":"))
    return int.from_bytes(hashlib.blake2b(text.encode("ascii"), digest_size=8).digest(), "little")


def mix(key: int, *counters: int) -> int:
    """64 uniform bits for these counters; the scalar twin of :func:`mix_many`."""
    state = key
    for counter in counters:
        state = (state ^ counter) + _GOLDEN & _MASK
        state = (state ^ (state >> 30)) * _MIX_1 & _MASK
        state = (state ^ (state >> 27)) * _MIX_2 & _MASK
        state ^= state >> 31
    return state


def mix_many(key: int | Words, *counters: NDArray[np.integer[Any]] | int) -> Words:
    """64 uniform bits for each element of the (broadcast) key and counters."""
    state: Words = np.atleast_1d(np.asarray(key, dtype=np.uint64))
    for counter in counters:
        state = (state ^ np.asarray(counter, dtype=np.uint64)) + np.uint64(_GOLDEN)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(_MIX_1)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(_MIX_2)
        state = state ^ (state >> np.uint64(31))
    return state


def below(bits: int, limit: int) -> int:
    """An integer in [0, limit) from 64 random bits, for limits up to 2**32."""
    return (bits >> 32) * limit >> 32


def below_many(bits: Words, limit: NDArray[np.integer[Any]] | int) -> NDArray[np.int64]:
    """Elementwise :func:`below`."""
    product = (bits >> np.uint64(32)) * np.asarray(limit, dtype=np.uint64)
    return (product >> np.uint64(32)).astype(np.int64)
