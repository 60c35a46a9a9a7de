"""The two parts of a training that nothing runs beside: Stage, and the gatherer's work at the end."""

from __future__ import annotations

from snakebatch.planner.constants import Constants
from snakebatch.planner.workload import Workload


def stage_seconds(work: Workload, known: Constants, speed: float = 1.0) -> float:
    """Reading the CSV as it comes from S3, and writing the population. ``speed`` is of a core."""
    coming = work.csv_bytes / known.s3_bytes_per_second
    writing = work.population_bytes / known.s3_bytes_per_second
    return max(work.read_seconds / speed, coming) + work.pack_seconds / speed + writing


def gather_seconds(work: Workload, known: Constants) -> float:
    """From the last report to the task token: what passes through, and what S3 copies meanwhile."""
    written = 0.0 if work.row_packets else work.row_seconds
    buckets = work.passing_bytes - (0.0 if work.row_packets else work.row_bytes)
    fetched = (work.cover_bytes + buckets) / known.s3_bytes_per_second
    sent = (work.passing_bytes + buckets) / known.upload_bytes_per_second
    copied = work.model_bytes + work.stripped_bytes - work.passing_bytes - buckets
    # Parts are sent while the next ones are made: the slower of the two decides.
    working = work.cover_seconds + fetched + max(written, sent)
    return 2 * known.gather + max(working, copied / known.copy_bytes_per_second)
