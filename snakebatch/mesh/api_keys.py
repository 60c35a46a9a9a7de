"""The keys of the HTTP API: who may call, kept as hashes in the jobs bucket.

A key is 256 random bits, so that SHA-256 is hash enough: scrypt and its like slow down the guessing of what
people choose, and nobody guesses 256 bits. What is kept is the hash of a key's *proof*, and the proof is a
hash of the key: a browser's session holds the proof, so that it tells nobody the key, and who reads what is
kept can make neither a call nor a session of it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Annotated, TypeVar
from typing import Literal as OneOf

from pydantic import Field

from snakebatch.errors import InputError, MeshError, shown
from snakebatch.mesh.canonical import canonical, read_json
from snakebatch.mesh.messages import Message, parse
from snakebatch.mesh.objects import Objects

KEYS = "service/keys.json"

_PURPOSE = b"snakebatch session v1"
_KEY_BYTES = 32
_ID_BYTES = 4
_ATTEMPTS = 20

T = TypeVar("T")


class ApiKey(Message):
    """A key as it is kept; times are epoch seconds. Revoked ones stay, so that a list tells who had one."""

    id: str
    name: Annotated[str, Field(min_length=1, max_length=100)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    created: float
    revoked: float | None = None


class KeyList(Message):
    """The content of the file of keys."""

    version: OneOf[1] = 1
    keys: list[ApiKey] = Field(default_factory=list)


def new_key() -> str:
    """A key that nobody can guess."""
    return f"sb_{secrets.token_urlsafe(_KEY_BYTES)}"


def proof_of(key: str) -> str:
    """What a session knows of a key: 64 hex digits."""
    return hmac.digest(key.encode("utf-8", "surrogatepass"), _PURPOSE, hashlib.sha256).hex()


def hash_of(key: str) -> str:
    """What is kept of a key: 64 hex digits."""
    return hash_of_proof(proof_of(key))


def hash_of_proof(proof: str) -> str:
    """What is kept of the key that this is the proof of."""
    return hashlib.sha256(proof.encode("utf-8", "surrogatepass")).hexdigest()


class KeyFile:
    """The file of keys in the jobs bucket. Of two who change it at once, neither loses a change."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    def read(self) -> list[ApiKey]:
        """All keys, the revoked ones too, oldest first."""
        return self._read()[0].keys

    def add(self, name: str, now: float) -> tuple[ApiKey, str]:
        """Make a key; returns its record and the key itself, which nobody can tell ever again."""
        key = new_key()
        record = parse(
            ApiKey,
            {"id": secrets.token_hex(_ID_BYTES), "name": name, "sha256": hash_of(key), "created": now},
            InputError,
        )
        self._change(lambda found: ([*found, record], None))
        return record, key

    def revoke(self, which: str, now: float) -> ApiKey:
        """Revoke a key by its id, or by its name where one valid key alone has it; returns its record.

        Raises InputError where there is none, or several have the name. To revoke twice changes nothing.
        """

        def change(found: list[ApiKey]) -> tuple[list[ApiKey], ApiKey]:
            chosen = _chosen(found, which)
            if chosen.revoked is not None:
                return found, chosen
            revoked = chosen.model_copy(update={"revoked": now})
            return [revoked if key.id == chosen.id else key for key in found], revoked

        return self._change(change)

    def _change(self, change: Callable[[list[ApiKey]], tuple[list[ApiKey], T]]) -> T:
        for _ in range(_ATTEMPTS):
            before, etag = self._read()
            keys, answer = change(before.keys)
            data = canonical(KeyList(keys=keys).body()).encode()
            if keys is before.keys or self.objects.write_over(KEYS, data, etag):
                return answer
        raise MeshError(f"the keys changed under {_ATTEMPTS} attempts: try again")

    def _read(self) -> tuple[KeyList, str | None]:
        found = self.objects.read_marked(KEYS)
        if found is None:
            return KeyList(), None
        return parse(KeyList, read_json(found[0], KEYS)), found[1]


def _chosen(keys: list[ApiKey], which: str) -> ApiKey:
    for key in keys:
        if key.id == which:
            return key
    named = [key for key in keys if key.name == which and key.revoked is None]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(key.id for key in named)
        raise InputError(f"{len(named)} keys are named {shown(which)}: name one by its id ({ids})")
    raise InputError(f"there is no key {shown(which)}: snakebatch keys list names them")
