"""What the parts of a training take on this machine: the constants that plans are made with.

Every part is the mesh's own code, on one table of two classes that overlap (the dearest of few classes), and
its time is that of the processor: other work on the machine does not count. What only AWS can tell (how long
a Map Run takes to start, a cold start, S3) is not measured here; receipts calibrate it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from snakebatch.bench.large_child import make_table
from snakebatch.engine.csv_table import read_csv
from snakebatch.engine.intake import Intake, digest
from snakebatch.mesh.canonical import seal, unseal
from snakebatch.mesh.coverage import LayerCheck
from snakebatch.mesh.engines import SnakeEngine
from snakebatch.mesh.messages import Packet, Report, Slice, Training, parse
from snakebatch.mesh.packing import divide_packets, leaf_packets
from snakebatch.mesh.population_file import from_bytes, to_bytes
from snakebatch.mesh.shard import Done, work
from snakebatch.mesh.tree import root_slice
from snakebatch.planner.sizing import DIVIDE_BUDGET, ROW_CELLS, leaf_rows

T = TypeVar("T")

TAU = 1000

LAYERS = 5
"""Of the job whose first layer is made."""

LEAF_SAMPLE = 4
"""Leaf packets that are made; the others take as long."""


def write_table(path: Path, kind: str, rows: int, columns: int) -> int:
    """A table as CSV, y first; returns its bytes."""
    features, targets = make_table(kind, rows, columns)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(["y", *(f"x{column}" for column in range(columns))]) + "\n")
        for start in range(0, rows, 10_000):
            part = slice(start, start + 10_000)
            lines = (
                f"{target}," + ",".join(map(repr, values)) + "\n"
                for target, values in zip(targets[part].tolist(), features[part].tolist(), strict=True)
            )
            file.writelines(lines)
    return path.stat().st_size


def measure_costs(
    folder: Path, rows: int, columns: int, kind: str, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Seconds of each part, and how much each had to do."""
    path = folder / "table.csv"
    tell(f"{rows:,} x {columns} rows as CSV")
    found: dict[str, Any] = {"rows": rows, "columns": columns, "kind": kind}
    found["csv_bytes"] = write_table(path, kind, rows, columns)

    @contextmanager
    def open_text() -> Any:
        with path.open(encoding="utf-8", newline="") as file:
            yield file

    def timed(name: str, task: Callable[[], T]) -> T:
        started = time.process_time()
        result = task()
        found[f"{name}_s"] = time.process_time() - started
        tell(f"{name}: {found[f'{name}_s']:.2f} s")
        return result

    intake = timed("read", lambda: read_csv(open_text, "y"))
    content = timed("digest", lambda: digest(intake.population))
    data = timed("write_population", lambda: to_bytes(intake.population))
    found["population_bytes"] = len(data)
    timed("load_population", lambda: from_bytes(data))
    _measure_shards(found, intake, content, timed, tell)
    return found


def _measure_shards(
    found: dict[str, Any],
    intake: Intake,
    content: str,
    timed: Callable[[str, Callable[[], Any]], Any],
    tell: Callable[[str], None],
) -> None:
    engine, population = SnakeEngine(), intake.population
    training = Training(bucket=250, tau=TAU, seed=7, oppose_profile="balanced", lookahead=5)

    def packet(role: Any, slices: list[Slice]) -> Packet:
        return Packet(
            engine=engine.version,
            job="costs",
            fingerprint="f" * 32,
            role=role,
            population=content,
            training=training,
            levels=None,
            budget=DIVIDE_BUDGET if role == "divide" else 0,
            slices=slices,
            atoms=[],
        )

    def run(role: Any, slices: list[Slice]) -> Done:
        return work(packet(role, slices), "p" * 32, population, engine)

    waves, final = [[root_slice(0, len(population), TAU)]], []
    found["divides"] = []
    while waves:
        packets, waves, opened = waves, [], []
        for slices in packets:
            started = time.process_time()
            report = run("divide", slices).report
            seconds = time.process_time() - started
            found["divides"].append(
                {
                    "rows": sum(piece.n for piece in slices),
                    "slices": len(slices),
                    "seconds": seconds,
                    "evaluations": report.evaluations,
                    "open": len(report.open),
                    "final": len(report.final),
                }
            )
            opened += report.open
            final += report.final
        tell(f"divide: {len(packets)} packets")
        waves = list(divide_packets(opened, len(population)))
    found["slices"] = len(final)
    size = leaf_rows(len(population), LAYERS)
    leaves = list(leaf_packets(final, len(population.classes), size))
    found["leaf_packets"] = len(leaves)
    few = min(LEAF_SAMPLE, len(leaves))
    sample = [leaves[place] for place in np.linspace(0, len(leaves) - 1, few).astype(int)]
    found["leaf_rows"] = sum(piece.n for slices in sample for piece in slices)
    done = timed("leaf", lambda: [run("leaf", slices) for slices in sample])
    found["leaf_evaluations"] = sum(one.report.evaluations for one in done)
    sealed = timed("seal", lambda: [seal("report", one.report.body()) for one in done])
    found["report_bytes"] = sum(len(data) for data in sealed)
    timed("cover", lambda: _check(sealed, len(population)))
    found["bucket_bytes"] = sum(len(one.run or b"") for one in done)
    rows = (0, min(len(population), ROW_CELLS // len(population.header)))
    found["row_cells"] = rows[1] * len(population.header)
    writing = packet("divide", []).model_copy(update={"rows": rows})
    texts = timed("row_text", lambda: work(writing, "p" * 32, population, engine))
    found["row_text_bytes"] = len(texts.run or b"")


def _check(sealed: list[bytes], rows: int) -> None:
    """As the gatherer does it, but for the end of the layer: these are not all of its packets."""
    check = LayerCheck(0, rows)
    for data in sealed:
        report = parse(Report, unseal("report", data, "report"))
        assert report.cover is not None  # a leaf's always is there
        check.add(report.cover, report.index)


def constants_of(found: dict[str, Any]) -> dict[str, float]:
    """The planner's constants of the processor that follow from a measurement."""
    cells = found["rows"] * (found["columns"] + 1)
    return {
        "read_cell": found["read_s"] / cells,
        "population_byte": (found["digest_s"] + found["write_population_s"]) / found["population_bytes"],
        "load_byte": found["load_population_s"] / found["population_bytes"],
        "evaluation": sum(one["seconds"] for one in found["divides"])
        / sum(one["evaluations"] for one in found["divides"]),
        "leaf_row": (found["leaf_s"] + found["seal_s"]) / found["leaf_rows"],
        "cover_row": found["cover_s"] / found["leaf_rows"],
        "row_text_byte": found["row_text_s"] / found["row_text_bytes"],
        "csv_cell_bytes": found["csv_bytes"] / cells,
        "population_cell_bytes": found["population_bytes"] / cells,
        "row_cell_bytes": found["row_text_bytes"] / found["row_cells"],
        "bucket_row_bytes": found["bucket_bytes"] / found["leaf_rows"],
        "cover_row_bytes": found["report_bytes"] / found["leaf_rows"],
        "slices": found["slices"] * TAU / found["rows"],
    }
