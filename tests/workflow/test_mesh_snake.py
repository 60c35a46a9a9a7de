"""MeshSnake against a mesh: what is trained there has Snake's bytes, what is asked there its answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from snakebatch import Snake
from snakebatch.client import AsyncMeshSnake, MeshSnake
from snakebatch.engine.answers import MODES, POPULATION_MODES
from snakebatch.errors import (
    AccountError,
    InputError,
    KeyRefusedError,
    ModelError,
    StrippedModelError,
    UnknownJobError,
)
from snakebatch.graph import draw_svg, lay_out
from snakebatch.graph.record import read_record, record_of
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.mesh.api_keys import hash_of
from tests.support.cloud_clients import STACK, StackClients
from tests.support.predictions import in_process, json_of, queries, small_snake
from tests.support.scale import scaled

KEY = "a-key-for-the-tests-of-the-client"
PARAMETERS: dict[str, Any] = {"n_layers": 2, "bucket": 20, "tau": 60, "seed": 5}
WAYS = ("http", "stack")
SIZES = {"http": (1, 4_999, 5_000), "stack": (1, 5_000)}
"""Rows of a batch; the sizes between are the same code both ways."""
TOLD_ROW_BY_ROW = {"http": (1, scaled(1_200, 5_000)), "stack": (1, scaled(500, 5_000))}
"""Of a mode that needs the population, which the mesh is always asked for: no size is a boundary."""
CASES = [
    (way, size, mode)
    for way in WAYS
    for mode in MODES
    for size in (TOLD_ROW_BY_ROW if mode in POPULATION_MODES else SIZES)[way]
]
CASES += [("http", 20_001, "prediction"), ("http", scaled(5_000, 20_001), "audit")]
"""Several requests' worth in two modes only: test_predict.py asks for as many in all of them."""


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud(
        processes=2, http=("127.0.0.1", 0), environment={"GATHERER_KEYS_SHA256": hash_of(KEY)}
    ) as cloud:
        yield cloud


def how(cloud: EmbeddedCloud, way: str = "http") -> dict[str, Any]:
    """Arguments of MeshSnake that lead to the cloud."""
    if way == "stack":
        return {"stack": STACK, "clients": StackClients(cloud), "progress": False}
    return {"url": cloud.url, "key": KEY, "progress": False}


@pytest.fixture(scope="module")
def trained(cloud: EmbeddedCloud) -> Iterator[Callable[[str], MeshSnake]]:
    """The model of tests/support/predictions.py, trained on the mesh: once for each way to it."""
    with ExitStack() as open_until_the_end:

        @cache
        def train(way: str) -> MeshSnake:
            rows = small_snake().population
            snake = MeshSnake(rows, "y", n_layers=2, bucket=6, seed=1, **how(cloud, way))
            assert snake.layers == small_snake().layers
            return open_until_the_end.enter_context(snake)

        yield train


@pytest.fixture(params=WAYS)
def small(request: pytest.FixtureRequest, trained: Callable[[str], MeshSnake]) -> MeshSnake:
    return trained(request.param)


def table(rows: int = 150) -> list[dict[str, Any]]:
    """Cells of every kind that a table has."""
    words = ["a,b", 'say "x"', "two\nlines", "é☃", "", "NA", " d "]
    return [
        {
            "y": "no" if n % 3 else "yes",
            "float": n * 0.37 % 11 if n % 13 else None,
            "int": n % 9,
            "flag": n % 4 == 1,
            "word": words[n % len(words)],
            "when": f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}",
            "mixed": [1, "x", 2.5, None][n % 4],
        }
        for n in range(rows)
    ]


def csv_file(folder: Path) -> Path:
    path = folder / "odd quotes.csv"
    lines = [f'{n},"{"no" if n % 3 else "yes"}","a ""b"", {n % 5}",{n % 7}.5' for n in range(150)]
    path.write_text('\ufeffid,y,"w, of it",x\n' + "\n".join(lines) + "\n\n")
    return path


