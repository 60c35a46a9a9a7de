"""Jobs that are started again: only what is missing runs, and the model is as if nothing had happened."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from snakebatch.errors import FingerprintError
from snakebatch.mesh.messages import Role
from snakebatch.mesh.requests import WaveRef
from tests.support.credentials import TEST_ACCOUNT
from tests.support.mesh import MeshBench
from tests.support.quick_moto import mock_aws
from tests.support.tables import overlapping

SMALL: dict[str, Any] = {"n_layers": 2, "bucket": 15, "tau": 45, "seed": 7}
TEXT = overlapping(120)
LEAVES = "snakebatch.mesh.records.leaf_rows", lambda *_: 50


@pytest.fixture(autouse=True)
def several_packets_a_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaf packets of fifty rows, where a job's own size would make one of each layer."""
    monkeypatch.setattr(*LEAVES)


class Run:
    """One execution of the job ``job``, wave by wave; ``ran`` counts its invocations by role."""

    def __init__(self, mesh: MeshBench, execution: str, **more: Any) -> None:
        self.mesh, self.execution = mesh, execution
        self.staged = mesh.stage(mesh.upload(TEXT), execution, **({"job": "job"} | SMALL | more))
        self.wave = WaveRef.model_validate(self.staged["wave"])
        self.ran: Counter[str] = Counter()
        self.layers: set[int] = set()

    def do(self, most: int | None = None) -> None:
        """The Map of the current wave, or the first packets of it."""
        shard = self.mesh.shard()
        keys = self.mesh.keys(self.staged)
        for item in self.mesh.items(self.wave)[:most]:
            packet = self.mesh.store.packet(item["key"], item["packet"])
            self.layers.update(piece.layer for piece in packet.slices)
            self.layers.update(group.slice.layer for group in packet.atoms)
            self.ran[self.wave.next] += 1
            event = {**item, "role": self.wave.next, "execution": self.execution}
            assert self.mesh.run_one(event, shard)["reused"] is False
            assert self.mesh.store.report(keys, packet.role, item["packet"]).packet == item["packet"]

    def until(self, role: str) -> Run:
        """All waves before the one of that role."""
        while self.wave.next != role:
            if self.wave.next != "none":
                self.do()
            self.wave = self.mesh.next(self.staged, self.wave, self.execution)
        return self

    def model(self) -> bytes:
        """Everything that is left."""
        self.until("leaf").do()
        return self.mesh.read(self.mesh.assemble(self.staged, self.execution).model)

    def receipt(self) -> dict[str, Any]:
        """What Settle writes of it."""
        settled = self.mesh.settle(self.staged, self.wave, self.execution)
        receipt: dict[str, Any] = json.loads(self.mesh.read(settled["receipt"]))
        told = {name: value for name, value in receipt["reused"].items() if name != "by_layer"}
        assert settled["reused"] == told
        return receipt


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The model of a job of its own, in an account of its own."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setattr(*LEAVES)
        for name, value in TEST_ACCOUNT.items():
            patch.setenv(name, value)
        return Run(MeshBench(tmp_path_factory.mktemp("undisturbed")), "undisturbed", job="another").model()


@pytest.mark.parametrize(
    ("grain", "role", "done"),
    [
        ("slice", "divide", 0),
        ("slice", "leaf", 0),
        ("slice", "leaf", 2),
        ("bucket", "divide", 1),
        ("bucket", "conquer", 1),
        ("bucket", "leaf", 1),
    ],
)
def test_a_run_that_stopped_is_taken_up_where_it_was(
    mesh: MeshBench, undisturbed: bytes, grain: str, role: str, done: int
) -> None:
    """It died in Divide or in Leaf, with so many packets of that Map done; or before any."""
    first = Run(mesh, "first", leaf_grain=grain).until(role)
    first.do(done)
    second = Run(mesh, "second", leaf_grain=grain)
    assert second.model() == undisturbed
    again = Run(mesh, "again", leaf_grain=grain, job="fresh")
    again.model()
    assert first.ran + second.ran == again.ran
    assert second.receipt()["reused"]["packets"] == first.ran.total()
    assert second.receipt()["actual"]["invocations"] == second.ran.total()


def test_a_run_that_stopped_in_gather_invokes_nothing(mesh: MeshBench, undisturbed: bytes) -> None:
    Run(mesh, "first").until("leaf").do()
    second = Run(mesh, "second")
    assert second.model() == undisturbed
    assert second.ran == Counter()
    plan = second.staged["plan"]
    assert (plan["n_layers"], plan["packets"], plan["usd"]) == (0, 0, pytest.approx(0.001, abs=0.001))


def test_more_layers_train_only_the_new_ones(mesh: MeshBench) -> None:
    first, at_once = Run(mesh, "first"), Run(mesh, "at-once", job="another", n_layers=5)
    first.model()
    five = Run(mesh, "second", n_layers=5)
    assert five.model() == at_once.model()
    assert five.layers == {2, 3, 4}
    assert five.ran + first.ran == at_once.ran
    assert five.staged["plan"]["n_layers"] == 3
    assert 0 < five.staged["plan"]["usd"] < at_once.staged["plan"]["usd"]
    reused = five.receipt()["reused"]
    assert reused["packets"] == first.ran.total()
    assert reused["whole_layers"] == 2
    assert {role: told["packets"] for role, told in reused["by_role"].items()} == dict(first.ran)
    assert [*reused["by_layer"]] == ["0", "1"]
    assert sum(told["leaves"] for told in reused["by_layer"].values()) == reused["leaves"] > 0
    assert reused["usd"] > 0


