"""Ten mixed jobs through one cloud leave nothing behind: the small sister of ``make soak``, by counting."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from snakebatch.local.cloud import EmbeddedCloud
from tests.support.process_tree import held, tree
from tests.support.soak import Soak, shape

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

JOBS = 10
FILES, THREADS = 12, 8
"""What may differ between two looks: connections that are kept open, and threads that wait for work."""


def test_ten_jobs_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with EmbeddedCloud(processes=2) as cloud:
        soak = Soak(cloud)
        soak.run(JOBS, JOBS // 2)
        soak.settle()
        soak.sweep()
        assert soak.leftovers() == []
        first, last = (look.all for look in soak.looks)
        assert last.processes <= first.processes
        assert last.files <= first.files + FILES
        assert last.threads <= first.threads + THREADS
        pids = {pid for root in cloud.pids() for pid in tree(root)}
    assert sum(soak.ends.values()) == JOBS
    assert soak.ends.keys() == {"SUCCEEDED", "FAILED", "ABORTED"}
    assert soak.predictions > 0
    assert held([*pids]).processes == 0
    assert [*tmp_path.iterdir()] == []


def test_the_jobs_are_of_every_kind_and_always_the_same() -> None:
    shapes = [shape(number) for number in range(200)]
    assert shapes == [shape(number) for number in range(200)]
    assert {job.fate for job in shapes} == {"trained", "refused", "aborted"}
    assert {job.parameters["leaf_grain"] for job in shapes} == {"slice", "bucket"}
    assert {job.parameters["n_layers"] for job in shapes} == {1, 2, 3}
    assert len({job.text.split("\n", 1)[0] for job in shapes}) > 15