def kinds(folder: Path) -> dict[str, dict[str, Any]]:
    """Arguments of Snake and MeshSnake alike."""
    rows = table()
    frame = pd.DataFrame(rows).astype({"word": "category", "float": "float32"})
    numbers = np.array([[n % 3 % 2, n * 0.1 % 7, n % 5] for n in range(150)])
    return {
        "dicts": {"data": rows, "target_index": "y"},
        "lists": {"data": [list(row.values()) for row in rows], "header": list(rows[0]), "target_index": 0},
        "frame": {"data": frame, "target_index": "y"},
        "frame of floats": {"data": pd.DataFrame(numbers, columns=["y", "a", "b"]), "target_index": "y"},
        "array": {"data": numbers[:, 1:], "y": numbers[:, 0].astype(int), "header": ["a", "b"]},
        "file": {"data": csv_file(folder), "target_index": "y"},
    }


KINDS = ("dicts", "lists", "frame", "frame of floats", "array", "file")


@pytest.mark.parametrize(
    ("kind", "way"),
    [(kind, way) for way in WAYS for kind in (KINDS if way == "http" or scaled(0, 1) else ("dicts", "file"))],
)
def test_the_mesh_trains_the_bytes_of_snake(
    cloud: EmbeddedCloud, tmp_path: Path, kind: str, way: str
) -> None:
    given = kinds(tmp_path)[kind]
    Snake(**given, **PARAMETERS, noise=0).to_json(tmp_path / "own.json")
    with MeshSnake(**given, **PARAMETERS, **how(cloud, way)) as snake:
        snake.to_json(tmp_path / "mesh.json")
        snake.to_json(tmp_path / "stripped.json", stripped=True)
        assert snake.receipt()["rows"]["read"] == 150
    assert (tmp_path / "mesh.json").read_bytes() == (tmp_path / "own.json").read_bytes()
    assert Snake(tmp_path / "stripped.json").layers == Snake(tmp_path / "own.json").layers


