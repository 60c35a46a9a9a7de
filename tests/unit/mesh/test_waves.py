"""Waves, data sets and failures: what follows what, and what is said when something is missing."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from snakebatch.errors import InputError, MeshError, PlanError
from snakebatch.mesh.dataset import Dataset
from snakebatch.mesh.failures import explain, one_line
from snakebatch.mesh.records import RECORD_LIMIT, short_list
from snakebatch.mesh.requests import Failure, WaveEvent, WaveRef
from snakebatch.mesh.waves import MOST_WAVES, next_wave
from tests.support.brackets import arn
from tests.support.mesh import MeshBench
from tests.support.tables import overlapping

SMALL: dict[str, Any] = {"n_layers": 2, "bucket": 30, "tau": 90, "seed": 7}


def divided(mesh: MeshBench, **parameters: Any) -> tuple[dict[str, Any], WaveRef]:
    """A job whose first wave is done."""
    staged = mesh.stage(mesh.upload(overlapping(300)), job="job", **{**SMALL, **parameters})
    wave = WaveRef.model_validate(staged["wave"])
    mesh.run_wave(wave)
    return staged, wave


def test_a_missing_report_is_named_and_no_wave_follows(mesh: MeshBench) -> None:
    staged, wave = divided(mesh)
    lost = mesh.store.wave(mesh.keys(staged), "test", 0).packets[1]
    mesh.store.objects.delete(mesh.keys(staged).report("divide", lost))
    with pytest.raises(MeshError, match=f"1 divide packets have no report \\({lost}\\)"):
        mesh.next(staged, wave)


def test_dollars_are_checked_after_every_wave(mesh: MeshBench) -> None:
    staged, wave = divided(mesh, levels_per_wave=1)
    keys = mesh.keys(staged)
    run = mesh.store.run(keys, "test")
    poorer = run.input.model_copy(update={"max_usd": 0.0001})
    mesh.store.put_run(run.model_copy(update={"input": poorer}))
    with pytest.raises(
        PlanError, match=r"after wave 0 the run is to cost \$0\.\d+, more than max_usd \$0\.0001"
    ):
        mesh.next(staged, wave)


def test_waves_are_bounded(mesh: MeshBench) -> None:
    staged, _ = divided(mesh)
    run = staged["run"]
    event = WaveEvent(
        job=run["job"],
        fingerprint=run["fingerprint"],
        execution="test",
        execution_arn=arn("test"),
        wave=MOST_WAVES,
        done="divide",
    )
    with pytest.raises(MeshError, match="waves"):
        next_wave(mesh.store, event)


def test_another_fingerprint_is_refused(mesh: MeshBench) -> None:
    divided(mesh)
    event = WaveEvent(
        job="job",
        fingerprint="0" * 32,
        execution="test",
        execution_arn=arn("test"),
        wave=0,
        done="divide",
    )
    with pytest.raises(MeshError, match="job job has fingerprint"):
        next_wave(mesh.store, event)


def test_the_manifest_expects_every_row_of_every_layer(mesh: MeshBench) -> None:
    staged, wave = divided(mesh, leaf_grain="bucket")
    while wave.next != "leaf":
        wave = mesh.next(staged, wave)
        if wave.next == "conquer":
            mesh.run_wave(wave)
    manifest = mesh.store.manifest(mesh.keys(staged), "test")
    rows = {layer: sum(e.rows for e in manifest.packets if e.layer == layer) for layer in (0, 1)}
    assert rows == {0: 300, 1: 300}
    assert manifest.leaves >= manifest.slices


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("plain.csv", b"x,y\n1,a\n"),
        ("bom.csv", b"\xef\xbb\xbfx,y\n1,a\n"),
        ("packed.csv.gz", gzip.compress(b"x,y\n1,a\n", mtime=0)),
    ],
)
def test_a_data_set_is_read_as_often_as_asked(mesh: MeshBench, name: str, data: bytes) -> None:
    dataset = Dataset(mesh.s3, mesh.upload(data, name))
    for _ in range(2):
        with dataset.open() as text:
            assert list(text) == ["x,y\n", "1,a\n"]


@pytest.mark.parametrize("table", ["x,y\n1,a\n2,b\n", 'x,y\n"p, q",a\nr,b\n'])
def test_staging_fetches_a_table_once(mesh: MeshBench, table: str) -> None:
    asked: list[str] = []
    uri = mesh.upload(table)
    mesh.s3.meta.events.register(
        "provide-client-params.s3.GetObject", lambda params, **_: asked.append(params["Key"])
    )
    mesh.stage(uri)
    assert [key for key in asked if uri.endswith(key)] == ["datasets/data.csv"]


def test_a_data_set_that_changes_between_two_readings_is_refused(mesh: MeshBench) -> None:
    dataset = Dataset(mesh.s3, mesh.upload("x,y\n1,a\n"))
    with dataset.open() as text:
        text.read()
    mesh.upload("x,y\n2,b\n")
    with pytest.raises(InputError, match="changed while it was read"), dataset.open():
        pytest.fail("it was opened")


@pytest.mark.parametrize(
    ("cause", "line"),
    [
        (json.dumps({"errorMessage": "row 3:\n bad", "errorType": "InputError"}), "row 3: bad"),
        ('{"errorType": "X", "errorMessage": "said \\"no\\"", "stackTrace": ["cut off he', 'said "no"'),
        ("plain\n text", "plain text"),
        ("", "no cause was given; see the execution history"),
        (None, "no cause was given; see the execution history"),
        ("x" * 5000, "x" * 1000 + "..."),
        ("\u6f22" * 5000, "\u6f22" * 333 + "..."),
        ('{"errorMessage": "cut off he', "cut off he"),
        ('{"errorMessage": "cut off \\u6f', "cut off"),
        ('{"errorMessage": "half a smile \\ud83d', "half a smile \\ud83d"),
        ('{"errorMessage": "no JSON \\q', "no JSON"),
    ],
)
def test_a_cause_is_one_line(cause: str | None, line: str) -> None:
    assert one_line(cause) == line


def test_behind_a_failed_map_stands_the_error_of_its_child(mesh: MeshBench) -> None:
    objects = mesh.store.objects
    failed = {
        "Error": "EngineMismatchError",
        "Cause": '{"errorMessage": "another engine"}',
        "Status": "FAILED",
    }
    objects.put("results/0/run-id/some-file.json", json.dumps([failed]).encode())
    files = {
        "FAILED": [{"Key": "results/0/run-id/some-file.json", "Size": 9}],
        "PENDING": [],
        "SUCCEEDED": [],
    }
    objects.put("results/0/run-id/manifest.json", json.dumps({"ResultFiles": files}).encode())
    tolerated = Failure(error="States.ExceedToleratedFailureThreshold", cause="too many")

    assert explain(objects, tolerated, "results/0") == Failure(
        error="EngineMismatchError", cause="another engine"
    )
    assert explain(objects, tolerated, "results/1") == tolerated
    assert explain(objects, Failure(error="InputError"), "results/0").error == "InputError"


def test_warnings_are_few_and_short_whatever_they_quote() -> None:
    kept = short_list(tuple("é\x00" * 5000 for _ in range(40)))
    assert len(kept) == RECORD_LIMIT + 1
    assert kept[-1] == "and 35 more warnings"
    assert len(json.dumps(kept)) < 1500
    assert short_list(("one",)) == ["one"]
