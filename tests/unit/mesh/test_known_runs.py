"""What never changes of a run is read once, and what is planned later is found all the same."""

from __future__ import annotations

from typing import Any

import pytest

from snakebatch.mesh.known_runs import KnownRuns
from snakebatch.mesh.requests import WaveRef
from tests.support.mesh import MeshBench
from tests.support.tables import overlapping

SMALL: dict[str, Any] = {"n_layers": 2, "bucket": 30, "tau": 90, "seed": 7}


def reads(mesh: MeshBench, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that are read from here on."""
    found: list[str] = []
    find = mesh.store.objects.find

    def counted(key: str) -> bytes | None:
        found.append(key)
        return find(key)

    monkeypatch.setattr(mesh.store.objects, "find", counted)
    return found


def test_it_follows_a_run_and_reads_each_record_once(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KnownRuns(mesh.store)
    assert known.find("test") is None
    assert (known.waves("test"), known.manifest("test")) == ([], None)

    staged = mesh.stage(mesh.upload(overlapping(300)), job="job", **SMALL)
    assert [wave.role for wave in known.waves("test")] == ["divide"]
    assert known.manifest("test") is None

    wave = WaveRef.model_validate(staged["wave"])
    mesh.run_wave(wave)
    mesh.next(staged, wave)
    assert [wave.role for wave in known.waves("test")] == ["divide", "leaf"]
    manifest = known.manifest("test")
    assert manifest == mesh.store.manifest(mesh.keys(staged), "test")
    found = known.find("test")
    assert found is not None
    assert (found[0].execution, found[1].rows) == ("test", 300)

    again = reads(mesh, monkeypatch)
    assert (known.find("test"), known.manifest("test")) == (found, manifest)
    assert again == []


def test_it_forgets_who_was_not_asked_for_longest(mesh: MeshBench, monkeypatch: pytest.MonkeyPatch) -> None:
    known = KnownRuns(mesh.store, most=1)
    dataset = mesh.upload(overlapping(300))
    for name in ("one", "two"):
        mesh.stage(dataset, name, job="job", **SMALL)
        assert known.find(name) is not None
    again = reads(mesh, monkeypatch)
    assert known.find("two") is not None
    assert again == []
    assert known.find("one") is not None
    assert again
