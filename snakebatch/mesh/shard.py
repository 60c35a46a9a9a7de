"""A shard: does one packet, in the role that its event names."""

from __future__ import annotations

from dataclasses import dataclass

from snakebatch.clock import Clock
from snakebatch.engine.population import Population
from snakebatch.errors import EngineMismatchError, MeshError
from snakebatch.mesh.engines import Engine
from snakebatch.mesh.invocation import Invocation
from snakebatch.mesh.leaves import atom_leaves, chains, slice_leaves
from snakebatch.mesh.messages import LeafIndex, LeafMessage, LeafResult, Packet, Report
from snakebatch.mesh.path_rows import PathRows
from snakebatch.mesh.population_cache import PopulationCache
from snakebatch.mesh.report_queue import ReportQueue
from snakebatch.mesh.requests import ShardEvent
from snakebatch.mesh.store import JobStore
from snakebatch.mesh.tree import divide_packet


@dataclass
class Shard:
    """One warm environment: its adapters, its engine, and the populations it has seen."""

    store: JobStore
    populations: PopulationCache
    queue: ReportQueue
    engine: Engine
    clock: Clock
    cold: bool = True

    def run(self, event: ShardEvent) -> dict[str, object]:
        """Do the packet, or find it done, and say so; returns counts only.

        Raises EngineMismatchError for a packet of another engine, ChecksumError for a damaged one.
        """
        started = self.clock.time()
        packet = self.store.packet(event.key, event.packet)
        self._check(packet, event)
        report = self.store.find_report(packet, event.packet)
        done_before = report is not None
        if report is None:
            report = work(packet, event.packet, self._population(packet), self.engine)
            spent = self.clock.time() - started
            by = Invocation(event.packet, packet.role, event.shard, self.cold, started, spent)
            self.store.put_report(packet, report, by)
        # Sent also for a report that was there: the first to write it may have died before it could ring the
        # bell.
        self.queue.send(self._messages(packet, report, event, started))
        self.cold = False
        return {
            "packet": event.packet,
            "role": packet.role,
            "leaves": len(report.leaves),
            "buckets": sum(leaf.buckets for leaf in report.index),
            "open": len(report.open),
            "final": len(report.final),
            "evaluations": report.evaluations,
            "reused": done_before,
        }

    def _check(self, packet: Packet, event: ShardEvent) -> None:
        if packet.engine != self.engine.version:
            raise EngineMismatchError(
                f"packet {event.packet} was made for engine {packet.engine}, "
                f"this shard has {self.engine.version}: "
                "deploy one version everywhere, then start the job again under a new id"
            )
        if packet.role != event.role:
            raise MeshError(f"packet {event.packet} is for {packet.role}, the event says {event.role}")

    def _population(self, packet: Packet) -> Population:
        return self.populations.get(
            packet.population, lambda: self.store.population(packet.job, packet.population)
        )

    def _messages(
        self, packet: Packet, report: Report, event: ShardEvent, started: float
    ) -> list[LeafMessage]:
        seconds = self.clock.time() - started
        return [
            LeafMessage(
                job=packet.job,
                fingerprint=packet.fingerprint,
                execution=event.execution,
                packet=event.packet,
                shard=event.shard,
                cold=self.cold,
                started=started,
                seconds=seconds,
                **leaf.body(),
            )
            for leaf in report.index
        ]


def work(packet: Packet, identity: str, population: Population, engine: Engine) -> Report:
    """The report of a packet: a function of the packet, the population and the engine alone."""
    settings = packet.training.settings()
    blank = Report(engine=engine.version, packet=identity, role=packet.role, evaluations=0)
    if packet.role == "divide":
        divided = divide_packet(
            population, packet.slices, settings, engine, levels=packet.levels, budget=packet.budget
        )
        return blank.model_copy(
            update={
                "evaluations": divided.evaluations,
                "open": divided.open,
                "final": divided.final,
                "stops": dict(divided.stops),
            }
        )
    reader = PathRows(population, engine.truth)
    if packet.role == "conquer":
        found = list(chains(population, packet.slices, settings, engine, reader))
        return blank.model_copy(update={"evaluations": reader.evaluations, "chains": found})
    leaves = list(slice_leaves(population, packet.slices, settings, engine, reader))
    leaves += atom_leaves(population, packet.atoms, settings, engine, reader)
    return blank.model_copy(
        update={
            "evaluations": reader.evaluations,
            "leaves": leaves,
            "index": [_index(leaf) for leaf in leaves],
        }
    )


def _index(leaf: LeafResult) -> LeafIndex:
    return LeafIndex(layer=leaf.layer, node=leaf.node, k=leaf.k, rows=leaf.rows, buckets=len(leaf.buckets))
