"""A model from the leaves that did arrive, where others never will: decision 092.

In the place of each missing leaf stands an empty bucket with the leaf's own condition. A row of that leaf
stops there and gets no vote of the layer, as it must: without it the row would walk on to the last bucket,
whose members have nothing to do with it. What is there has the bytes of the whole model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.literal import literal_from_json
from snakebatch.engine.model_json import bucket_text
from snakebatch.errors import NotReadyError, shown
from snakebatch.mesh.assembly import Found, Writing
from snakebatch.mesh.messages import JsonPath, Packet
from snakebatch.mesh.records import (
    JobRecord,
    LayerCoverage,
    Manifest,
    ManifestEntry,
    MissingLeaf,
    PartialModel,
)
from snakebatch.mesh.reuse import holding
from snakebatch.mesh.store import JobStore, Keys
from snakebatch.mesh.text_runs import bucket_run
from snakebatch.mesh.text_sources import Source


@dataclass(frozen=True)
class PartialAssembler:
    """Puts partial models together."""

    store: JobStore

    def assemble(self, job: str, fingerprint: str, execution: str) -> PartialModel:
        """The model of the leaves that a run has so far; written anew at every call.

        Raises NotReadyError where no leaf was planned, or none has arrived.
        """
        keys = Keys(job, fingerprint)
        record = self.store.job(job, fingerprint)
        manifest = self.store.find_manifest(keys, execution)
        if manifest is None:
            raise NotReadyError(
                f"no leaf of job {shown(job)} was planned in {shown(execution)}: "
                "start the job again, which does what is missing"
            )
        there = holding(self.store, keys, "leaf", [entry.packet for entry in manifest.packets])
        if not there:
            raise NotReadyError(
                f"no leaf of job {shown(job)} has arrived: start it again, which does what is missing"
            )
        return self._write(keys, record, manifest, there)

    def _write(self, keys: Keys, record: JobRecord, manifest: Manifest, there: set[str]) -> PartialModel:
        lost = {entry.packet for entry in manifest.packets} - there
        missing = [
            leaf for entry in manifest.packets if entry.packet in lost for leaf in self._leaves(keys, entry)
        ]
        layers = _coverage(record, manifest, there)
        names = [keys.partial(manifest.execution, stripped=stripped) for stripped in (False, True)]
        rows = manifest.rows
        if len(holding(self.store, keys, "divide", rows)) < len(rows):
            rows = []  # the population has them too
        objects = self.store.objects
        with objects.writing(names[0]) as full, objects.writing(names[1]) as stripped:
            given = manifest.model_copy(update={"rows": rows})
            mark = mark_of(layers) if lost else ""
            buckets = _PartialWriting(
                self.store, keys, record, given, full, stripped, _quiet, mark=mark, lost=frozenset(lost)
            ).write()
        done = PartialModel(
            job=record.job,
            execution=manifest.execution,
            model=objects.uri(names[0]),
            model_stripped=objects.uri(names[1]),
            model_bytes=full.size,
            model_stripped_bytes=stripped.size,
            buckets=buckets,
            coverage=round(sum(layer.rows_covered for layer in layers) / (record.rows * len(layers)), 6),
            rows=record.rows,
            layers=layers,
            missing=missing,
        )
        self.store.put_partial(keys, manifest.execution, done)
        return done

    def _leaves(self, keys: Keys, entry: ManifestEntry) -> Iterable[MissingLeaf]:
        packet = self.store.packet(keys.packet("leaf", entry.packet), entry.packet)
        for piece in packet.slices:
            yield MissingLeaf(layer=piece.layer, node=piece.node, rows=piece.n)
        for group in packet.atoms:
            for k in group.ks:
                yield MissingLeaf(layer=group.slice.layer, node=group.slice.node, k=k)


@dataclass
class _PartialWriting(Writing):
    """Both models being written, with empty buckets where leaves are missing."""

    mark: str = ""
    lost: frozenset[str] = frozenset()

    def log(self) -> str:
        return super().log() + self.mark

    def leaf_packet(self, entry: ManifestEntry) -> Found:
        if entry.packet not in self.lost:
            return super().leaf_packet(entry)
        packet = self.store.packet(self.keys.packet("leaf", entry.packet), entry.packet)
        texts = [bucket_text(empty_bucket(condition)) for condition in conditions(packet)]
        run = bucket_run(texts)
        return Found(None, run.text, Source(self.store.objects, "", run.text, data=run.data), len(texts))


def empty_bucket(condition: JsonPath) -> Bucket:
    """A bucket without members: a row that ends there gets no vote. No literal at all is ELSE."""
    literals = tuple(literal_from_json(raw) for raw in condition)
    return Bucket(literals or None, [], [], [], [])


def conditions(packet: Packet) -> list[JsonPath]:
    """Under which condition each leaf of a packet takes its rows, in model order."""
    found = [piece.path for piece in sorted(packet.slices, key=lambda piece: piece.place)]
    for group in sorted(packet.atoms, key=lambda group: (*group.slice.place, group.ks)):
        found += [[*group.slice.path, *group.chain[k]] for k in group.ks]
    return found


def mark_of(layers: list[LayerCoverage]) -> str:
    """What the model's ``log`` says of its coverage."""
    parts = [
        f"layer {layer.layer} {layer.rows_covered}/{layer.rows}"
        for layer in layers
        if layer.rows_covered < layer.rows
    ]
    return f" PARTIAL, rows covered: {', '.join(parts)}; other layers whole"


def partial_output(partial: PartialModel) -> dict[str, Any]:
    """What an execution's output and its receipt say of a partial model: small."""
    return {
        "model": partial.model,
        "model_stripped": partial.model_stripped,
        "coverage": partial.coverage,
        "leaves": sum(layer.leaves for layer in partial.layers),
        "leaves_expected": sum(layer.leaves_expected for layer in partial.layers),
        "buckets": partial.buckets,
        "rows": partial.rows,
        "layers": len(partial.layers),
    }


def _coverage(record: JobRecord, manifest: Manifest, there: set[str]) -> list[LayerCoverage]:
    found = [
        LayerCoverage(layer=layer, rows=record.rows, rows_covered=0, leaves=0, leaves_expected=0)
        for layer in range(manifest.layers)
    ]
    for entry in manifest.packets:
        layer, arrived = found[entry.layer], entry.packet in there
        found[entry.layer] = layer.model_copy(
            update={
                "rows_covered": layer.rows_covered + entry.rows * arrived,
                "leaves": layer.leaves + entry.leaves * arrived,
                "leaves_expected": layer.leaves_expected + entry.leaves,
            }
        )
    return found


def _quiet() -> None:
    """Nobody waits for it with a heartbeat."""
