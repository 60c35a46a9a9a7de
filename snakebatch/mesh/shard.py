"""A shard: does one packet, in the role that its event names."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from snakebatch.clock import Clock
from snakebatch.engine.population import Population
from snakebatch.errors import EngineMismatchError, MeshError
from snakebatch.mesh.coverage import cover_of
from snakebatch.mesh.engines import Engine
from snakebatch.mesh.invocation import Invocation
from snakebatch.mesh.leaves import atom_leaves, chains, slice_leaves
from snakebatch.mesh.messages import LeafMessage, Packet, Report
from snakebatch.mesh.path_rows import PathRows
from snakebatch.mesh.population_cache import PopulationCache
from snakebatch.mesh.report_queue import ReportQueue
from snakebatch.mesh.requests import ShardEvent
from snakebatch.mesh.row_texts import texts_of_population
from snakebatch.mesh.store import JobStore
from snakebatch.mesh.text_runs import bucket_run, row_run
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
            report, run = work(packet, event.packet, self._population(packet), self.engine)
            if run is not None:  # before the report, which says that it is there
                self.store.put_text(packet, event.packet, run)
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
            "leaves": len(report.index),
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


class Done(NamedTuple):
    """A packet's answer: the report, and the run of model.json where it writes one."""

    report: Report
    run: bytes | None


def work(packet: Packet, identity: str, population: Population, engine: Engine) -> Done:
    """The answer to a packet: a function of the packet, the population and the engine alone."""
    blank = Report(engine=engine.version, packet=identity, role=packet.role, evaluations=0)
    if packet.rows is not None:
        texts = texts_of_population(population)
        run = row_run(texts.rows(*packet.rows), texts.targets(*packet.rows))
        return Done(blank.model_copy(update={"text": run.text}), run.data)
    settings = packet.training.settings()
    if packet.role == "divide":
        divided = divide_packet(
            population, packet.slices, settings, engine, levels=packet.levels, budget=packet.budget
        )
        answer = {
            "evaluations": divided.evaluations,
            "open": divided.open,
            "final": divided.final,
            "stops": dict(divided.stops),
        }
        return Done(blank.model_copy(update=answer), None)
    reader = PathRows(population, engine.truth)
    if packet.role == "conquer":
        found = list(chains(population, packet.slices, settings, engine, reader))
        return Done(blank.model_copy(update={"evaluations": reader.evaluations, "chains": found}), None)
    leaves = [
        *slice_leaves(population, packet.slices, settings, engine, reader),
        *atom_leaves(population, packet.atoms, settings, engine, reader),
    ]
    buckets = list(chain.from_iterable(leaf.buckets for leaf in leaves))
    run = bucket_run(buckets)
    answer = {
        "evaluations": reader.evaluations,
        "index": [leaf.index for leaf in leaves],
        "cover": cover_of(buckets),
        "text": run.text,
    }
    return Done(blank.model_copy(update=answer), run.data)
