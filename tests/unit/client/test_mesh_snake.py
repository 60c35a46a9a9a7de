"""MeshSnake over a scripted service: what it sends, what it answers here, and what it asks the mesh."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from snakebatch import Snake
from snakebatch.client import AsyncMeshSnake, MeshSnake
from snakebatch.engine.answers import MODES
from snakebatch.errors import (
    InputError,
    JobFailedError,
    KeyRefusedError,
    ModelError,
    NotReadyError,
    PlanError,
    StrippedModelError,
)
from tests.support.fake_mesh import KEY, URL, FakeMesh

ROWS = [{"y": "ab"[n % 2], "x": n % 7 + n / 100, "word": f"w{n % 5}"} for n in range(60)]
PARAMETERS: dict[str, Any] = {"target_index": "y", "n_layers": 2, "bucket": 10, "tau": 25, "seed": 3}
QUERIES = [{"x": n / 3, "word": f"w{n % 9}", "note": n} for n in range(40)]


@pytest.fixture
def mesh() -> FakeMesh:
    return FakeMesh()


@pytest.fixture
def snake(mesh: FakeMesh) -> MeshSnake:
    return MeshSnake(ROWS, **PARAMETERS, **mesh.how)


def in_process() -> Snake:
    return Snake(ROWS, noise=0, **PARAMETERS)


def test_a_training_is_sent_once_followed_and_fetched_stripped(mesh: FakeMesh, snake: MeshSnake) -> None:
    job = snake.model_id
    assert mesh.paths == [
        "POST /v9/upload",
        "POST /v9/train",
        *[f"GET /v9/status/{job}"] * 3,
        f"GET /v9/model/{job}/stripped",
    ]
    assert snake.snake.stripped
    expected = in_process()
    assert (snake.header, snake.datatypes, snake.targets) == (
        expected.header,
        expected.datatypes,
        expected.targets,
    )
    assert (snake.layers, snake.log, snake.config, snake.classes) == (
        expected.layers,
        expected.log,
        expected.config,
        expected.classes,
    )


def test_small_batches_are_answered_without_a_request(mesh: FakeMesh, snake: MeshSnake) -> None:
    before, expected = len(mesh.seen), in_process()
    for rows in (QUERIES, QUERIES[0], [3.5, "w1"], iter(QUERIES)):
        again = QUERIES if not isinstance(rows, dict | list) else rows
        assert snake.get_prediction(rows) == expected.get_prediction(again)
    assert snake.get_probability(QUERIES) == expected.get_probability(QUERIES)
    assert snake.get_candle(QUERIES[1]) == expected.get_candle(QUERIES[1])
    assert snake.get_batch_prediction(QUERIES[0]) == expected.get_batch_prediction(QUERIES[0])
    assert snake.get_layer_scores(ROWS) == expected.get_layer_scores(ROWS)
    assert len(mesh.seen) == before


@pytest.mark.parametrize(("rows", "requests"), [(29, 0), (30, 1), (40, 1)])
def test_from_the_threshold_on_the_mesh_answers(mesh: FakeMesh, rows: int, requests: int) -> None:
    snake = MeshSnake(ROWS, **PARAMETERS, cloud_threshold=30, **mesh.how)
    assert snake.get_probability(QUERIES[:rows]) == in_process().get_probability(QUERIES[:rows])
    assert mesh.count("predict-sync") == requests


@pytest.mark.parametrize(
    ("mode", "target"),
    [
        (mode, target)
        for mode in MODES
        for target in ("texts", "numbers", "whole numbers")
        if (mode, target) != ("regression", "texts")
    ],
)
def test_the_mesh_s_answers_are_snake_s_own(mesh: FakeMesh, mode: str, target: str) -> None:
    """Of the same types too: classes that are numbers come back as keys of JSON, which are texts."""
    kinds = {"texts": lambda n: f"c{n % 3}", "numbers": lambda n: n % 3 / 2, "whole numbers": lambda n: n % 3}
    rows = [row | {"y": kinds[target](n)} for n, row in enumerate(ROWS)]
    expected = Snake(rows, noise=0, **PARAMETERS)
    snake = MeshSnake(rows, **PARAMETERS, cloud_threshold=1, **mesh.how)
    for asked in (QUERIES, QUERIES[3]):
        mine, its = getattr(snake, f"get_{mode}")(asked), getattr(expected, f"get_{mode}")(asked)
        assert repr(mine) == repr(its)
    assert mesh.count("predict-sync") == 2


def test_modes_that_need_the_population_go_to_the_mesh_until_it_is_here(
    mesh: FakeMesh, snake: MeshSnake
) -> None:
    expected = in_process()
    assert snake.get_audit(QUERIES[0]) == expected.get_audit(QUERIES[0])
    assert snake.get_lookalikes(QUERIES) == expected.get_lookalikes(QUERIES)
    assert mesh.count("predict-sync") == 2
    assert snake.population == expected.population
    assert snake.get_lookalikes_labeled(QUERIES) == expected.get_lookalikes_labeled(QUERIES)
    assert snake.get_augmented(QUERIES[0]) == expected.get_augmented(QUERIES[0])
    assert mesh.count("predict-sync") == 2
    assert mesh.count(r"GET /v9/model/\w+$") == 1


def test_rows_that_a_mesh_refuses_are_answered_here_in_their_order(mesh: FakeMesh) -> None:
    odd = [{"x": "many"}, {"x": float("inf"), "word": "w1"}, {"other": 1}, {}]
    rows = [QUERIES[0], odd[0], QUERIES[1], odd[1], odd[2], QUERIES[2], odd[3]]
    snake, expected = MeshSnake(ROWS, **PARAMETERS, cloud_threshold=1, **mesh.how), in_process()
    for mode in ("prediction", "probability", "candle", "audit", "lookalikes"):
        assert getattr(snake, f"get_{mode}")(rows) == getattr(expected, f"get_{mode}")(rows)
    for request in mesh.seen:
        if request.url.path == "/v9/predict-sync":
            assert len(json.loads(request.content)["rows"]) == 3


def test_a_large_batch_is_cut_and_put_together_in_order(
    mesh: FakeMesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snakebatch.client.remote.questions.CHUNK_ROWS", 7)
    snake = MeshSnake(ROWS, **PARAMETERS, cloud_threshold=1, **mesh.how)
    assert snake.get_prediction(QUERIES) == in_process().get_prediction(QUERIES)
    assert mesh.count("predict-sync") == 6


def test_long_rows_make_small_requests(mesh: FakeMesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snakebatch.client.remote.questions.CHUNK_BYTES", 1_000)
    rows = [{"x": 1, "word": "w" * n} for n in (400, 400, 400, 3_000, 1)]
    snake = MeshSnake(ROWS, **PARAMETERS, cloud_threshold=1, **mesh.how)
    assert snake.get_prediction(rows) == in_process().get_prediction(rows)
    sizes = [len(json.loads(r.content)["rows"]) for r in mesh.seen if r.url.path == "/v9/predict-sync"]
    assert sizes == [2, 1, 1, 1]


def test_a_row_too_long_to_travel_is_answered_here(mesh: FakeMesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snakebatch.client.remote.questions.LONGEST_LINE", 1_000)
    rows = [{"x": 1, "word": "w" * n} for n in (10, 1_000, 20)]
    snake = MeshSnake(ROWS, **PARAMETERS, cloud_threshold=1, **mesh.how)
    assert snake.get_probability(rows) == in_process().get_probability(rows)
    assert len(json.loads(mesh.seen[-1].content)["rows"]) == 2


def test_a_regression_of_labels_is_refused_as_in_process(mesh: FakeMesh) -> None:
    snake = MeshSnake(ROWS, **PARAMETERS, cloud_threshold=1, **mesh.how)
    with pytest.raises(ModelError, match="the target 'y' is not numeric"):
        snake.get_regression(QUERIES)
    assert mesh.count("predict-sync") == 0


def test_no_rows_have_no_answers(mesh: FakeMesh) -> None:
    snake = MeshSnake(ROWS, **PARAMETERS, cloud_threshold=0, **mesh.how)
    assert snake.get_prediction([]) == []


def test_models_behind_a_signed_link_are_fetched_without_the_key(mesh: FakeMesh) -> None:
    mesh.redirect_models = True
    assert MeshSnake(ROWS, **PARAMETERS, **mesh.how).layers == in_process().layers
    assert mesh.seen[-1].url.host == "storage.test"


def test_the_full_model_is_saved_whole(mesh: FakeMesh, snake: MeshSnake, tmp_path: Path) -> None:
    snake.to_json(tmp_path / "mesh.json")
    in_process().to_json(tmp_path / "own.json")
    assert (tmp_path / "mesh.json").read_bytes() == (tmp_path / "own.json").read_bytes()
    snake.to_json(tmp_path / "stripped.json", stripped=True)
    assert Snake(tmp_path / "stripped.json").stripped

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("gone")

    mesh.before = broken
    with pytest.raises(Exception, match="did not answer"):
        snake.to_json(tmp_path / "mesh2.json")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mesh.json", "own.json", "stripped.json"]


def test_without_waiting_it_returns_at_once_and_a_question_waits(mesh: FakeMesh) -> None:
    snake = MeshSnake(ROWS, **PARAMETERS, wait=False, **mesh.how)
    assert mesh.paths[-1] == "POST /v9/train"
    assert snake.status().status == "RUNNING"
    assert snake.get_prediction(QUERIES) == in_process().get_prediction(QUERIES)


def test_a_job_is_taken_up_again_by_its_id(mesh: FakeMesh) -> None:
    first = MeshSnake(ROWS, **PARAMETERS, wait=False, **mesh.how)
    for again in (
        MeshSnake.connect(first.model_id, **mesh.how),
        MeshSnake(model_id=first.model_id, **mesh.how),
    ):
        assert again.get_probability(QUERIES) == in_process().get_probability(QUERIES)


def test_a_job_that_has_ended_is_taken_up_without_a_word(
    mesh: FakeMesh, capsys: pytest.CaptureFixture[str]
) -> None:
    first = MeshSnake(ROWS, **PARAMETERS, **mesh.how)
    MeshSnake.connect(first.model_id, **(mesh.how | {"progress": True}))
    assert capsys.readouterr().err == ""
    with pytest.raises(KeyRefusedError) as caught:
        MeshSnake.connect(first.model_id, **(mesh.how | {"key": "wrong"}))
    assert "takes it up again" not in str(caught.value)


def test_a_wait_ends_after_its_time_and_says_how_to_go_on(mesh: FakeMesh) -> None:
    mesh.looks = 10_000
    snake = MeshSnake(ROWS, **PARAMETERS, wait=False, **mesh.how)
    with pytest.raises(
        NotReadyError, match=rf"still runs after 30 s.*MeshSnake.connect\('{snake.model_id}', url="
    ):
        snake.wait(30)
    assert sum(mesh.clock.slept) == pytest.approx(30)


def test_a_ctrl_c_leaves_the_job_running_and_says_how_to_go_on(
    mesh: FakeMesh, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(status: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        MeshSnake(ROWS, **PARAMETERS, **(mesh.how | {"progress": stop}))
    (job,) = mesh.jobs
    assert f"MeshSnake.connect('{job}', url='{URL}') takes it up again" in caught.value.__notes__[0]
    assert mesh.count("DELETE") == 0

    real = mesh.clock.sleep

    def interrupted(seconds: float) -> None:
        real(seconds)
        raise KeyboardInterrupt

    mesh.clock.sleep = interrupted  # type: ignore[method-assign]  # Ctrl-C comes in a pause
    capsys.readouterr()
    with pytest.raises(KeyboardInterrupt):
        MeshSnake(ROWS, **PARAMETERS, **(mesh.how | {"progress": True}))
    told = capsys.readouterr().err.splitlines()
    assert "the training goes on without you: MeshSnake.connect(" in told[-1]


@pytest.mark.parametrize(
    ("failure", "error", "says"),
    [
        (("InputError", "row 3, column 'x': not a finite number"), InputError, "row 3, column 'x'"),
        (("PlanError", "the plan costs too much"), PlanError, "costs too much"),
        (("States.TaskFailed", "a function broke"), JobFailedError, r"failed in Leaf \(States.TaskFailed\)"),
    ],
)
def test_what_a_training_ended_with_is_raised(
    mesh: FakeMesh, failure: tuple[str, str], error: type[Exception], says: str
) -> None:
    mesh.failure = failure
    with pytest.raises(error, match=says):
        MeshSnake(ROWS, **PARAMETERS, **mesh.how)


def test_a_local_model_is_uploaded_and_asked(mesh: FakeMesh, tmp_path: Path) -> None:
    expected = in_process()
    expected.to_json(tmp_path / "model.json")
    for given in (expected, tmp_path / "model.json"):
        snake = MeshSnake.upload(given, **mesh.how, cloud_threshold=30)
        assert snake.model_id == "m-1"
        assert snake.get_audit(QUERIES[0]) == expected.get_audit(QUERIES[0]), "it is here already"
        assert mesh.count("predict-sync") == 0
        assert snake.get_prediction(QUERIES) == expected.get_prediction(QUERIES)
        assert mesh.count("predict-sync") == 1
        mesh.seen.clear()
    again = MeshSnake.connect("m-1", **mesh.how)
    assert again.population == expected.population
    assert mesh.paths == ["GET /v9/model/m-1"]
    again.to_json(tmp_path / "stripped.json", stripped=True)
    assert Snake(tmp_path / "stripped.json").get_prediction(QUERIES) == expected.get_prediction(QUERIES)


def test_the_key_is_never_shown(mesh: FakeMesh, snake: MeshSnake, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        snake.get_audit(QUERIES[0])
    assert repr(snake) == f"MeshSnake(model_id='{snake.model_id}', url='{URL}')"
    for shown in (caplog.text, repr(vars(snake)), repr(vars(snake._core)), repr(vars(snake._core.mesh))):
        assert KEY not in shown


def test_url_and_key_come_from_the_environment(mesh: FakeMesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNAKEBATCH_URL", f"{URL}/")
    monkeypatch.setenv("SNAKEBATCH_KEY", f"{KEY}\n")
    how = {name: value for name, value in mesh.how.items() if name not in ("url", "key")}
    assert MeshSnake(ROWS, **PARAMETERS, **how).layers == in_process().layers


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"noise": 0.25}, "noise is 0.25; a mesh trains without"),
        ({"tau": None}, "tau is None"),
        ({"bucket": 0}, "bucket is 0"),
        ({"seed": 2**53}, "seed is 9007199254740992"),
        ({"n_layer": 3}, "there is no parameter 'n_layer'"),
        ({"max_usd": -1}, "max_usd"),
        ({"target_index": "z"}, "there is no column 'z'"),
        ({"url": "ftp://x"}, "url is 'ftp://x'"),
        ({"url": "http://user:word@x"}, "holds a name or a password"),
        ({"url": "http://127.0.0.1:8100/#a"}, "the url goes on after a"),
        ({"key": "a b"}, "the key holds blanks"),
        ({"timeout": float("nan")}, "timeout is nan; give a number of seconds"),
        ({"timeout": "60"}, "timeout is '60'"),
        ({"cloud_threshold": "x"}, "cloud_threshold is 'x'; give a number of rows"),
        ({"cloud_threshold": -5}, "cloud_threshold is -5"),
        ({"model_id": "x"}, "either data"),
        ({"stack": "s"}, "both url and stack"),
    ],
)
def test_what_can_t_be_used_is_refused_before_anything_is_sent(
    mesh: FakeMesh, change: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        MeshSnake(ROWS, **(PARAMETERS | mesh.how | change))
    assert not mesh.seen


def test_a_link_to_log_in_is_no_address_and_its_key_is_not_shown(mesh: FakeMesh) -> None:
    link = f"{mesh.how['url']}/login?key=never-shown"
    with pytest.raises(InputError, match="as a link to log in does") as refused:
        MeshSnake(ROWS, **(PARAMETERS | mesh.how | {"url": link}))
    assert "never-shown" not in str(refused.value)
    assert not mesh.seen


@pytest.mark.parametrize("data", ["model.json", '{"version": 1}', {"version": 1}])
def test_a_model_is_no_table(mesh: FakeMesh, data: Any) -> None:
    with pytest.raises(InputError, match=r"MeshSnake.upload\(...\) puts it on the mesh"):
        MeshSnake(data, **PARAMETERS, **mesh.how)


def test_no_mesh_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SNAKEBATCH_URL", raising=False)
    with pytest.raises(InputError, match=r"give url=... \(or SNAKEBATCH_URL\)"):
        MeshSnake(ROWS, target_index="y")


def test_deleting_stops_the_job_and_what_is_here_goes_on(mesh: FakeMesh, snake: MeshSnake) -> None:
    snake.delete()
    snake.close()
    assert mesh.paths[-1] == f"DELETE /v9/jobs/{snake.model_id}"
    assert snake.get_prediction(QUERIES) == in_process().get_prediction(QUERIES)


def test_importing_snakebatch_imports_no_httpx() -> None:
    code = (
        "import sys, snakebatch, snakebatch.client; snakebatch.Snake; snakebatch.client.MeshSnake; "
        "sys.exit('httpx' in sys.modules or 'boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0


def test_a_job_gets_more_layers_as_a_run_of_its_own(mesh: FakeMesh) -> None:
    snake = MeshSnake(ROWS, **PARAMETERS, **mesh.how)
    more = MeshSnake.resume(snake.model_id, n_layers=3, **mesh.how)
    assert more.model_id != snake.model_id
    assert [json.loads(one.content) for one in mesh.seen if one.url.path.endswith("/resume")] == [
        {"n_layers": 3}
    ]
    whole = Snake(ROWS, **PARAMETERS | {"n_layers": 3}, noise=0)
    assert more.layers == whole.layers
    assert len(snake.layers) == 2


def test_what_arrived_is_fetched(mesh: FakeMesh) -> None:
    snake = MeshSnake(ROWS, **PARAMETERS, **mesh.how)
    part = MeshSnake.partial(snake.model_id, **mesh.how)
    assert mesh.count("/partial") == 1
    assert part.get_prediction(QUERIES) == in_process().get_prediction(QUERIES)


# async


def test_awaited_a_job_is_resumed_and_taken_as_it_came(mesh: FakeMesh) -> None:
    async def ask() -> list[int]:
        snake = await AsyncMeshSnake(ROWS, **PARAMETERS, **mesh.how)
        more = await AsyncMeshSnake.resume(snake.model_id, n_layers=3, **mesh.how)
        part = await AsyncMeshSnake.partial(snake.model_id, **mesh.how)
        return [len(one.layers) for one in (snake, more, part)]

    assert asyncio.run(ask()) == [2, 3, 2]


def test_awaited_it_does_the_same(mesh: FakeMesh) -> None:
    async def ask() -> Any:
        async with AsyncMeshSnake(ROWS, **PARAMETERS, cloud_threshold=30, **mesh.how) as snake:
            assert not mesh.seen, "nothing is sent before it is awaited"
            await snake
            answers = [
                await snake.get_prediction(QUERIES),
                await snake.get_prediction(QUERIES[0]),
                await snake.get_probability(QUERIES[:20]),
                await snake.get_audit(QUERIES[0]),
                await snake.get_lookalikes_labeled(QUERIES[0]),
                await snake.get_population(),
                snake.layers,
            ]
            connected = await AsyncMeshSnake.connect(snake.model_id, **mesh.how)
            assert await connected.get_candle(QUERIES) == in_process().get_candle(QUERIES)
            return answers

    expected = in_process()
    assert asyncio.run(ask()) == [
        expected.get_prediction(QUERIES),
        expected.get_prediction(QUERIES[0]),
        expected.get_probability(QUERIES[:20]),
        expected.get_audit(QUERIES[0]),
        expected.get_lookalikes_labeled(QUERIES[0]),
        expected.population,
        expected.layers,
    ]
    own = mesh.paths
    sync = FakeMesh()
    snake = MeshSnake(ROWS, **PARAMETERS, cloud_threshold=30, **sync.how)
    snake.get_prediction(QUERIES)
    snake.get_audit(QUERIES[0])
    snake.get_lookalikes_labeled(QUERIES[0])
    other = [path.replace(snake.model_id, "X") for path in sync.paths]
    (job, *_) = mesh.jobs
    assert [path.replace(job, "X") for path in own][: len(other)] == other


def test_a_cancelled_wait_leaves_the_job_running(mesh: FakeMesh) -> None:
    async def ask() -> None:
        reached = asyncio.Event()
        mesh.looks = 10_000
        task = asyncio.create_task(
            AsyncMeshSnake(
                ROWS, **PARAMETERS, **(mesh.how | {"progress": lambda status: reached.set()})
            )._start()
        )
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert "takes it up again" in caught.value.__notes__[0]

    asyncio.run(ask())
    assert mesh.count("DELETE") == 0


def test_a_stripped_model_that_was_uploaded_has_no_population_anywhere(
    mesh: FakeMesh, tmp_path: Path
) -> None:
    in_process().to_json(tmp_path / "model.json", stripped=True)
    snake = MeshSnake.upload(tmp_path / "model.json", **mesh.how)
    requests = len(mesh.seen)
    for ask in (snake.get_audit, snake.get_lookalikes, snake.get_lookalikes_labeled):
        with pytest.raises(StrippedModelError, match="needs the population"):
            ask(QUERIES[0])
    with pytest.raises(StrippedModelError):
        snake.population  # noqa: B018  # it is what asks
    assert len(mesh.seen) == requests
    assert snake.get_prediction(QUERIES) == in_process().get_prediction(QUERIES)
