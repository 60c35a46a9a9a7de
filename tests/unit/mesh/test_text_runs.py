"""Texts that shards write, and what becomes of them in a model: the same bytes whoever moves them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from moto.s3 import models as moto_s3

from snakebatch.errors import ChecksumError, MeshError
from snakebatch.mesh import uploads
from snakebatch.mesh.messages import Role
from snakebatch.mesh.objects import md5_of
from snakebatch.mesh.requests import WaveRef
from snakebatch.mesh.text_runs import bucket_range, bucket_run
from snakebatch.planner import sizing
from tests.support.mesh import MeshBench
from tests.support.tables import overlapping, three_classes

SMALL: dict[str, Any] = {"n_layers": 2, "tau": 100, "bucket": 25, "seed": 7}


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts, packets and tables that count as large at a thousandth of their size."""
    monkeypatch.setattr(uploads, "PART", 8 << 10)
    monkeypatch.setattr(uploads, "LEAST_PART", 5 << 10)
    monkeypatch.setattr(moto_s3, "S3_UPLOAD_PART_MIN_SIZE", 5 << 10)
    monkeypatch.setattr(sizing, "LEAST_ROW_CELLS", 500)
    monkeypatch.setattr(sizing, "ROW_CELLS", 900)
    monkeypatch.setattr(sizing, "LEAF_ROWS", 150)


def counted(mesh: MeshBench) -> Counter[str]:
    """What S3 is asked from here on."""
    calls: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    mesh.s3.meta.events.register("provide-client-params.s3.*", count)
    return calls


def trained(mesh: MeshBench, text: str, execution: str = "test", **more: Any) -> dict[str, Any]:
    """Everything but the model."""
    staged = mesh.stage(mesh.upload(text), execution, **{**SMALL, **more})
    mesh.run_wave(mesh.leaves(staged, execution), execution)
    return staged


def texts(mesh: MeshBench, staged: dict[str, Any], role: Role) -> list[str]:
    return list(mesh.store.objects.keys(f"{mesh.keys(staged).root}/{role}/texts/"))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("table", [overlapping(600), three_classes(450)], ids=["overlapping", "classes"])
