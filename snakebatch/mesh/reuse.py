"""What an earlier run of a job left to this one: which answers still hold, and what they save.

An answer is a report and, of some packets, the run of model.json that it names. One that was lost or damaged
since is forgotten when the next run hands its packet out, so that a resume makes it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from snakebatch.errors import ChecksumError, MeshError
from snakebatch.mesh.ledger import missing
from snakebatch.mesh.messages import Role
from snakebatch.mesh.records import Manifest, WaveRecord
from snakebatch.mesh.store import JobStore, Keys
from snakebatch.planner.plan import MEMORY_GB, Plan, cost

MOST_ASKED = 2_000
"""Reports of a wave whose makers are asked for: of more, some stand for all. 16 at a time take seconds."""

_READERS = 16
"""Answers looked at at a time: S3 answers in tens of milliseconds."""


def undone(store: JobStore, keys: Keys, role: Role, packets: Iterable[str]) -> list[str]:
    """Those of ``packets`` without an answer that holds, in order; damaged answers are forgotten."""
    wanted = list(packets)
    reported = {*wanted} - {*missing(store, keys, role, wanted)}
    whole = holding(store, keys, role, reported)
    for packet in sorted(reported - whole):
        store.forget_report(keys, role, packet)
    return [packet for packet in wanted if packet not in whole]


def holding(store: JobStore, keys: Keys, role: Role, packets: Iterable[str]) -> set[str]:
    """Those of ``packets`` whose answer is there, whole."""
    asked = list(packets)
    if not asked:
        return set()
    with ThreadPoolExecutor(_READERS) as readers:
        found = readers.map(lambda packet: _holds(store, keys, role, packet), asked)
        return {packet for packet, holds in zip(asked, found, strict=True) if holds}


def _holds(store: JobStore, keys: Keys, role: Role, packet: str) -> bool:
    try:
        report = store.report(keys, role, packet)
    except (ChecksumError, MeshError):
        return False  # damaged, or deleted since the listing: the packet is done again
    return report.text is None or store.holds_text(keys, role, packet, report.text)


def layers_left(store: JobStore, keys: Keys, n_layers: int) -> int:
    """How many layers' leaves a run of ``n_layers`` has still to make, parts of layers together rounded up.

    From the leaves that earlier runs expected and the reports that are there: an estimate for the plan, since
    what was damaged is found later.
    """
    reported = store.reported(keys, "leaf")
    covered: dict[int, float] = {}
    for manifest in store.manifests(keys) if reported else ():
        for layer, share in _shares(manifest, reported).items():
            covered[layer] = max(share, covered.get(layer, 0.0))
    done = sum(share for layer, share in covered.items() if layer < n_layers)
    return -int(-(n_layers - done) // 1)


def without_packets(plan: Plan) -> Plan:
    """The plan of a run whose leaves are all there: the workflow's own steps, and no shard."""
    usd = cost(invocations=0, compute_seconds=0.0, leaves=0)
    reason = plan.reason if usd > plan.max_usd else None
    return replace(
        plan,
        n_layers=0,
        leaves=0,
        packets=0,
        invocations=0,
        compute_seconds=0.0,
        waves=0,
        peak_rate=0.0,
        seconds_by_state={},
        usd=round(usd, 6),
        usd_by_kind={"transitions": round(usd, 6)},
        feasible=reason is None,
        reason=reason,
    )


def _shares(manifest: Manifest, reported: set[str]) -> dict[int, float]:
    """The part of each layer's rows whose leaves are there."""
    rows: dict[int, int] = {}
    done: dict[int, int] = {}
    for entry in manifest.packets:
        rows[entry.layer] = rows.get(entry.layer, 0) + entry.rows
        done[entry.layer] = done.get(entry.layer, 0) + entry.rows * (entry.packet in reported)
    return {layer: done[layer] / rows[layer] for layer in rows}


