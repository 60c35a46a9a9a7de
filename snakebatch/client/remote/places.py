"""Where a mesh is: the address and key of a gatherer, or the name of a stack."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from snakebatch.client.remote.calls import Caller
from snakebatch.client.remote.http import HttpMesh, checked_key, checked_url
from snakebatch.client.remote.mesh import Mesh
from snakebatch.clock import Clock
from snakebatch.errors import InputError

URL, KEY = "SNAKEBATCH_URL", "SNAKEBATCH_KEY"
"""What the environment calls the address of a gatherer, and a key of it."""


@dataclass(frozen=True)
class Place:
    """Where a mesh is. ``url`` is None for a stack; the key is never shown."""

    url: str | None = None
    key: str | None = field(default=None, repr=False)
    stack: str | None = None
    region: str | None = None
    session: Any = field(default=None, repr=False)
    clients: Any = field(default=None, repr=False)

    def mesh(self, clock: Clock) -> Mesh:
        """The mesh there; raises MissingExtraError without the packages to reach it."""
        if self.url is not None:
            return HttpMesh(Caller(self.url, clock), had_key=self.key is not None)
        assert self.stack is not None
        from snakebatch.client.remote.aws import AwsMesh, aws_clients

        return AwsMesh(
            self.stack, aws_clients(self.region, self.session, self.clients), clock, region=self.region
        )


def find_place(
    url: str | None = None,
    key: str | None = None,
    stack: str | None = None,
    region: str | None = None,
    session: Any = None,
    clients: Any = None,
    environment: Mapping[str, str] = os.environ,
) -> Place:
    """The place that arguments and environment name; raises InputError where they name none, or two."""
    if stack is not None:
        if url is not None:
            raise InputError(
                "both url and stack are given; give one: the gatherer's address, or the stack's name"
            )
        if region is not None and session is not None:
            raise InputError("both region and session are given; a session has a region of its own")
        return Place(stack=stack, region=region, session=session, clients=clients)
    address = url if url is not None else environment.get(URL)
    if not address:
        raise InputError(
            f"no mesh is named; give url=... (or {URL}), the address of a gatherer, or stack=..., the name "
            "of a deployed stack"
        )
    secret = key if key is not None else environment.get(KEY)
    return Place(url=checked_url(address), key=checked_key(secret))