def test_the_seed_of_the_content_is_the_same_too(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    parameters = PARAMETERS | {"seed": None}
    Snake(table(), "y", noise=0, **parameters).to_json(tmp_path / "own.json")
    MeshSnake(table(), "y", **parameters, **how(cloud)).to_json(tmp_path / "mesh.json")
    assert (tmp_path / "mesh.json").read_bytes() == (tmp_path / "own.json").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(("small", "size", "mode"), CASES, indirect=["small"])
def test_the_mesh_answers_as_snake_does(small: MeshSnake, mode: str, size: int) -> None:
    assert json_of(getattr(small, f"get_{mode}")(queries(size))) == in_process(mode, size)


def test_what_the_workflow_did_is_told_either_way(small: MeshSnake, cloud: EmbeddedCloud) -> None:
    told = small.trace()
    machine, run = read_record(told)
    assert (run.status, run.state("Trained").outcome) == ("SUCCEEDED", "succeeded")
    assert all(one.done == one.total > 0 for one in run.state("Leaf").maps)
    assert told == record_of(cloud.sfn, run.arn)
    assert draw_svg(lay_out(machine), run).count(" taken") > 10


def test_answers_have_snake_s_own_types_wherever_they_come_from(
    small: MeshSnake, cloud: EmbeddedCloud
) -> None:
    way = how(cloud) if "url=" in repr(small) else how(cloud, "stack")
    everywhere = MeshSnake.connect(small.model_id, cloud_threshold=1, **way)
    for mode in MODES:
        expected = getattr(small_snake(), f"get_{mode}")(queries(60))
        assert repr(getattr(everywhere, f"get_{mode}")(queries(60))) == repr(expected)


ODD: list[dict[str, Any]] = [
    {"x": "many", "word": "ab1"},
    {"x": float("inf")},
    {"word": ["a"], "x": 1},
    {"word": {"a": 1}, "x": 2},
    {"other": 1},
    {},
    {"x": "", "word": None},
    {"x": "1e400", "long number": 10**400, "word": 3},
    {"x": "NA", "word": "\ud800\0"},
    {"x": True, "word": False},
    {"x": np.float32(0.1), "word": np.float32(0.1)},
    {"x": pd.NA, "word": pd.NaT},
]


def test_a_row_is_answered_alike_here_and_there_however_odd(small: MeshSnake, cloud: EmbeddedCloud) -> None:
    """What the mesh refuses, Snake answers: so does MeshSnake, in any batch."""
    way = "http" if "url=" in repr(small) else "stack"
    there = MeshSnake.connect(small.model_id, cloud_threshold=1, **how(cloud, way))
    rows = [row for odd in ODD for row in (odd, queries(1)[0])]
    for mode in MODES:
        assert getattr(there, f"get_{mode}")(rows) == getattr(small_snake(), f"get_{mode}")(rows)
    for row in ODD:
        assert there.get_audit(row) == small_snake().get_audit(row)
        assert small.get_probability(row) == small_snake().get_probability(row)


def test_frames_and_arrays_are_asked_as_rows_are(small: MeshSnake) -> None:
    frame = pd.DataFrame(queries(5_000))[["x", "long number", "word"]]
    expected = small_snake().get_probability(frame)
    assert small.get_probability(frame) == expected
    assert small.get_probability(frame.head(10)) == expected[:10]
    assert small.get_prediction(frame.iloc[0]) == small_snake().get_prediction(frame.iloc[0])


def test_small_batches_need_no_mesh_at_all(small: MeshSnake, cloud: EmbeddedCloud) -> None:
    alone = MeshSnake.connect(small.model_id, **how(cloud))
    alone.close()
    for mode in set(MODES) - POPULATION_MODES:
        assert json_of(getattr(alone, f"get_{mode}")(queries(4_999))) == in_process(mode, 4_999)


def test_an_uploaded_model_is_asked_on_the_mesh(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    small_snake().to_json(tmp_path / "model.json")
    small_snake().to_json(tmp_path / "stripped.json", stripped=True)
    for way in WAYS:
        snake = MeshSnake.upload(tmp_path / "model.json", cloud_threshold=50, **how(cloud, way))
        assert snake.model_id.startswith("m-")
        for mode in MODES:
            assert json_of(getattr(snake, f"get_{mode}")(queries(60))) == in_process(mode, 60)
        again = MeshSnake.connect(snake.model_id, **how(cloud, "stack" if way == "http" else "http"))
        assert again.population == small_snake().population
        bare = MeshSnake.upload(tmp_path / "stripped.json", cloud_threshold=50, **how(cloud, way))
        assert json_of(bare.get_prediction(queries(60))) == in_process("prediction", 60)
        with pytest.raises(StrippedModelError):
            bare.get_audit(queries(60))
    with pytest.raises(ModelError):
        MeshSnake.upload('{"version": "0"}', **how(cloud))


def test_a_large_file_comes_in_parts(
    cloud: EmbeddedCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snakebatch.client.remote.uploads.IN_ONE", 1_000)
    path = csv_file(tmp_path)
    Snake(path, "y", noise=0, **PARAMETERS).to_json(tmp_path / "own.json")
    MeshSnake(path, "y", **PARAMETERS, **how(cloud)).to_json(tmp_path / "mesh.json")
    assert (tmp_path / "mesh.json").read_bytes() == (tmp_path / "own.json").read_bytes()


@pytest.mark.parametrize("way", WAYS)
def test_what_the_mesh_refuses_is_told_by_row_and_column(
    cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr("snakebatch.client.remote.tables.SMALL_TABLE", 0)  # as with a large table
    rows = [{"y": "a", "x": "1"}, {"y": "b", "x": "2"}, {"y": "b", "x": "inf"}]
    with pytest.raises(InputError, match="row 3, column 'x': not a finite number"):
        MeshSnake(rows, "y", **how(cloud, way))


def test_a_job_goes_on_without_its_client_and_is_deleted(cloud: EmbeddedCloud) -> None:
    for way in WAYS:
        first = MeshSnake(table(), "y", **PARAMETERS, wait=False, **how(cloud, way))
        first.close()
        second = MeshSnake.connect(first.model_id, **how(cloud, way))
        assert second.status().status == "SUCCEEDED"
        second.delete()
        assert second.get_prediction(table()[0]) in ("yes", "no")
        with pytest.raises(UnknownJobError, match="there is no job"):
            MeshSnake.connect(first.model_id, **how(cloud, way))


def test_a_plan_costs_nothing_and_is_the_same_both_ways(cloud: EmbeddedCloud) -> None:
    plans = [MeshSnake.plan(1_000_000, 25, classes=3, **how(cloud, way)) for way in WAYS]
    assert plans[0] == plans[1]
    assert plans[0].feasible
    assert plans[0].rows == 1_000_000
    assert not MeshSnake.plan(1_000_000, 25, max_usd=0.01, **how(cloud)).feasible


def test_wrong_places_and_keys(cloud: EmbeddedCloud) -> None:
    with pytest.raises(KeyRefusedError, match="refused the key"):
        MeshSnake.plan(100, **(how(cloud) | {"key": "wrong"}))
    with pytest.raises(KeyRefusedError, match="wants a key"):
        MeshSnake.plan(100, **(how(cloud) | {"key": ""}))
    with pytest.raises(AccountError, match="there is no stack 'other' in this region"):
        MeshSnake.connect("x", **(how(cloud, "stack") | {"stack": "other"}))
    with pytest.raises(UnknownJobError):
        MeshSnake.connect("x", **how(cloud, "stack"))


@pytest.mark.parametrize("way", WAYS)
def test_awaited_it_does_the_same(cloud: EmbeddedCloud, tmp_path: Path, way: str) -> None:
    async def train(seed: int) -> list[Any]:
        parameters = PARAMETERS | {"seed": seed}
        async with await AsyncMeshSnake(table(), "y", **parameters, **how(cloud, way)) as snake:
            await snake.to_json(tmp_path / f"{seed}.json")
            return [await snake.get_prediction(table()), await snake.get_audit(table()[0])]

    async def both() -> list[list[Any]]:
        return await asyncio.gather(train(1), train(2))

    for seed, answers in enumerate(asyncio.run(both()), 1):
        expected = Snake(table(), "y", noise=0, **(PARAMETERS | {"seed": seed}))
        expected.to_json(tmp_path / "own.json")
        assert (tmp_path / f"{seed}.json").read_bytes() == (tmp_path / "own.json").read_bytes()
        assert answers == [expected.get_prediction(table()), expected.get_audit(table()[0])]


def test_a_gatherer_that_is_killed_and_restarted_in_a_wait_is_survived(tmp_path: Path) -> None:
    environment = {"GATHERER_KEYS_SHA256": hash_of(KEY)}
    with EmbeddedCloud(processes=2, http=("127.0.0.1", 0), environment=environment) as cloud:
        seen: list[str] = []

        def kill(status: Any) -> None:
            seen.append(status.state)
            if len(seen) in (1, 3):
                cloud.gatherers[-1].kill()
                # The next look waits at the socket, or is cut off with it.
                threading.Timer(0.7, cloud.start_gatherer).start()

        given = how(cloud) | {"progress": kill}
        MeshSnake(table(600), "y", **PARAMETERS, **given).to_json(tmp_path / "mesh.json")
        assert len(cloud.gatherers) == 3
    Snake(table(600), "y", noise=0, **PARAMETERS).to_json(tmp_path / "own.json")
    assert (tmp_path / "mesh.json").read_bytes() == (tmp_path / "own.json").read_bytes()