@dataclass(frozen=True)
class Saved:
    """Packets that were not done again: how many, their leaves, and the shards' seconds that made them."""

    packets: int = 0
    leaves: int = 0
    seconds: float = 0.0

    def plus(self, other: Saved) -> Saved:
        """Both together."""
        return Saved(self.packets + other.packets, self.leaves + other.leaves, self.seconds + other.seconds)

    def usd(self, memory_gb: float) -> float:
        """US dollars that they would cost again with functions of so many GB, as plans reckon them."""
        if not self.packets:
            return 0.0
        again = cost(
            invocations=self.packets,
            compute_seconds=self.seconds,
            leaves=self.leaves,
            memory_gb=memory_gb,
        )
        return again - cost(invocations=0, compute_seconds=0.0, leaves=0)

    def said(self, memory_gb: float) -> dict[str, Any]:
        """As receipts have it."""
        return {
            "packets": self.packets,
            "leaves": self.leaves,
            "seconds": round(self.seconds, 3),
            "usd": round(self.usd(memory_gb), 6),
        }


@dataclass
class Reused:
    """What a run found done, by role and by layer; what writes rows has no layer.

    ``memory_gb`` are GB of its functions, which say what doing it again would cost.
    """

    memory_gb: float = MEMORY_GB
    by_role: dict[str, Saved] = field(default_factory=dict)
    by_layer: dict[int, Saved] = field(default_factory=dict)
    whole_layers: list[int] = field(default_factory=list)

    def add(self, role: str, layer: int | None, saved: Saved) -> None:
        """Count one packet, or some, of one role and layer."""
        self.by_role[role] = self.by_role.get(role, Saved()).plus(saved)
        if layer is not None:
            self.by_layer[layer] = self.by_layer.get(layer, Saved()).plus(saved)

    @property
    def all(self) -> Saved:
        """Everything together."""
        total = Saved()
        for saved in self.by_role.values():
            total = total.plus(saved)
        return total

    def said(self) -> dict[str, Any]:
        """As the receipt has it."""
        return {
            **self.all.said(self.memory_gb),
            "whole_layers": len(self.whole_layers),
            "by_role": {role: saved.said(self.memory_gb) for role, saved in self.by_role.items()},
            "by_layer": {
                str(layer): saved.said(self.memory_gb) for layer, saved in sorted(self.by_layer.items())
            },
        }


def reused_of(
    store: JobStore, keys: Keys, waves: Sequence[WaveRecord], manifest: Manifest, *, memory_gb: float
) -> Reused:
    """What a run's waves found done. Seconds are those that the reports' makers took."""
    leaves = {entry.packet: entry.leaves for entry in manifest.packets}
    found = Reused(memory_gb)
    for wave in waves:
        seconds = _seconds(store, keys, wave)
        layers = dict(zip(wave.packets, wave.layers, strict=False))
        for packet in wave.reused:
            expected = leaves.get(packet, 0) if wave.role == "leaf" else 0
            found.add(wave.role, layers.get(packet), Saved(1, expected, seconds[packet]))
    done = {packet for wave in waves if wave.role == "leaf" for packet in wave.reused}
    left = {entry.layer for entry in manifest.packets if entry.packet not in done}
    found.whole_layers = sorted({entry.layer for entry in manifest.packets} - left)
    return found


def _seconds(store: JobStore, keys: Keys, wave: WaveRecord) -> dict[str, float]:
    """The seconds of each reused packet; those that were not asked for have the others' mean."""
    known = {
        one.packet: one.seconds for one in store.invocations(keys, wave.role, some(wave.reused, MOST_ASKED))
    }
    mean = sum(known.values()) / len(known) if known else 0.0
    return {packet: known.get(packet, mean) for packet in wave.reused}


def some(packets: list[str], most: int) -> list[str]:
    """All of them, or as many evenly taken."""
    return packets if len(packets) <= most else packets[:: -(-len(packets) // most)]
