"""Many jobs at once over the whole embedded cloud and its HTTP: what callers wait, and what it gets done."""

from __future__ import annotations

import os

from snakebatch.local.cloud import EmbeddedCloud
from tests.support import load
from tests.support.api import KEY, KEY_VARIABLES

JOBS, POLLERS = 50, 200


def measure(runs: int) -> None:
    """Print the figures of each run; every run has a cloud of its own."""
    for _ in range(runs):
        with EmbeddedCloud(http=("127.0.0.1", 0), environment=KEY_VARIABLES) as cloud:
            found = load.run(cloud.url, KEY, JOBS, POLLERS)
        if found.errors or set(found.ends.values()) != {"SUCCEEDED"}:
            raise RuntimeError(f"{len(found.errors)} errors, e.g. {found.errors[:1]}; ends {found.ends}")
        print(
            f"{JOBS} jobs at once, {POLLERS} pollers: {found.seconds:.1f} s, "
            f"{found.jobs_per_minute:.1f} jobs a minute; status call p50 {1000 * found.p50:.0f} ms, "
            f"p95 {1000 * found.p95:.0f} ms of "
            f"{len(found.calls):,} calls; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
            flush=True,
        )
