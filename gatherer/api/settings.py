"""What the environment may set of the HTTP API; all of it has defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from snakebatch.errors import InputError

MiB = 1 << 20
_RATE = re.compile(r"(\d+(?:\.\d+)?):(\d+)")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Rate:
    """A token bucket: so many requests a second, and so many at once after a rest."""

    per_second: float
    burst: int


@dataclass(frozen=True)
class Settings:
    """Limits and keys. Rates are per key and gatherer; ``proxies`` of our own stand before the gatherer."""

    keys_sha256: tuple[str, ...] = ()
    json_bytes: int = 32 * MiB
    upload_bytes: int = 5 * 1024 * MiB
    part_bytes: int = 64 * MiB
    stream_bytes: int = 32 * MiB
    predictions: int = 8
    large_bodies: int = 8
    proxies: int = 0
    read: Rate = field(default=Rate(500, 2_000))
    write: Rate = field(default=Rate(20, 100))
    train: Rate = field(default=Rate(2, 100))
    predict: Rate = field(default=Rate(20, 100))
    upload: Rate = field(default=Rate(50, 200))
    failures: Rate = field(default=Rate(1 / 6, 10))

    @classmethod
    def read_from(cls, values: Mapping[str, str]) -> Settings:
        """From environment variables; raises InputError naming one that can't be read."""
        given: dict[str, object] = {}
        for name, kind in _VARIABLES.items():
            text = values.get(name, "")
            if text:
                field_name = name.removeprefix("GATHERER_").removeprefix("RATE_").lower()
                given[field_name.removeprefix("max_")] = kind(name, text)
        return cls(**given)  # type: ignore[arg-type]  # each of the kind that its reader returns


def _count(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise InputError(f"{name}: {text!r} is not a whole number")
    return int(text)


def _rate(name: str, text: str) -> Rate:
    match = _RATE.fullmatch(text)
    if match is None or not float(match[1]) or not int(match[2]):
        raise InputError(f"{name}: {text!r} is not a rate such as 20:100 (a second, and at once)")
    return Rate(float(match[1]), int(match[2]))


def _hashes(name: str, text: str) -> tuple[str, ...]:
    found = tuple(part.strip().lower() for part in text.split(","))
    for part in found:
        if not _HASH.fullmatch(part):
            raise InputError(f"{name}: {part!r} is not the SHA-256 of a key (64 hex digits)")
    return found


_VARIABLES = {
    "GATHERER_KEYS_SHA256": _hashes,
    "GATHERER_MAX_JSON_BYTES": _count,
    "GATHERER_MAX_UPLOAD_BYTES": _count,
    "GATHERER_MAX_PART_BYTES": _count,
    "GATHERER_STREAM_BYTES": _count,
    "GATHERER_PREDICTIONS": _count,
    "GATHERER_LARGE_BODIES": _count,
    "GATHERER_PROXIES": _count,
    "GATHERER_RATE_READ": _rate,
    "GATHERER_RATE_WRITE": _rate,
    "GATHERER_RATE_TRAIN": _rate,
    "GATHERER_RATE_PREDICT": _rate,
    "GATHERER_RATE_UPLOAD": _rate,
    "GATHERER_RATE_FAILURES": _rate,
}
