"""``snakebatch train`` and ``predict`` with --url: the client of Python, behind the command line."""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from snakebatch import Snake, cli, cli_mesh, cli_place, cli_predict
from snakebatch.errors import InputError
from tests.support.fake_mesh import URL, FakeMesh

ROWS = [{"y": "ab"[n % 2], "x": n % 7 + n / 100} for n in range(40)]
PARAMETERS: dict[str, Any] = {"n_layers": 2, "bucket": 10, "tau": 20, "seed": 7}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "table.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["y", "x"])
        writer.writeheader()
        writer.writerows(ROWS)
    return tmp_path


@pytest.fixture
def mesh(monkeypatch: pytest.MonkeyPatch) -> FakeMesh:
    found = FakeMesh()
    monkeypatch.setenv("SNAKEBATCH_KEY", found.how["key"])
    return found


def hidden(mesh: FakeMesh) -> dict[str, Any]:
    return {"transport": mesh.transport, "clock": mesh.clock}


def parsed(*argv: str) -> argparse.Namespace:
    return cli.build_parser().parse_args(argv)


def train(mesh: FakeMesh, *more: str) -> int:
    options = ["--layers", "2", "--bucket", "10", "--tau", "20", "--seed", "7", "--url", URL, *more]
    arguments = parsed("train", "table.csv", "--target", "y", *options)
    assert cli_place.on_mesh(arguments)
    return cli_mesh.train(arguments, **hidden(mesh))


def test_a_table_is_trained_on_the_mesh(
    folder: Path, mesh: FakeMesh, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(mesh, "--json") == 0
    printed = capsys.readouterr()
    said = json.loads(printed.out)
    (job,) = mesh.jobs
    assert (said["model_id"], said["seed"], said["rows"], said["usd"]) == (job, 7, 6, 0.0123)
    assert said["training"]["metric"] == "accuracy"
    assert "sending 3" in printed.err, "progress goes to stderr"
    assert f"{job}: Leaf" in printed.err
    Snake("table.csv", "y", noise=0, **PARAMETERS).to_json("own.json")
    assert (folder / "model.json").read_bytes() == (folder / "own.json").read_bytes()

    assert train(mesh, "--out", "other.json") == 0
    text = capsys.readouterr().out
    assert "cost       $0.0123" in text
    assert "warning: odd" in text


def test_a_model_of_the_mesh_is_asked_by_its_id(
    folder: Path, mesh: FakeMesh, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    train(mesh)
    capsys.readouterr()
    own = Snake("table.csv", "y", noise=0, **PARAMETERS)
    (job,) = mesh.jobs
    real = cli_mesh.model_of
    monkeypatch.setattr(cli_mesh, "model_of", lambda arguments: real(arguments, **hidden(mesh)))
    cli_predict.run(parsed("predict", job, "table.csv", "--url", URL, "--probability"))
    printed = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    asked = [{"x": row["x"]} for row in ROWS]
    assert [row["y"] for row in rows] == own.get_prediction(asked)
    assert [float(row["p(b)"]) for row in rows] == [p["b"] for p in own.get_probability(asked)]
    assert "accuracy" in printed.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--stack", "s", "--processes", "2"], "--processes is of the embedded cloud"),
        (["--url", URL, "--engine", "licensed"], "--engine is of the embedded cloud"),
        (["--region", "eu-west-3"], "--region goes with --stack"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        cli_place.on_mesh(parsed("train", "table.csv", "--target", "y", *options))


def test_a_mesh_that_is_away_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("snakebatch.client.remote.calls.FIRST_PATIENCE", 0)
    assert cli.main(["train", "table.csv", "--target", "y", "--url", "http://127.0.0.1:9"]) == cli.EXIT_FAILED
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert "http://127.0.0.1:9 did not answer" in line
    assert "log:" not in line
