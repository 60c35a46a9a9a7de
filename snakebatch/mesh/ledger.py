"""What is still missing: the manifest of expected leaves, minus the reports in S3."""

from __future__ import annotations

from collections.abc import Iterable

from snakebatch.errors import MeshError
from snakebatch.mesh.messages import Role
from snakebatch.mesh.records import Manifest
from snakebatch.mesh.store import JobStore, Keys


def missing(store: JobStore, keys: Keys, role: Role, packets: Iterable[str]) -> list[str]:
    """Those of ``packets`` that have no report yet, in order."""
    wanted = list(packets)
    if not wanted:
        return []
    reported = store.reported(keys, role)
    return [packet for packet in wanted if packet not in reported]


def missing_leaves(store: JobStore, manifest: Manifest) -> list[str]:
    """The leaf packets that the run still waits for."""
    keys = Keys(manifest.job, manifest.fingerprint)
    return missing(store, keys, "leaf", (entry.packet for entry in manifest.packets))


def require_complete(lost: list[str], what: str) -> None:
    """Raise MeshError naming a few of the packets whose report is missing."""
    if lost:
        named = ", ".join(lost[:3]) + (", ..." if len(lost) > 3 else "")
        raise MeshError(
            f"{len(lost)} {what} packets have no report ({named}): start the job again to do just these"
        )
