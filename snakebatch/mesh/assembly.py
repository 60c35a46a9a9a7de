"""Assembly: from the reports in S3 to model.json and model_stripped.json, in bounded memory.

The gatherer does it, and Settle where the gatherer is silent; twice is harmless, since the bytes are the
same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from snakebatch.engine.model_json import model_pieces
from snakebatch.errors import InvariantError
from snakebatch.mesh.coverage import LayerCheck
from snakebatch.mesh.ledger import missing_leaves, require_complete
from snakebatch.mesh.messages import LeafResult, Report
from snakebatch.mesh.population_cache import PopulationCache
from snakebatch.mesh.records import Assembled, JobRecord, Manifest, ManifestEntry
from snakebatch.mesh.store import JobStore, Keys

Alive = Callable[[], None]
"""Called between small steps of the work, so that a task token's heartbeat can be kept up."""


def _quiet() -> None:
    """For callers whose work nobody waits for with a heartbeat."""


@dataclass
class Assembler:
    """Puts models together from reports."""

    store: JobStore
    populations: PopulationCache

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
        with tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as spool:
            counts = self._spool(manifest, record, spool, alive)
            sizes = [
                self._write(manifest, record, spool, counts, stripped, alive) for stripped in (False, True)
            ]
        done = Assembled(
            **names,
            model_bytes=sizes[0],
            model_stripped_bytes=sizes[1],
            leaves=manifest.leaves,
            buckets=sum(counts),
            rows_covered=record.rows * manifest.layers,
        )
        self.store.put_assembled(keys, execution, done)
        return done

    def _spool(self, manifest: Manifest, record: JobRecord, spool: IO[str], alive: Alive) -> list[int]:
        """Check every leaf, and write its buckets to disk, one a line: both models are then written from
        there.
        """
        checks: list[LayerCheck] = []
        counts: list[int] = []
        for leaf in self._leaves(manifest, alive):
            if not checks or leaf.layer != checks[-1].layer:
                _finish(checks)
                checks.append(LayerCheck(leaf.layer, record.rows))
                counts.append(0)
            core = sum(checks[-1].add(text) for text in leaf.buckets)
            if core != leaf.rows:
                raise InvariantError(
                    f"leaf {leaf.layer}/{leaf.node}: {core} core members for {leaf.rows} rows"
                )
            spool.writelines(f"{text}\n" for text in leaf.buckets)
            counts[-1] += len(leaf.buckets)
        _finish(checks)
        if [check.layer for check in checks] != list(range(manifest.layers)):
            raise InvariantError(f"the leaves make {len(checks)} layers, not {manifest.layers}")
        return counts

    def _leaves(self, manifest: Manifest, alive: Alive) -> Iterator[LeafResult]:
        """Every leaf in model order, one report in memory at a time."""
        keys = Keys(manifest.job, manifest.fingerprint)
        last = (-1, "", -1)
        for entry in manifest.packets:
            report = self.store.report(keys, "leaf", entry.packet)
            _check_entry(entry, report)
            for leaf in report.leaves:
                if leaf.place <= last:
                    raise InvariantError(
                        f"leaf {leaf.place} comes after {last}: the manifest is not in model order"
                    )
                last = leaf.place
                yield leaf
            alive()

    def _write(
        self,
        manifest: Manifest,
        record: JobRecord,
        spool: IO[str],
        counts: list[int],
        stripped: bool,
        alive: Alive,
    ) -> int:
        spool.seek(0)
        population = self.populations.get(
            record.population, lambda: self.store.population(record.job, record.population)
        )
        layers = ((line.rstrip("\n") for line in islice(spool, count)) for count in counts)
        pieces = model_pieces(population, record.settings(manifest.layers), layers, stripped=stripped)
        key = Keys(manifest.job, manifest.fingerprint).model(manifest.layers, stripped=stripped)
        return self.store.objects.upload(key, _encoded(pieces, alive))


def _encoded(pieces: Iterator[str], alive: Alive) -> Iterator[bytes]:
    for piece in pieces:
        yield piece.encode()
        alive()


def _check_entry(entry: ManifestEntry, report: Report) -> None:
    found = (len(report.leaves), sum(leaf.rows for leaf in report.leaves))
    if found != (entry.leaves, entry.rows):
        raise InvariantError(
            f"packet {entry.packet} reports {found[0]} leaves of {found[1]} rows, "
            f"the manifest expects {entry.leaves} of {entry.rows}"
        )


def _finish(checks: list[LayerCheck]) -> None:
    if checks:
        checks[-1].finish()
