"""From one wave to the next: what the reports left to do becomes packets, items, and at last the manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Literal as OneOf

from snakebatch.errors import MeshError
from snakebatch.mesh.ledger import missing, require_complete
from snakebatch.mesh.messages import AtomGroup, Packet, Report, Role, Slice
from snakebatch.mesh.packing import (
    atom_packets,
    divide_packets,
    leaf_packets,
    row_packets,
)
from snakebatch.mesh.records import JobRecord, Manifest, ManifestEntry, RunRecord, WaveRecord
from snakebatch.mesh.requests import WaveEvent, WaveRef
from snakebatch.mesh.reuse import undone
from snakebatch.mesh.routing import Pace, Ring, root_shard, wave_shard
from snakebatch.mesh.spending import check_cost
from snakebatch.mesh.store import JobStore, Keys
from snakebatch.mesh.tree import root_slice
from snakebatch.planner.rate import SPAWN_RATE, map_concurrency, short_seconds
from snakebatch.planner.sizing import DIVIDE_BUDGET

MOST_WAVES = 400
"""More than the deepest tree has levels: a split takes a twentieth at least, so 1e9 rows end within 300."""


_WRITERS = 8
"""Packets written at a time: S3 answers in tens of milliseconds, and a wave may have thousands."""


def alone(packets: int, starts: Sequence[float], seconds: float) -> Pace:
    """The pace of who has the whole rate, no slots, and no clock to tell how old its last starts are."""
    return Pace(map_concurrency(SPAWN_RATE, packets=packets, recent=len(starts), seconds=seconds))


@dataclass
class Waves:
    """The waves of one run, read from and written to the store; holds nothing between two calls."""

    store: JobStore
    job: JobRecord
    run: RunRecord
    pace: Callable[[int, Sequence[float], float], Pace] = alone
    """How a Map of so many packets may go, after starts at these moments (epoch seconds), where each takes so
    many seconds at least."""

    _starts: list[float] = field(default_factory=list)
    """When the invocations began whose reports were read."""

    _reused: set[str] = field(default_factory=set)
    """The packets of the waves that were read whose reports an earlier run made."""

    @property
    def keys(self) -> Keys:
        return Keys(self.job.job, self.job.fingerprint)

    def first(self) -> WaveRef:
        """The root packets, one a layer, and those that write the rows of a large population beside them;
        ``none`` where every root is a leaf already.
        """
        roots = self._roots()
        if roots[0].final:
            return self._hand_out(0, "divide", [], []).model_copy(update={"next": "none"})
        packets = [self._packet("divide", slices=[root]) for root in roots] + self._row_packets()
        slots = self.run.slots
        if slots:
            # Nothing is leased yet: as many roots as there are slots go to them.
            pace = Pace(max(slots, len(packets)), slots, Ring.of(self.job.job, slots))
            return self._hand_out(
                0, "divide", packets, [wave_shard(self.job.job, j, pace) for j in range(len(packets))]
            )
        return self._hand_out(
            0, "divide", packets, [root_shard(self.job.job, j) for j in range(len(packets))]
        )

    def next(self, event: WaveEvent) -> WaveRef:
        """What follows the Map that just ended; raises MeshError where one of its reports is missing.

        Raises PlanError where what was done and what is left would cost more than ``max_usd``.
        """
        wave = event.wave + 1
        if wave > MOST_WAVES:
            raise MeshError(f"{MOST_WAVES} waves and still slices to divide: this is a fault of the engine")
        by_wave = [list(self._reports("divide", past)) for past in range(wave)]
        divided = list(chain.from_iterable(by_wave))
        check_cost(self.job, self.run, [one for one in divided if one.packet not in self._reused], wave)
        following = self._following(event, wave, divided, by_wave[-1])
        before = sum(len(self.store.wave(self.keys, self.run.execution, past).fresh) for past in range(wave))
        return following.model_copy(
            update={
                "invocations": before + following.pending,
                "evaluations": sum(one.evaluations for one in divided if one.packet not in self._reused),
            }
        )

    def _following(self, event: WaveEvent, wave: int, divided: list[Report], last: list[Report]) -> WaveRef:
        if event.done == "conquer":
            return self._atoms(wave, list(self._reports("conquer", event.wave)))
        opened = [piece for report in last for piece in report.open]
        if opened:
            packets = [
                self._packet("divide", slices=slices) for slices in divide_packets(opened, self.job.rows)
            ]
            return self._hand_out(wave, "divide", packets)
        final = [piece for report in divided for piece in report.final] or self._roots()
        if self.run.input.leaf_grain == "bucket":
            packets = [
                self._packet("conquer", slices=slices)
                for slices in leaf_packets(final, self.job.classes, self.job.leaf_rows)
            ]
            return self._hand_out(wave, "conquer", packets)
        return self._leaves(wave, final)

    # The three kinds of waves

    def _leaves(self, wave: int, final: list[Slice]) -> WaveRef:
        packets = [self._packet("leaf", slices=slices) for slices in self._packed(final)]
        entries = [
            (packet, len(packet.slices), sum(piece.n for piece in packet.slices)) for packet in packets
        ]
        self._expect(entries, len(final))
        return self._hand_out(wave, "leaf", packets)

    def _atoms(self, wave: int, reports: list[Report]) -> WaveRef:
        chains = [built for report in reports for built in report.chains]
        sizes = {built.slice.place: built.rows for built in chains}
        grouped = atom_packets(chains, self.job.classes, self.job.leaf_rows)
        packets = [self._packet("leaf", atoms=groups) for groups in grouped]
        entries = [
            (
                packet,
                sum(len(group.ks) for group in packet.atoms),
                sum(sizes[group.slice.place][k] for group in packet.atoms for k in group.ks),
            )
            for packet in packets
        ]
        self._expect(entries, len(chains))
        return self._hand_out(wave, "leaf", packets)

    def _expect(self, entries: Iterable[tuple[Packet, int, int]], slices: int) -> None:
        """Write the manifest; ``entries`` are packets in model order with their leaves and rows."""
        self.store.put_manifest(
            Manifest(
                execution=self.run.execution,
                job=self.job.job,
                fingerprint=self.job.fingerprint,
                layers=self.run.input.n_layers,
                slices=slices,
                rows=[packet.id for packet in self._row_packets()],
                packets=[
                    ManifestEntry(packet=packet.id, layer=_layer(packet) or 0, leaves=leaves, rows=rows)
                    for packet, leaves, rows in entries
                ],
            )
        )

    # Packets and items

    def _packed(self, slices: list[Slice]) -> Iterator[list[Slice]]:
        return leaf_packets(slices, self.job.classes, self.job.leaf_rows)

    def _row_packets(self) -> list[Packet]:
        """Packets that write the population's rows as model.json has them: none where no root is divided."""
        if self._roots()[0].final:
            return []
        return [
            # A run that divides by other levels finds the rows that an earlier one wrote.
            self._packet("divide").model_copy(update={"rows": rows, "levels": None, "budget": 0})
            for rows in row_packets(self.job.rows, len(self.job.header))
        ]

    def _packet(self, role: Role, *, slices: Iterable[Slice] = (), atoms: Iterable[AtomGroup] = ()) -> Packet:
        divides = role == "divide"
        return Packet(
            engine=self.job.engine,
            job=self.job.job,
            fingerprint=self.job.fingerprint,
            role=role,
            population=self.job.population,
            training=self.job.training,
            levels=self.run.input.levels if divides else None,
            budget=DIVIDE_BUDGET if divides else 0,
            slices=list(slices),
            atoms=list(atoms),
        )

    def _hand_out(
        self,
        wave: int,
        role: OneOf["divide", "conquer", "leaf"],
        packets: list[Packet],
        shards: list[str] | None = None,
    ) -> WaveRef:
        with ThreadPoolExecutor(_WRITERS) as writers:
            ids = list(writers.map(self.store.put_packet, packets))
        waiting = set(undone(self.store, self.keys, role, ids))
        concurrency = 0
        if shards is None:
            rows = [_rows(packet) for packet, name in zip(packets, ids, strict=True) if name in waiting]
            seconds = short_seconds(role, sum(rows) / max(1, len(rows)))
            pace = self.pace(len(waiting), self._starts, seconds)
            concurrency = pace.max_concurrency
            shards = [wave_shard(self.job.job, j, pace) for j in range(len(ids))]
        items = [
            self.store.item(self.keys, role, packet, shard)
            for packet, shard in zip(ids, shards, strict=True)
            if packet in waiting
        ]
        record = WaveRecord(
            wave=wave,
            role=role,
            packets=ids,
            layers=[_layer(packet) for packet in packets],
            reused=[packet for packet in ids if packet not in waiting],
        )
        key = self.store.put_wave(self.keys, self.run.execution, record, items)
        return WaveRef(
            wave=wave,
            next=role,
            items=key,
            results=self._results(wave),
            packets=len(ids),
            pending=len(items),
            max_concurrency=concurrency,
        )

    def _results(self, wave: int) -> str:
        return self.store.results(self.keys, self.run.execution, wave)

    def _roots(self) -> list[Slice]:
        layers = range(self.run.input.n_layers)
        return [root_slice(layer, self.job.rows, self.job.training.tau) for layer in layers]

    # What was done

    def _reports(self, role: Role, wave: int) -> Iterator[Report]:
        """The reports of a wave, none where it was of another role."""
        record = self.store.wave(self.keys, self.run.execution, wave)
        if record.role != role:
            return
        self._reused.update(record.reused)
        require_complete(missing(self.store, self.keys, role, record.packets), role)
        for packet in record.packets:
            report, by = self.store.report_and_maker(self.keys, role, packet)
            if by is not None:
                self._starts.append(by.started)
            yield report


def next_wave(
    store: JobStore,
    event: WaveEvent,
    renewed: Callable[[str, RunRecord, int, Sequence[float], float], Pace] | None = None,
) -> WaveRef:
    """The wave after the one that ``event`` says has ended.

    ``renewed`` renews the execution's lease for a Map of so many packets of so many seconds at least, after
    starts at these moments;
    without it there is none.
    """
    job = store.job(event.job, event.fingerprint)
    run = store.run(Keys(event.job, event.fingerprint), event.execution)
    pace = alone if renewed is None else partial(renewed, event.execution_arn, run)
    return Waves(store, job, run, pace).next(event)


def _layer(packet: Packet) -> int | None:
    """The layer of all that a packet holds; None of one that writes rows."""
    if packet.rows is not None:
        return None
    return packet.slices[0].layer if packet.slices else packet.atoms[0].slice.layer


def _rows(packet: Packet) -> int:
    """Of its slices; 0 where they are not told, which is the least that they can be."""
    return sum(piece.n for piece in packet.slices)
