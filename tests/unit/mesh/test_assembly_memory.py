"""Assembly in bounded memory: what it needs grows with the largest leaf, not with the model.

Allocations are counted (tracemalloc), no clock and no process's size; objects lie on a disk, where they cost
nothing that is counted.
"""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from snakebatch.engine.intake import digest
from snakebatch.engine.model_json import model_pieces, text_of
from snakebatch.engine.population import NumberColumn, Population, TextColumn
from snakebatch.mesh import objects, row_texts, stored_population, uploads
from snakebatch.mesh.assembly import Assembler
from snakebatch.mesh.coverage import cover_of
from snakebatch.mesh.invocation import Invocation
from snakebatch.mesh.messages import LeafIndex, Packet, Report, Slice, Training
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.population_file import to_bytes
from snakebatch.mesh.records import Manifest, ManifestEntry, job_record
from snakebatch.mesh.store import JobStore, Keys
from snakebatch.mesh.text_runs import bucket_run
from tests.support.disk_s3 import DiskS3

ROWS = 20_000
REPORT_ROWS = 2_500
SHARE = 0.15
"""Of the bytes that a model grows by; parts in flight come and go with the threads that send them."""

PART = 32 << 10
ENGINE = "test"


@dataclass(frozen=True)
class Shape:
    """A model of ``layers`` over ``rows`` rows, a leaf of ``leaf`` rows each."""

    rows: int
    layers: int
    leaf: int


class Job:
    """A job whose reports are there: valid by every check, though no engine made them."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        self.shape = shape
        self.store = JobStore(Objects(DiskS3(folder), "jobs"))  # type: ignore[arg-type]  # a stand-in
        self.population = _population(shape.rows)
        content = digest(self.population)
        training = Training(bucket=250, tau=1000, seed=7, oppose_profile="balanced", lookahead=5)
        counts = {"rows_read": shape.rows, "duplicates": 0, "contradictions": 0}
        self.record = job_record("job", self.population, content, training, counts, (), ENGINE, shape.layers)
        self.store.create_job(self.record)
        self.store.put_population("job", content, to_bytes(self.population))
        entries = [entry for layer in range(shape.layers) for entry in self._layer(layer)]
        self.store.put_manifest(
            Manifest(
                execution="test",
                job="job",
                fingerprint=self.record.fingerprint,
                layers=shape.layers,
                slices=len(entries),
                packets=entries,
            )
        )

    def _layer(self, layer: int) -> list[ManifestEntry]:
        """As the mesh packs them: small leaves together, a large one alone."""
        starts = list(range(0, self.shape.rows, self.shape.leaf))
        together = max(1, REPORT_ROWS // self.shape.leaf)
        return [
            self._report(layer, starts[place : place + together]) for place in range(0, len(starts), together)
        ]

    def _report(self, layer: int, starts: list[int]) -> ManifestEntry:
        leaves = [self._leaf(layer, start) for start in starts]
        packet = Packet(
            engine=ENGINE,
            job="job",
            fingerprint=self.record.fingerprint,
            role="leaf",
            population=self.record.population,
            training=self.record.training,
            slices=[Slice(layer=layer, node=leaf.node, path=[], n=leaf.rows, final=True) for leaf in leaves],
        )
        texts = [_bucket(start, self._members(start)) for start in starts]
        run = bucket_run(texts)
        report = Report(
            engine=ENGINE,
            packet=packet.id,
            role="leaf",
            evaluations=0,
            index=leaves,
            cover=cover_of(texts),
            text=run.text,
        )
        self.store.put_text(packet, packet.id, run.data)
        self.store.put_report(packet, report, Invocation(packet.id, "leaf", "00", False, 0.0, 0.0))
        rows = sum(leaf.rows for leaf in leaves)
        return ManifestEntry(packet=packet.id, layer=layer, leaves=len(leaves), rows=rows)

    def _members(self, start: int) -> range:
        return range(start, min(start + self.shape.leaf, self.shape.rows))

    def _leaf(self, layer: int, start: int) -> LeafIndex:
        return LeafIndex(layer=layer, node=f"{start:020b}", k=None, rows=len(self._members(start)), buckets=1)

    def assemble(self) -> None:
        Assembler(self.store).assemble("job", self.record.fingerprint, "test")

    def model(self, *, stripped: bool) -> str:
        key = Keys("job", self.record.fingerprint).model(self.shape.layers, stripped=stripped)
        return self.store.objects.get(key).decode()

    def peak(self) -> int:
        """The most bytes that one assembly had allocated at a time, beside what was there before."""
        tracemalloc.start()
        try:
            self.assemble()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def _population(rows: int) -> Population:
    """A number, a word of few, and a word of its own for each row; 100 % in a name."""
    own = tuple(sorted(f'word "{row}" \N{SNAKE}' for row in range(rows)))
    few = ("a", "b", "\N{SNAKE}")
    return Population(
        header=("y", "100 %", "few", "own"),
        datatypes=("T", "N", "T", "T"),
        features=(
            NumberColumn(np.arange(rows) / 7 - 3.0),
            TextColumn((np.arange(rows) % 3).astype(np.int32), few),
            TextColumn(np.arange(rows, dtype=np.int32)[::-1].copy(), own),
        ),
        classes=("no", "yes"),
        codes=(np.arange(rows) % 2).astype(np.int32),
    )


def _bucket(start: int, members: range) -> str:
    """As long as an engine's: a list of clauses for every member."""
    return text_of(
        {
            "condition": [[1, float(start), False, "N"]],
            "members": list(members),
            "origins": ["c"] * len(members),
            "clauses": [[[1, float(member), False, "N"]] for member in members],
            "lookalikes": {str(place): [[place]] for place in range(len(members))},
        }
    )