def test_other_memory_takes_the_same_job_up(mesh: MeshBench) -> None:
    """The stack was deployed anew in between: the same job, the same bytes, another price."""
    mesh.memory = 2 << 30
    first, at_once = Run(mesh, "first"), Run(mesh, "at-once", job="another", n_layers=4)
    first.model()
    mesh.memory = 10 << 30
    second = Run(mesh, "second", n_layers=4)
    assert second.staged["run"]["fingerprint"] == first.staged["run"]["fingerprint"]
    assert [run.staged["plan"]["memory_gb"] for run in (first, second)] == [2.0, 10.0]
    assert second.model() == at_once.model()
    assert second.layers == {2, 3}
    reused = second.receipt()["reused"]
    assert reused["packets"] == first.ran.total()
    mesh.memory = 2 << 30
    cheaper = Run(mesh, "third", n_layers=4)
    cheaper.model()
    assert cheaper.ran.total() == 0


def test_fewer_layers_train_nothing(mesh: MeshBench, undisturbed: bytes) -> None:
    Run(mesh, "first", n_layers=4).model()
    two = Run(mesh, "second")
    assert two.model() == undisturbed
    assert two.ran == Counter()


def test_a_first_run_reuses_nothing(mesh: MeshBench) -> None:
    run = Run(mesh, "first")
    run.model()
    reused = run.receipt()["reused"]
    nothing = {"packets": 0, "leaves": 0, "seconds": 0.0, "usd": 0.0, "whole_layers": 0}
    assert reused == {**nothing, "by_role": {}, "by_layer": {}}


@pytest.mark.parametrize("changed", [{"seed": 8}, {"bucket": 31}, {"seed": 8, "dry_run": True}])
def test_other_parameters_are_refused_before_anything_is_written(
    mesh: MeshBench, changed: dict[str, Any]
) -> None:
    Run(mesh, "first").model()
    before = [*mesh.store.objects.written("")]
    with pytest.raises(FingerprintError, match="job job was trained on other data, parameters or engine"):
        Run(mesh, "second", **changed)
    assert [key for key, _ in mesh.store.objects.written("")] == [key for key, _ in before]


def test_two_runs_of_one_job_at_the_same_time_make_one_model(mesh: MeshBench, undisturbed: bytes) -> None:
    """The second begins while the first is at its leaves, and both do them: each answer is written once."""
    first = Run(mesh, "first").until("leaf")
    second = Run(mesh, "second").until("leaf")
    assert [item["packet"] for item in mesh.items(first.wave)] == [
        item["packet"] for item in mesh.items(second.wave)
    ]
    first.do()
    done = mesh.run_wave(second.wave, "second")
    assert all(one["reused"] for one in done)
    for run in (first, second):
        assert mesh.read(mesh.assemble(run.staged, run.execution).model) == undisturbed


@pytest.mark.parametrize(
    ("role", "what", "damage"),
    [
        ("divide", "report", b""),
        ("divide", "report", None),
        ("leaf", "report", b"\x1f\x8b no gzip"),
        ("leaf", "text", b""),
        ("leaf", "text", None),
    ],
)
def test_an_answer_that_was_lost_or_damaged_is_made_again(
    mesh: MeshBench, undisturbed: bytes, role: Role, what: str, damage: bytes | None
) -> None:
    first = Run(mesh, "first")
    first.model()
    keys = mesh.keys(first.staged)
    packet = sorted(mesh.store.reported(keys, role))[0]
    key = keys.report(role, packet) if what == "report" else keys.text(role, packet)
    spoil(mesh, key, damage)
    second = Run(mesh, "second")
    assert second.model() == undisturbed
    assert second.ran == Counter({role: 1})
    assert Run(mesh, "third").model() == undisturbed


@pytest.mark.parametrize("damage", [b"", None])
def test_packets_and_rows_that_were_damaged_are_written_again(
    mesh: MeshBench, undisturbed: bytes, damage: bytes | None
) -> None:
    first = Run(mesh, "first").until("leaf")
    packet = mesh.items(first.wave)[0]
    population = next(key for key in mesh.store.objects.keys("jobs/job/population-"))
    for key in (packet["key"], population):
        spoil(mesh, key, damage)
    assert Run(mesh, "second").model() == undisturbed


def test_a_model_that_was_damaged_is_put_together_again(mesh: MeshBench, undisturbed: bytes) -> None:
    first = Run(mesh, "first")
    first.model()
    spoil(mesh, mesh.keys(first.staged).model(2, stripped=False), b"{")
    assert Run(mesh, "second").model() == undisturbed


def test_dollars_of_an_earlier_run_count_no_more(mesh: MeshBench) -> None:
    """A resumed run is held to what it spends itself; the first one's costs were its own."""
    first = Run(mesh, "first", n_layers=8)
    first.model()
    dear = first.staged["plan"]["usd"]
    second = Run(mesh, "second", n_layers=9, max_usd=dear / 2)
    assert second.staged["plan"]["feasible"]
    second.until("leaf").do()
    assert second.layers == {8}


def spoil(mesh: MeshBench, key: str, damage: bytes | None) -> None:
    """Write over an object, or delete it."""
    assert mesh.store.objects.find(key)
    if damage is None:
        mesh.store.objects.delete(key)
    else:
        mesh.store.objects.put(key, damage)
