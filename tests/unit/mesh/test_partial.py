"""Partial models: what is there answers as in the whole model, rows of missing leaves get no wrong vote."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from snakebatch.errors import NotReadyError, PartialModelWarning
from snakebatch.mesh.partial import PartialAssembler
from snakebatch.mesh.records import PartialModel
from snakebatch.mesh.requests import Failure, RunRef, SettleEvent, WaveRef
from snakebatch.mesh.settling import Settling
from snakebatch.snake import Snake
from tests.support.mesh import STARTED, MeshBench
from tests.support.tables import overlapping

SMALL: dict[str, Any] = {"n_layers": 3, "bucket": 15, "tau": 45, "seed": 7}
TEXT = overlapping(120)
ROWS = [{name: row[name] for name in ("a", "b", "code")} for row in csv.DictReader(io.StringIO(TEXT))]


@pytest.fixture(autouse=True)
def several_packets_a_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snakebatch.mesh.records.leaf_rows", lambda *_: 50)


def trained(mesh: MeshBench, **more: Any) -> tuple[dict[str, Any], bytes]:
    return mesh.train(mesh.upload(TEXT), job="job", **(SMALL | more))


def partial(mesh: MeshBench, staged: dict[str, Any]) -> PartialModel:
    return PartialAssembler(mesh.store).assemble("job", staged["run"]["fingerprint"], "test")


def lose(mesh: MeshBench, staged: dict[str, Any], places: list[int]) -> list[str]:
    """Leaf packets by their place in the manifest, whose answers are lost."""
    keys = mesh.keys(staged)
    packets = mesh.store.manifest(keys, "test").packets
    for place in places:
        mesh.store.objects.delete(keys.report("leaf", packets[place].packet))
    return [packets[place].packet for place in places]


def loaded(mesh: MeshBench, uri: str) -> Snake:
    with pytest.warns(PartialModelWarning, match="this model is partial"):
        return Snake(mesh.read(uri).decode())


@pytest.mark.parametrize(("grain", "places"), [("slice", [0, 4]), ("slice", [-1]), ("bucket", [1, -1])])
def test_what_is_there_answers_as_the_whole_model_and_the_rest_not_at_all(
    mesh: MeshBench, grain: str, places: list[int]
) -> None:
    staged, model = trained(mesh, leaf_grain=grain)
    lose(mesh, staged, places)
    told = partial(mesh, staged)
    whole, part = Snake(model.decode()), loaded(mesh, told.model)
    empty = [{n for n, bucket in enumerate(layer) if not bucket["members"]} for layer in part.layers]
    assert any(empty)
    for row in ROWS:
        reached = enumerate(part.model.route(row))
        stopped = {layer for layer, place in reached if place in empty[layer]}
        assert [(one.layer, one.row) for one in part.model.lookalikes(row)] == [
            (one.layer, one.row) for one in whole.model.lookalikes(row) if one.layer not in stopped
        ]
    assert [list(votes) for chunk in part.model.batch_votes(ROWS) for votes in chunk.tolist()] == [
        part.model.votes(row) for row in ROWS
    ]
    assert part.get_batch_prediction(ROWS) == [part.get_prediction(row) for row in ROWS]


def test_the_file_the_record_and_the_snake_tell_the_same_coverage(mesh: MeshBench) -> None:
    staged, _ = trained(mesh)
    lost = lose(mesh, staged, [0, -1])
    told = partial(mesh, staged)
    assert told == mesh.store.find_partial(mesh.keys(staged), "test")
    for uri in (told.model, told.model_stripped):
        snake = loaded(mesh, uri)
        assert snake.coverage == pytest.approx(told.coverage, abs=1e-6)
        assert [layer["rows_covered"] for layer in snake.gaps] == [one.rows_covered for one in told.layers]
        assert sum(len(layer["missing"]) for layer in snake.gaps) == len(told.missing)
        assert all(gap["condition"] for layer in snake.gaps for gap in layer["missing"])
        assert " PARTIAL, rows covered: layer 0 " in snake.log
    assert {leaf.layer for leaf in told.missing} == {0, 2}
    missing_rows = sum(leaf.rows or 0 for leaf in told.missing)
    assert told.coverage == round(1 - missing_rows / (3 * told.rows), 6)
    assert len(lost) == 2


def test_the_audit_says_which_layer_has_no_vote(mesh: MeshBench) -> None:
    staged, _ = trained(mesh)
    lose(mesh, staged, [0])
    snake = loaded(mesh, partial(mesh, staged).model)
    gap = {one["bucket"] for one in snake.gaps[0]["missing"]}
    row = next(row for row in ROWS if snake.model.route(row)[0] in gap)
    assert "this leaf is missing: the model is partial" in snake.get_audit(row)


def test_a_layer_that_is_one_missing_leaf_has_no_votes_at_all(mesh: MeshBench) -> None:
    """A table within one leaf: the empty bucket is ELSE."""
    staged, _ = trained(mesh, tau=500)
    lose(mesh, staged, [1])
    snake = loaded(mesh, partial(mesh, staged).model)
    assert [bucket["condition"] for bucket in snake.layers[1]] == [None]
    assert {one.layer for row in ROWS for one in snake.model.lookalikes(row)} == {0, 2}
    assert snake.gaps[1]["rows_covered"] == 0


def test_a_regression_without_votes_answers_from_what_is_there(mesh: MeshBench) -> None:
    text = "x,y\n" + "".join(f"{n},{n * 1.5 + 0.25}\n" for n in range(120))
    staged, _ = mesh.train(mesh.upload(text), job="job", **(SMALL | {"n_layers": 1}))
    lose(mesh, staged, [0])
    snake = loaded(mesh, partial(mesh, staged).model)
    found = snake.get_regression([{"x": n} for n in range(120)], explain=True)
    assert all(0 <= one["value"] <= 180 for one in found)
    assert {one["source"] for one in found} == {"lookalikes", "bucket mean"}


def test_nothing_missing_is_the_whole_model(mesh: MeshBench) -> None:
    staged, model = trained(mesh)
    told = partial(mesh, staged)
    assert mesh.read(told.model) == model
    assert (told.coverage, told.missing) == (1.0, [])
    assert Snake(model.decode()).coverage == 1.0


def test_without_a_planned_leaf_or_an_arrived_one_there_is_no_model(mesh: MeshBench) -> None:
    staged = mesh.stage(mesh.upload(TEXT), job="job", **SMALL)
    with pytest.raises(NotReadyError, match="no leaf of job 'job' was planned"):
        partial(mesh, staged)
    mesh.leaves(staged)
    with pytest.raises(NotReadyError, match="no leaf of job 'job' has arrived"):
        partial(mesh, staged)


def test_a_run_that_asked_for_it_settles_with_what_there_is(mesh: MeshBench) -> None:
    staged, _ = trained(mesh, partial=True)
    lose(mesh, staged, [0])
    event = SettleEvent(
        run=RunRef.model_validate(staged["run"]),
        execution="test",
        started=STARTED,
        wave=WaveRef(wave=1, next="leaf"),
        gathered=False,
        failure=Failure(error="ValueError", cause="broken"),
    )
    settled = Settling(mesh.assembler, mesh.clock).run(event)
    assert settled["failure"] is None
    assert settled["output"]["status"] == "PARTIAL"
    assert 0 < settled["output"]["coverage"] < 1
    assert settled["output"]["failure"]["error"] == "ValueError"


def test_a_job_that_is_resumed_afterwards_is_whole(mesh: MeshBench) -> None:
    staged, model = trained(mesh)
    lose(mesh, staged, [2])
    partial(mesh, staged)
    _, resumed = mesh.train(mesh.upload(TEXT), "again", job="job", **SMALL)
    assert resumed == model
    assert json.loads(resumed)["log"].count("PARTIAL") == 0