@pytest.fixture(autouse=True)
def _scaled_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held at a time, whatever the job, is a fraction here of what it is for large ones."""
    monkeypatch.setattr(uploads, "PART", PART)
    monkeypatch.setattr(uploads, "LEAST_PART", PART)
    monkeypatch.setattr(objects, "_LINES", PART)
    monkeypatch.setattr(stored_population, "_KEPT", PART)
    monkeypatch.setattr(stored_population, "_LET_GO", 4096)
    monkeypatch.setattr(row_texts, "BLOCK", 64)


def measured(folder: Path, shape: Shape) -> tuple[int, int]:
    """The peak of one assembly, and the bytes of the model that it made."""
    job = Job(folder / f"{shape.rows}-{shape.layers}-{shape.leaf}", shape)
    job.assemble()  # imports and caches are nobody's memory
    job.store.objects.delete(Keys("job", job.record.fingerprint).execution("test", "assembled.json"))
    return job.peak(), len(job.model(stripped=False).encode())


@pytest.mark.parametrize(
    "larger",
    [Shape(ROWS, layers=4, leaf=500), Shape(4 * ROWS, layers=1, leaf=500)],
    ids=["layers", "rows"],
)
def test_memory_does_not_grow_with_the_model(tmp_path: Path, larger: Shape) -> None:
    """But for the mark and the number of each part (32 KiB here, 8 MiB else), and a byte a row."""
    small, small_model = measured(tmp_path, Shape(ROWS, layers=1, leaf=500))
    large, large_model = measured(tmp_path, larger)
    assert large_model > 2 * small_model
    assert large - small < SHARE * (large_model - small_model)


def test_memory_grows_with_the_largest_leaf_that_passes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In proportion: this is what the test above would not notice if nothing was counted."""
    monkeypatch.setattr(uploads, "LEAST_PART", 1 << 30)
    small, _ = measured(tmp_path, Shape(ROWS, layers=1, leaf=2_500))
    large, _ = measured(tmp_path, Shape(ROWS, layers=1, leaf=10_000))
    whole = len(_bucket(0, range(10_000)))
    assert 1.5 * whole < large - small < 12 * whole


@pytest.mark.parametrize("least_part", [1, PART, 1 << 30])
def test_the_bytes_are_those_of_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least_part: int
) -> None:
    """Rows and targets that come from the file, and not through the population, are spelled alike; buckets
    are the same whether S3 copies them or they pass through.
    """
    monkeypatch.setattr(uploads, "LEAST_PART", least_part)
    shape = Shape(rows=3_000, layers=2, leaf=400)
    job = Job(tmp_path, shape)
    job.assemble()
    layers = [
        [
            _bucket(start, range(start, min(start + shape.leaf, shape.rows)))
            for start in range(0, shape.rows, shape.leaf)
        ]
        for _ in range(shape.layers)
    ]
    for stripped in (False, True):
        settings = job.record.settings(shape.layers)
        expected = "".join(model_pieces(job.population, settings, layers, stripped=stripped))
        assert job.model(stripped=stripped) == expected
        parsed: dict[str, Any] = json.loads(expected)
        assert len(parsed["population"]) == (0 if stripped else shape.rows)
