"""What the pages of the mesh share: one reader of the runs, one of the account, for all who watch."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request

from gatherer.account import Account
from gatherer.activity import ActivityReader
from gatherer.api.parts import Parts
from gatherer.pages.brackets_view import TableReader
from gatherer.pages.demonstration import Demonstrations
from gatherer.receipts import ReceiptReader
from snakebatch.clock import Clock
from snakebatch.mesh.environment import Environment

DEFAULT_PREFIX = "v9-worker-pipe"


class Clients:
    """boto3 clients by name, each made once: making one is slow, and not thread safe."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str) -> Any:
        with self._lock:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]


@dataclass(frozen=True)
class MeshState:
    """``rate`` is the deployment's spawn rate, in new invocations a second."""

    reader: ActivityReader
    account: Account
    table: TableReader
    receipts: ReceiptReader
    demonstrations: Demonstrations
    clock: Clock
    rate: float


def add_mesh_state(app: FastAPI, parts: Parts) -> None:
    """Give the application its readers; nothing is asked before a page is."""
    values = Environment.read().values
    clients = Clients(parts.clients)
    app.state.mesh = MeshState(
        reader=ActivityReader(parts.jobs),
        account=Account(clients, values.get("SHARD_PREFIX", DEFAULT_PREFIX), parts.clock),
        table=TableReader(clients, values.get("LEASE_TABLE"), parts.clock),
        receipts=ReceiptReader(parts.jobs),
        demonstrations=Demonstrations(),
        clock=parts.clock,
        rate=parts.rate,
    )


def mesh_state(request: Request) -> MeshState:
    """The readers of the application that answers."""
    state: MeshState = request.app.state.mesh
    return state
