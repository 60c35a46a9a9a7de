"""Who calls: the keys that are valid now, and the sessions that a browser has in the place of one."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from snakebatch.clock import Clock
from snakebatch.mesh.api_keys import KeyFile, hash_of, hash_of_proof, proof_of

KEPT_SECONDS = 10.0
"""How long the keys are kept before they are read again: so long may a revoked one still be taken."""

SESSION_SECONDS = 12 * 3600.0


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
        return self._of_hash(hash_of(key))

    def of_session(self, token: str) -> Caller | None:
        """Whose session this is; None once it is over, or its key is revoked."""
        expiry, _, rest = token.partition(".")
        proof, _, seal = rest.partition(".")
        if not (expiry.isascii() and expiry.isdigit() and len(expiry) <= 12 and seal.isascii()):
            return None
        found = self._of_hash(hash_of_proof(proof))
        sealed = hmac.compare_digest(_seal(proof, expiry), seal)
        if found is None or not sealed or int(expiry) <= self._clock.time():
            return None
        return replace(found, session=True)

    def session(self, key: str) -> str:
        """A token for the browser of who has this key: when it ends, the key's proof, and a seal by it.

        Nothing is kept of it: any gatherer accepts it, also after a restart, and it ends with its key.
        """
        expiry, proof = str(int(self._clock.time() + SESSION_SECONDS)), proof_of(key)
        return f"{expiry}.{proof}.{_seal(proof, expiry)}"

    def _of_hash(self, given: str) -> Caller | None:
        found = None
        for known in self._valid():
            if hmac.compare_digest(known.sha256, given):
                found = Caller(known.id, known.name)
        return found

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


def _seal(proof: str, expiry: str) -> str:
    return hmac.new(proof.encode("utf-8", "surrogatepass"), expiry.encode(), hashlib.sha256).hexdigest()
