"""What ``MeshSnake`` asks of a mesh, whichever way it is reached: ``http.HttpMesh``, ``aws.AwsMesh``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Protocol

from snakebatch.client.remote.effects import Flow
from snakebatch.client.remote.tables import Table
from snakebatch.mesh.job_status import JobStatus
from snakebatch.planner.plan import Plan

UPLOADED = "m-"
"""How the id of a model that somebody uploaded starts; no job has such an id (they are hex digits)."""


class Mesh(Protocol):
    """A mesh. All methods are flows; ``where`` says in arguments of ``MeshSnake`` how it is reached."""

    @property
    def where(self) -> str: ...

    def train(self, table: Table, asked: Mapping[str, Any]) -> Flow[str]:
        """Send a table and start a training of it, once; returns the job's id."""
        ...

    def status(self, model_id: str, *, patience: float) -> Flow[JobStatus]:
        """How far a job is; a mesh that is away is asked again for so many seconds."""
        ...

    def fetch(self, model_id: str, sink: BinaryIO, *, stripped: bool) -> Flow[None]:
        """Write a model.json into ``sink``, as the mesh has it."""
        ...

    def predict(self, model_id: str, mode: str, lines: Sequence[str]) -> Flow[list[Any]]:
        """The answers to some rows, each a line of JSON; few enough for one request."""
        ...

    def upload(self, model: bytes) -> Flow[str]:
        """Put a model.json where the mesh can be asked about it; returns its id."""
        ...

    def plan(self, asked: Mapping[str, Any]) -> Flow[Plan]:
        """What a training would take."""
        ...

    def resume(self, model_id: str, changes: Mapping[str, Any]) -> Flow[str]:
        """Start an ended job again, with other parameters where they may change; returns the new run's id."""
        ...

    def partial(self, model_id: str) -> Flow[dict[str, Any]]:
        """Make a model of the leaves that a job has, and say what it lacks."""
        ...

    def receipt(self, model_id: str) -> Flow[dict[str, Any]]:
        """Plan against actual of a finished training."""
        ...

    def trace(self, model_id: str) -> Flow[dict[str, Any]]:
        """What a job's workflow did, state by state, as ``snakebatch.graph.record`` has it."""
        ...

    def delete(self, model_id: str) -> Flow[None]:
        """Stop a job, if it runs, and delete what it left."""
        ...


def job_status(body: Mapping[str, Any]) -> JobStatus:
    """A status that a mesh told; fields of a newer version are left out."""
    return JobStatus.model_validate({name: body[name] for name in JobStatus.model_fields if name in body})
