"""The bytes of a model do not depend on how its training was cut up, repeated or resumed."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path
from typing import Any

import pytest

from snakebatch.mesh.messages import Packet
from snakebatch.mesh.requests import ShardEvent, WaveRef
from snakebatch.snake import Snake
from tests.support.mesh import MeshBench
from tests.support.tables import overlapping, three_classes

SMALL: dict[str, Any] = {"n_layers": 3, "bucket": 30, "tau": 90, "seed": 7}


def in_process(text: str, tmp_path: Path, **parameters: Any) -> bytes:
    """The model that Snake trains in this process, as a file."""
    rows = list(csv.DictReader(io.StringIO(text)))
    path = tmp_path / "snake.json"
    Snake(rows, target_index="y", noise=0, **parameters).to_json(path)
    return path.read_bytes()


@pytest.mark.parametrize("text", [three_classes(), overlapping()], ids=["separable", "overlapping"])
@pytest.mark.parametrize("grain", ["slice", "bucket"])
@pytest.mark.parametrize("levels", [1, 2, "auto"])
def test_mesh_and_process_give_the_same_bytes(
    mesh: MeshBench, tmp_path: Path, text: str, grain: str, levels: int | str
) -> None:
    _, model = mesh.train(mesh.upload(text), leaf_grain=grain, levels_per_wave=levels, **SMALL)

    assert model == in_process(text, tmp_path, **SMALL)


def test_a_population_within_one_leaf_is_not_divided(mesh: MeshBench, tmp_path: Path) -> None:
    text = three_classes(80)
    staged, model = mesh.train(mesh.upload(text), **SMALL)

    assert staged["wave"]["next"] == "none"
    assert model == in_process(text, tmp_path, **SMALL)


def test_without_a_seed_the_data_decide_it(mesh: MeshBench, tmp_path: Path) -> None:
    text = overlapping(200)
    parameters = {**SMALL, "seed": None}
    _, model = mesh.train(mesh.upload(text), **parameters)

    assert model == in_process(text, tmp_path, **parameters)


def test_repeated_packets_and_any_order_change_nothing(mesh: MeshBench) -> None:
    uri = mesh.upload(overlapping())
    _, expected = mesh.train(uri, job="straight", **SMALL)

    staged = mesh.stage(uri, job="shuffled", execution="shuffled", **SMALL)
    wave = mesh.leaves(staged, "shuffled")
    events = [{**item, "role": "leaf", "execution": "shuffled"} for item in mesh.items(wave)] * 2
    random.Random(3).shuffle(events)
    for number, event in enumerate(events):
        mesh.shard(f"{number:02d}").run(ShardEvent.model_validate(event))

    assert mesh.read(mesh.assemble(staged, "shuffled").model) == expected


def test_a_resumed_job_does_only_what_is_missing(mesh: MeshBench) -> None:
    uri = mesh.upload(overlapping())
    staged = mesh.stage(uri, job="again", execution="first", **SMALL)
    mesh.run_wave(mesh.leaves(staged, "first"), "first")
    expected = mesh.read(mesh.assemble(staged, "first").model)
    lost = mesh.items(WaveRef.model_validate(mesh.leaves(staged, "first").body()))
    assert lost == []

    resumed = mesh.stage(uri, job="again", execution="second", **{**SMALL, "n_layers": 4})

    waves = [WaveRef.model_validate(resumed["wave"])]
    while waves[-1].next != "leaf":
        mesh.run_wave(waves[-1], "second")
        waves.append(mesh.next(resumed, waves[-1], "second"))
    mesh.run_wave(waves[-1], "second")
    assert all(wave.pending * 4 == wave.packets for wave in waves)
    longer = mesh.read(mesh.assemble(resumed, "second").model)
    assert longer != expected
    _, fresh = mesh.train(uri, job="fresh", execution="third", **{**SMALL, "n_layers": 4})
    assert longer == fresh


def test_report_bytes_depend_on_the_packet_alone(mesh: MeshBench) -> None:
    uri = mesh.upload(overlapping())
    staged = mesh.stage(uri, job="one", **SMALL)
    wave = mesh.leaves(staged)
    item = mesh.items(wave)[0]
    packet: Packet = mesh.store.packet(item["key"], item["packet"])
    report_key = mesh.keys(staged).report("leaf", item["packet"])
    bodies = []
    for name in ("03", "04"):
        mesh.shard(name).run(ShardEvent(role="leaf", execution=name, **item))
        bodies.append(mesh.store.objects.get(report_key))
        mesh.store.objects.delete(report_key)

    assert packet.role == "leaf"
    assert bodies[0] == bodies[1]
