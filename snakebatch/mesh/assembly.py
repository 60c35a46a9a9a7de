"""Assembly: from the reports in S3 to model.json and model_stripped.json, in bounded memory.

The gatherer does it, and Settle where the gatherer is silent; twice is harmless, since the bytes are the
same.

Both models are written at once, and appear only once every leaf was checked. Their texts were written by
the shards: what is large enough S3 copies itself, the rest passes through here. What is in memory at a time:
some reports, a bit of what was seen of a layer (a byte a row, a hash a bucket), and the parts that are on
their way to S3; of a population that no shard wrote out, some thousand rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from snakebatch.engine.model_json import ROW_SEAM, TARGET_SEAM, config_of, file_pieces, log_of
from snakebatch.errors import InvariantError, MeshError
from snakebatch.mesh import uploads
from snakebatch.mesh.ahead import ahead
from snakebatch.mesh.coverage import LayerCheck
from snakebatch.mesh.ledger import missing, missing_leaves, require_complete
from snakebatch.mesh.messages import Cover, Report, Role, Text
from snakebatch.mesh.records import Assembled, JobRecord, Manifest, ManifestEntry
from snakebatch.mesh.store import JobStore, Keys
from snakebatch.mesh.stored_population import stored
from snakebatch.mesh.text_runs import bucket_range, row_range, target_range
from snakebatch.mesh.text_sources import Source, Sources
from snakebatch.mesh.uploads import Upload

_REMEDY = "delete it and start the job again"

_AHEAD = 8
"""Reports that are read before their turn: S3 answers in tens of milliseconds, and there may be hundreds."""

CONNECTIONS = 2 * uploads.CONNECTIONS + _AHEAD
"""To S3, that one assembly may use at a time."""

Alive = Callable[[], None]
"""Called between small steps of the work: it may raise, and nothing appears in S3 then."""


def _quiet() -> None:
    """For callers whose work nobody waits for with a heartbeat."""


@dataclass
class Assembler:
    """Puts models together from reports."""

    store: JobStore

    def assemble(self, job: str, fingerprint: str, execution: str, alive: Alive = _quiet) -> Assembled:
        """The models of a run, verified and written; found again where an earlier call wrote them.

        Raises MeshError while reports are missing, InvariantError where the leaves are not a model.
        """
        keys = Keys(job, fingerprint)
        record = self.store.job(job, fingerprint)
        manifest = self.store.manifest(keys, execution)
        names = {
            "model": self.store.objects.uri(keys.model(manifest.layers, stripped=False)),
            "model_stripped": self.store.objects.uri(keys.model(manifest.layers, stripped=True)),
        }
        done = self.store.find_assembled(keys, execution)
        # A name is free again after 90 days: an earlier run of that name may have had other layers.
        if done is not None and done.model == names["model"]:
            return done
        require_complete(missing_leaves(self.store, manifest), "leaf")
        require_complete(missing(self.store, keys, "divide", manifest.rows), "row")
        objects = self.store.objects
        with ExitStack() as opened:
            full = opened.enter_context(objects.writing(keys.model(manifest.layers, stripped=False)))
            stripped = opened.enter_context(objects.writing(keys.model(manifest.layers, stripped=True)))
            buckets = Writing(self.store, keys, record, manifest, full, stripped, alive).write()
        done = Assembled(
            **names,
            model_bytes=full.size,
            model_stripped_bytes=stripped.size,
            leaves=manifest.leaves,
            buckets=buckets,
            rows_covered=record.rows * manifest.layers,
        )
        self.store.put_assembled(keys, execution, done)
        return done


class Found(NamedTuple):
    """A leaf packet's part of the model; without a report ``buckets`` empty ones stand for it."""

    report: Report | None
    text: Text
    source: Source
    buckets: int


