"""The functions Step Functions adds to JSONata: $partition, $range, $hash, $random, $uuid, $parse.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions
Numbers that are not integers count towards zero, and several impossible arguments give nothing instead of
an error, as the service does.
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from typing import Any

RANGE_LIMIT = 360_145
"""The longest $range that the service builds before its memory limit for expressions."""

_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def partition(array: Any = None, size: Any = None) -> Any:
    """The array in chunks of `size`, the last one what is left."""
    if array is None or size is None or int(size) == 0:
        return None
    items = array if isinstance(array, list) else [array]
    step = int(size)
    if step < 0:
        raise ValueError("the chunk size of $partition must be positive")
    return [list(items[at : at + step]) for at in range(0, len(items), step)] or None


def stepped_range(start: Any = None, end: Any = None, step: Any = None) -> Any:
    """Whole numbers from `start` to `end`, which is included where the step meets it."""
    if start is None or end is None or step is None or int(step) == 0:
        return None
    first, last, by = int(start), int(end), int(step)
    count = (last - first) // by + 1
    if count < 1:
        return None
    if count > RANGE_LIMIT:
        raise ValueError("Expression evaluation memory limit exceeded")
    numbers = [first + by * i for i in range(count)]
    return numbers[0] if count == 1 else numbers


def hashed(data: Any = None, algorithm: Any = None) -> Any:
    """Hex digest of a text; MD5, SHA-1, SHA-256, SHA-384 or SHA-512."""
    if data is None or algorithm is None:
        return None
    if algorithm not in _ALGORITHMS:
        raise ValueError(f"$hash knows {', '.join(_ALGORITHMS)}, not {algorithm}")
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return hashlib.new(_ALGORITHMS[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def randomly(seed: Any = None) -> float:
    """A number in [0, 1); the same one again for the same seed."""
    return random.Random(int(seed)).random() if seed is not None else random.random()


def unique_id() -> str:
    """A version 4 UUID."""
    return str(uuid.uuid4())


def parse(text: Any = None) -> Any:
    """The value of a JSON text."""
    if text is None:
        return None
    value = json.loads(text)
    return value


def refused(*_: Any) -> Any:
    """$eval is not there (transforming-data, "JSONata functions": use $parse)."""
    raise ValueError("$eval is not available in Step Functions; use $parse for JSON text")


FUNCTIONS = {
    "partition": partition,
    "range": stepped_range,
    "hash": hashed,
    "random": randomly,
    "uuid": unique_id,
    "parse": parse,
    "eval": refused,
}
