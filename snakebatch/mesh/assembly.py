"""Assembly: from the reports in S3 to model.json and model_stripped.json, in bounded memory.

The gatherer does it, and Settle where the gatherer is silent; twice is harmless, since the bytes are the
same.

Both models are written at once, and appear only once every leaf was read and checked. What is in memory at a
time: the names and classes of the population and some thousand of its rows, one report, a bit of what was
seen of a layer (a byte a row, a hash a bucket), and the parts that are on their way to S3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby

from snakebatch.engine.model_json import config_of, file_pieces, log_of
from snakebatch.errors import InvariantError
from snakebatch.mesh.coverage import LayerCheck
from snakebatch.mesh.ledger import missing_leaves, require_complete
from snakebatch.mesh.messages import LeafResult, Report
from snakebatch.mesh.records import Assembled, JobRecord, Manifest, ManifestEntry
from snakebatch.mesh.store import JobStore, Keys
from snakebatch.mesh.stored_population import StoredPopulation, stored

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
        layers = _Layers(self.store, manifest, record, alive)
        sizes = self._write(keys, manifest, record, layers, alive)
        done = Assembled(
            **names,
            model_bytes=sizes[0],
            model_stripped_bytes=sizes[1],
            leaves=manifest.leaves,
            buckets=layers.buckets,
            rows_covered=record.rows * manifest.layers,
        )
        self.store.put_assembled(keys, execution, done)
        return done

    def _write(
        self, keys: Keys, manifest: Manifest, record: JobRecord, layers: _Layers, alive: Alive
    ) -> tuple[int, int]:
        """Both models, of which the full one has the rows more; returns their bytes."""
        objects = self.store.objects
        with ExitStack() as opened:
            chunks = self.store.population_chunks(record.job, record.population)
            population = opened.enter_context(stored(_each(chunks, alive)))
            full = opened.enter_context(objects.writing(keys.model(manifest.layers, stripped=False)))
            stripped = opened.enter_context(objects.writing(keys.model(manifest.layers, stripped=True)))

            def both(text: str) -> None:
                data = text.encode()
                full.feed(data)
                stripped.feed(data)
                alive()

            pieces = _frame(population, record, manifest, layers.texts(), stripped=True)
            stripped.feed(next(pieces).encode())
            full.feed(next(_frame(population, record, manifest, (), stripped=False)).encode())
            for rows in population.row_texts():
                full.feed(rows.encode())
                alive()
            both(next(pieces))
            for targets in population.target_texts():
                both(targets)
            for piece in pieces:
                both(piece)
        return full.size, stripped.size


def _each(chunks: Iterator[bytes], alive: Alive) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        alive()


def _frame(
    population: StoredPopulation,
    record: JobRecord,
    manifest: Manifest,
    layers: Iterable[Iterable[str]],
    *,
    stripped: bool,
) -> Iterator[str]:
    """The file's pieces without rows and targets: rows belong behind the first, targets behind the second."""
    settings = record.settings(manifest.layers)
    return file_pieces(
        stripped=stripped,
        rows=(),
        header=population.header,
        targets=(),
        datatypes=population.datatypes,
        config=config_of(settings),
        layers=layers,
        log=log_of(settings),
    )


class _Layers:
    """The buckets of every layer in model order, each checked before it is passed on."""

    def __init__(self, store: JobStore, manifest: Manifest, record: JobRecord, alive: Alive) -> None:
        self.store = store
        self.manifest = manifest
        self.rows = record.rows
        self.alive = alive
        self.buckets = 0

    def texts(self) -> Iterator[Iterator[str]]:
        """For each layer its buckets' texts; raises InvariantError where they are no layers of this model."""
        layers = 0
        for layer, leaves in groupby(self._leaves(), key=lambda leaf: leaf.layer):
            if layer != layers:
                raise InvariantError(f"after layer {layers - 1} comes layer {layer}: leaves are missing")
            yield self._layer(LayerCheck(layer, self.rows), leaves)
            layers += 1
        if layers != self.manifest.layers:
            raise InvariantError(f"the leaves make {layers} layers, not {self.manifest.layers}")

    def _layer(self, check: LayerCheck, leaves: Iterator[LeafResult]) -> Iterator[str]:
        for leaf in leaves:
            core = sum(check.add(text) for text in leaf.buckets)
            if core != leaf.rows:
                raise InvariantError(
                    f"leaf {leaf.layer}/{leaf.node}: {core} core members for {leaf.rows} rows"
                )
            self.buckets += len(leaf.buckets)
            yield from leaf.buckets
        check.finish()

    def _leaves(self) -> Iterator[LeafResult]:
        """Every leaf in model order, one report in memory at a time."""
        keys = Keys(self.manifest.job, self.manifest.fingerprint)
        last = (-1, "", -1)
        for entry in self.manifest.packets:
            report = self.store.report(keys, "leaf", entry.packet)
            _check_entry(entry, report)
            for leaf in report.leaves:
                if leaf.place <= last:
                    raise InvariantError(
                        f"leaf {leaf.place} comes after {last}: the manifest is not in model order"
                    )
                last = leaf.place
                yield leaf
            self.alive()


def _check_entry(entry: ManifestEntry, report: Report) -> None:
    found = (len(report.leaves), sum(leaf.rows for leaf in report.leaves))
    if found != (entry.leaves, entry.rows):
        raise InvariantError(
            f"packet {entry.packet} reports {found[0]} leaves of {found[1]} rows, "
            f"the manifest expects {entry.leaves} of {entry.rows}"
        )
