"""Data sets made with fixed seeds, and how they become files; the sets are those of `snakebatch bench`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from snakebatch.bench.synthetic import (
    BENCH_SETS,
    TARGET,
    Row,
    binary_gaussian,
    quadratic,
    three_class_mixed,
    three_gaussians,
)

__all__ = [
    "BENCH_SETS",
    "TARGET",
    "Row",
    "binary_gaussian",
    "quadratic",
    "three_class_mixed",
    "three_gaussians",
    "write_csv",
]


def write_csv(rows: Sequence[Row], path: Path) -> Path:
    """Write a table as CSV; the header is the first row's keys."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