@dataclass
class Writing:
    """Both models being written, of which the full one has the rows more."""

    store: JobStore
    keys: Keys
    record: JobRecord
    manifest: Manifest
    full: Upload
    stripped: Upload
    alive: Alive

    def __post_init__(self) -> None:
        self.sources = Sources(self.store.objects)

    def write(self) -> int:
        """Write both; returns the number of buckets."""
        head, names, settings, end = self._frame(stripped=True)
        self.stripped.feed(head.encode())
        self.full.feed(self._frame(stripped=False)[0].encode() + b"\n")
        if self.manifest.rows:
            self._rows_of_shards(names)
        else:
            self._rows_of_population(names)
        self._both(f"{settings}\n")
        buckets = self._layers()
        self._both(f"]{end}")
        return buckets

    def _frame(self, *, stripped: bool) -> list[str]:
        """What stands around rows, targets and layers."""
        settings = self.record.settings(self.manifest.layers)
        return [
            *file_pieces(
                stripped=stripped,
                rows=(),
                header=self.record.header,
                targets=(),
                datatypes=self.record.datatypes,
                config=config_of(settings),
                layers=(),
                log=self.log(),
            )
        ]

    def log(self) -> str:
        """What the models' ``log`` says."""
        return log_of(self.record.settings(self.manifest.layers))

    def _both(self, text: str) -> None:
        data = text.encode()
        self.full.feed(data)
        self.stripped.feed(data)
        self.alive()

    def _rows_of_population(self, names: str) -> None:
        """Rows and targets from the population's file, where no shard wrote them."""
        chunks = self.store.population_chunks(self.record.job, self.record.population)
        with stored(self._each(chunks)) as population:
            separator = ""
            for block in population.row_texts():
                self.full.feed(f"{separator}{block}".encode())
                self.alive()
                separator = ROW_SEAM
            self._both(names)
            separator = ""
            for block in population.target_texts():
                self._both(f"{separator}{block}")
                separator = TARGET_SEAM

    def _each(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk
            self.alive()

    def _rows_of_shards(self, names: str) -> None:
        reports = [self.store.report(self.keys, "divide", packet) for packet in self.manifest.rows]
        for place, report in enumerate(reports, 1):
            part = row_range(_text(report), last=place == len(reports))
            self._source("divide", report).add(part, self.full)
            self.alive()
        self._both(names)
        for place, report in enumerate(reports, 1):
            part = target_range(_text(report), last=place == len(reports))
            self._source("divide", report).add(part, self.full, self.stripped)
            self.alive()

    def _layers(self) -> int:
        """The buckets of every layer in model order, each packet checked before it is passed on."""
        found = ahead(self.leaf_packet, self.manifest.packets, _AHEAD)
        buckets = layers = 0
        for layer, entries in groupby(self.manifest.packets, key=lambda entry: entry.layer):
            if layer != layers:
                raise InvariantError(f"after layer {layers - 1} comes layer {layer}: leaves are missing")
            buckets += self._layer(layer, [*entries], found)
            layers += 1
        if layers != self.manifest.layers:
            raise InvariantError(f"the leaves make {layers} layers, not {self.manifest.layers}")
        return buckets

    def _layer(self, layer: int, entries: list[ManifestEntry], found: Iterator[Found]) -> int:
        check = LayerCheck(layer, self.record.rows)
        last, missing, whole = ("", -2), 0, True
        for place, (entry, packet) in enumerate(zip(entries, found, strict=False), 1):
            if packet.report is None:
                missing, whole = missing + packet.buckets, False
            else:
                last = self._check(check, entry, packet.report, last)
            part = bucket_range(
                packet.text,
                first=layer == 0,
                layer_begins=place == 1,
                layer_ends=place == len(entries),
            )
            packet.source.add(part, self.full, self.stripped)
            self.alive()
        if whole:
            check.finish()
        return check.buckets + missing

    def _check(
        self, check: LayerCheck, entry: ManifestEntry, report: Report, last: tuple[str, int]
    ) -> tuple[str, int]:
        """Check a packet against those before it, of which ``last`` is the last leaf's place; returns its
        own.
        """
        _check_entry(entry, report)
        for leaf in report.index:
            if leaf.layer != check.layer or leaf.place <= last:
                raise InvariantError(
                    f"leaf {leaf.layer}/{leaf.node} comes after {check.layer}/{last[0]}: "
                    "the manifest is not in model order"
                )
            last = leaf.place
        check.add(_cover(report), report.index)
        return last

    def leaf_packet(self, entry: ManifestEntry) -> Found:
        """A packet's answer, and where its text is."""
        report = self.store.report(self.keys, "leaf", entry.packet)
        return Found(report, _text(report), self._source("leaf", report), 0)

    def _source(self, role: Role, report: Report) -> Source:
        return self.sources.source(self.keys.text(role, report.packet), _text(report))


def _cover(report: Report) -> Cover:
    if report.cover is None:
        raise MeshError(f"the report of packet {report.packet} has no cover: {_REMEDY}")
    return report.cover


def _text(report: Report) -> Text:
    if report.text is None:
        raise MeshError(f"the report of packet {report.packet} names no text: {_REMEDY}")
    return report.text


def _check_entry(entry: ManifestEntry, report: Report) -> None:
    found = (len(report.index), sum(leaf.rows for leaf in report.index))
    if found != (entry.leaves, entry.rows):
        raise InvariantError(
            f"packet {entry.packet} reports {found[0]} leaves of {found[1]} rows, "
            f"the manifest expects {entry.leaves} of {entry.rows}"
        )
