"""Who calls: the keys that are valid now, and the sessions that a browser has in the place of one."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from snakebatch.clock import Clock
from snakebatch.mesh.api_keys import KeyFile, hash_of

KEPT_SECONDS = 10.0
"""How long the keys are kept before they are read again: so long may a revoked one still be taken."""

SESSION_SECONDS = 12 * 3600.0

_PURPOSE = b"snakebatch session v1"


@dataclass(frozen=True)
class Caller:
    """Whose key a request has; ``session``: by the cookie, which a browser sends unasked."""

    id: str
    name: str
    session: bool = False


@dataclass(frozen=True)
class _Known:
    id: str
    name: str
    sha256: str


class KeyRing:
    """The valid keys: those of the bucket's file, and those whose hashes the environment names."""

    def __init__(self, file: KeyFile, extra: Sequence[str], clock: Clock) -> None:
        self._file = file
        self._extra = [_Known(f"env-{sha256[:8]}", "environment", sha256) for sha256 in extra]
        self._clock = clock
        self._lock = threading.Lock()
        self._known: list[_Known] = []
        self._read_at: float | None = None

    @property
    def stale(self) -> bool:
        """Whether the next question reads the file, and so may wait for S3."""
        return self._read_at is None or abs(self._clock.time() - self._read_at) >= KEPT_SECONDS

    def of_key(self, key: str) -> Caller | None:
        """Whose key this is, or None. Every valid key is compared, in constant time."""
        given, found = hash_of(key), None
        for known in self._valid():
            if hmac.compare_digest(known.sha256, given):
                found = Caller(known.id, known.name)
        return found

    def of_session(self, token: str) -> Caller | None:
        """Whose session this is; None once it is over, or its key is revoked."""
        key_id, _, rest = token.partition(".")
        expiry, _, seal = rest.partition(".")
        if not (expiry.isascii() and expiry.isdigit() and len(expiry) <= 12 and seal.isascii()):
            return None
        found = None
        for known in self._valid():
            same = hmac.compare_digest(_seal(known, expiry), seal)
            if same and known.id == key_id:
                found = Caller(known.id, known.name, session=True)
        return found if int(expiry) > self._clock.time() else None

    def session(self, caller: Caller) -> str:
        """A token for the caller's browser: its key's id, when it ends, and a seal over both.

        The seal's secret comes from the key's hash: any gatherer accepts it, also after a restart, and it
        ends with its key.
        """
        expiry = str(int(self._clock.time() + SESSION_SECONDS))
        known = next(known for known in self._valid() if known.id == caller.id)
        return f"{known.id}.{expiry}.{_seal(known, expiry)}"

    def _valid(self) -> list[_Known]:
        if self.stale:
            with self._lock:
                if self.stale:
                    self._known = [
                        _Known(key.id, key.name, key.sha256)
                        for key in self._file.read()
                        if key.revoked is None
                    ]
                    self._read_at = self._clock.time()
        return [*self._known, *self._extra]


def _seal(known: _Known, expiry: str) -> str:
    secret = hmac.digest(known.sha256.encode(), _PURPOSE, hashlib.sha256)
    return hmac.new(secret, f"{known.id}.{expiry}".encode(), hashlib.sha256).hexdigest()
