"""The soak: mixed jobs through one embedded cloud, and what it holds after some and after all of them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from snakebatch.local.cloud import EmbeddedCloud
from tests.support.process_tree import held, tree
from tests.support.soak import Look, Soak

JOBS, EVERY = 200, 25
KEPT = 25
"""Ended executions that the executor remembers: fewer than by default, so that 200 jobs show what is kept."""

MIB = 1 << 20


def measure(runs: int) -> None:
    """Print what is held after every so many jobs, and what is left at the end; every run has its own
    cloud.
    """
    for _ in range(runs):
        folder = Path(tempfile.mkdtemp(prefix="snakebatch-soak-"))
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
        with EmbeddedCloud(processes=2, kept=KEPT) as cloud:
            soak = Soak(cloud)
            soak.run(JOBS, EVERY)
            soak.settle()
            soak.sweep()
            pids = {pid for root in cloud.pids() for pid in tree(root)}
            ends = ", ".join(f"{count} {status}" for status, count in sorted(soak.ends.items()))
            print(f"{JOBS} jobs, {soak.at_once} at a time ({ends}), {soak.predictions} asked between them")
            _table(soak.looks)
            print(f"left in S3, queues, table, Step Functions: {soak.leftovers() or 'nothing'}")
        left = [*folder.iterdir()]
        print(
            f"after the cloud: {held([*pids]).processes} processes, {len(left)} temporary files", flush=True
        )


def _table(looks: list[Look]) -> None:
    parts = [*looks[0].parts]
    head = ["jobs", "MiB", *(f"{part} MiB" for part in parts), "processes", "files", "threads"]
    print("| " + " | ".join(head) + " |\n|" + "---:|" * len(head))
    for look in looks:
        whole = look.all
        memory = [whole.bytes, *(look.parts[part].bytes for part in parts)]
        cells = [str(look.jobs), *(f"{value / MIB:.0f}" for value in memory)]
        cells += [str(value) for value in (whole.processes, whole.files, whole.threads)]
        print("| " + " | ".join(cells) + " |", flush=True)