def test_copied_models_have_the_bytes_of_those_that_pass_through(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    copied = trained(mesh, table)
    calls = counted(mesh)
    done = mesh.assemble(copied)
    assert calls["UploadPartCopy"] > 1
    assert len(texts(mesh, copied, "divide")) > 1
    assert len(texts(mesh, copied, "leaf")) > 2 * SMALL["n_layers"]
    assert done.model_bytes == len(mesh.read(done.model))
    assert done.model_stripped_bytes == len(mesh.read(done.model_stripped))

    monkeypatch.setattr(uploads, "LEAST_PART", 1 << 30)
    monkeypatch.setattr(sizing, "LEAST_ROW_CELLS", 1 << 30)
    other = trained(mesh, table, "other")
    before = calls["UploadPartCopy"]
    passed = mesh.assemble(other, "other")
    assert calls["UploadPartCopy"] == before
    assert texts(mesh, other, "divide") == []
    assert mesh.read(passed.model) == mesh.read(done.model)
    assert mesh.read(passed.model_stripped) == mesh.read(done.model_stripped)


@pytest.mark.usefixtures("small_parts")
def test_a_job_that_wants_more_layers_writes_its_rows_once(mesh: MeshBench) -> None:
    staged = trained(mesh, overlapping(600), job="more")
    mesh.assemble(staged)
    once = texts(mesh, staged, "divide"), texts(mesh, staged, "leaf")
    more = mesh.stage(mesh.upload(overlapping(600)), "more", **{**SMALL, "n_layers": 3}, job="more")
    first = WaveRef.model_validate(more["wave"])
    assert (first.packets, first.pending) == (len(once[0]) + 3, 1)
    mesh.run_wave(mesh.leaves(more, "more"), "more")
    assert texts(mesh, more, "divide") == once[0]
    assert set(texts(mesh, more, "leaf")) > set(once[1])
    _, whole = mesh.train(mesh.upload(overlapping(600)), "whole", **{**SMALL, "n_layers": 3})
    assert mesh.read(mesh.assemble(more, "more").model) == whole


@pytest.mark.usefixtures("small_parts")
def test_other_levels_a_wave_find_the_rows_that_are_written(mesh: MeshBench) -> None:
    staged = trained(mesh, overlapping(600), job="levels")
    once = texts(mesh, staged, "divide")
    other = mesh.stage(mesh.upload(overlapping(600)), "other", **SMALL, job="levels", levels_per_wave=1)
    first = WaveRef.model_validate(other["wave"])
    assert (first.packets, first.pending) == (len(once) + 2, 2)


def test_a_run_with_more_layers_is_planned_with_the_packets_of_its_job(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose size the first run decided: a sixteenth of a layer, where 60 layers alone would have a sixth."""
    monkeypatch.setattr(sizing, "LEAF_ROWS", 10)
    uri = mesh.upload(overlapping(600))
    first = mesh.stage(uri, **SMALL, job="more")
    more = mesh.stage(uri, "more", **{**SMALL, "n_layers": 60}, job="more")
    assert first["plan"]["leaf_rows"] == more["plan"]["leaf_rows"]
    alone = mesh.stage(uri, "alone", **{**SMALL, "n_layers": 60}, job="alone")
    assert alone["plan"]["leaf_rows"] > 2 * more["plan"]["leaf_rows"]


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("role", ["divide", "leaf"])
def test_a_damaged_text_is_no_model(
    mesh: MeshBench, request: pytest.FixtureRequest, size: str, role: Role
) -> None:
    request.getfixturevalue("small_parts")
    if size == "small":
        request.getfixturevalue("monkeypatch").setattr(uploads, "LEAST_PART", 1 << 30)
    staged = trained(mesh, overlapping(600))
    key = texts(mesh, staged, role)[-1]
    data = mesh.store.objects.get(key)
    mesh.store.objects.put(key, data[:-9] + b"?" + data[-8:])
    with pytest.raises(ChecksumError, match=f"{key} is not what its report says: start the job again"):
        mesh.assemble(staged)
    left = mesh.s3.list_multipart_uploads(Bucket=mesh.store.objects.bucket)
    assert "Uploads" not in left
    assert list(mesh.store.objects.keys(mesh.keys(staged).model(2, stripped=False))) == []


@pytest.mark.usefixtures("small_parts")
def test_a_lost_text_is_named(mesh: MeshBench) -> None:
    staged = trained(mesh, overlapping(600))
    key = texts(mesh, staged, "leaf")[0]
    mesh.store.objects.delete(key)
    with pytest.raises(MeshError, match=f"{key} is missing"):
        mesh.assemble(staged)


@pytest.mark.usefixtures("small_parts")
def test_a_bucket_whose_encryption_hides_the_md5_still_gives_the_model(mesh: MeshBench) -> None:
    """Under SSE-KMS an ETag is no MD5: texts are read and checked by their bytes, and pass through."""
    staged = trained(mesh, overlapping(600))
    stamp = mesh.store.objects.stamp

    def hidden(key: str) -> tuple[str, int] | None:
        found = stamp(key)
        return found and ('"0123"', found[1])

    mesh.store.objects.stamp = hidden  # type: ignore[method-assign]  # as such a bucket answers
    calls = counted(mesh)
    done = mesh.assemble(staged)
    assert calls["UploadPartCopy"] == 0
    mesh.store.objects.stamp = stamp  # type: ignore[method-assign]  # its own again
    assert mesh.read(done.model) == mesh.train(mesh.upload(overlapping(600)), "again", **SMALL)[1]


def test_an_object_whose_etag_is_no_md5_is_looked_at_in_pieces(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects, data = mesh.store.objects, b"x" * (uploads.PART + 9)
    objects.upload("jobs/parts", [data])
    stamp = objects.stamp("jobs/parts")
    assert stamp is not None
    assert stamp[0] != f'"{md5_of(data)}"'
    monkeypatch.setattr(objects, "find", None)  # the whole of it is never asked for
    assert objects.holds("jobs/parts", md5_of(data), len(data))
    assert not objects.holds("jobs/parts", md5_of(data[1:] + b"y"), len(data))


def test_ranges_end_to_end_are_the_layers() -> None:
    """Two layers of one and of three packets."""
    buckets = [[f'{{"b":{layer}{place}}}' for place in range(4)] for layer in range(2)]
    packets = [[buckets[0]], [buckets[1][:1], buckets[1][1:2], buckets[1][2:]]]
    found = b""
    for layer, runs in enumerate(packets):
        for place, texts_of_run in enumerate(runs):
            run = bucket_run(texts_of_run)
            start, stop = bucket_range(
                run.text, first=layer == 0, layer_begins=place == 0, layer_ends=place == len(runs) - 1
            )
            found += run.data[start:stop]
    lines = [",\n".join(layer) for layer in buckets]
    assert found.decode() == "[\n" + "],\n[\n".join(lines)
