"""``snakebatch audit``: chosen rows of a table, and why a model answers them so, here and on a mesh."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snakebatch import Snake, cli, cli_audit
from tests.support.fake_mesh import URL, FakeMesh

ROWS = [{"y": "ab"[n % 2], "x": n % 7 + n / 100, "word": f"w{n % 3}"} for n in range(40)]


@pytest.fixture(scope="module")
def snake() -> Snake:
    return Snake(ROWS, "y", n_layers=2, bucket=10, seed=7)


@pytest.fixture
def folder(tmp_path: Path, snake: Snake, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lines = [f"{row['x']},{row['word']},{row['y']}\n" for row in ROWS]
    (tmp_path / "new.csv").write_text("x,word,y\n" + "".join(lines))
    (tmp_path / "bare.csv").write_text("word,x\nw1,0.5\n")
    snake.to_json("model.json")
    return tmp_path


def audit(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert cli.main(["audit", *argv]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def test_the_first_row_is_told_of_if_none_is_named(
    folder: Path, snake: Snake, capsys: pytest.CaptureFixture[str]
) -> None:
    text = audit(capsys, "model.json", "new.csv")
    assert text == f"Row 1 of new.csv: y is a\n{snake.get_audit(ROWS[0])}"
    assert "Routing AND" in text
    assert "Lookalike AND" in text
    bare = audit(capsys, "model.json", "bare.csv")
    assert bare == f"Row 1 of bare.csv\n{snake.get_audit({'word': 'w1', 'x': 0.5})}"


def test_rows_are_told_of_in_the_order_that_they_are_named(
    folder: Path, snake: Snake, capsys: pytest.CaptureFixture[str]
) -> None:
    text = audit(capsys, "model.json", "new.csv", "--row", "7", "--row", "3", "--row", "7")
    told = [f"Row {n} of new.csv: y is {ROWS[n - 1]['y']}\n{snake.get_audit(ROWS[n - 1])}" for n in (7, 3)]
    assert text == "\n".join(told)
    assert audit(capsys, "model.json", "new.csv", "--row", "7", "--row", "3", "--out", "new/a.txt") == ""
    assert (folder / "new/a.txt").read_text() == text


def test_json_has_the_votes_and_the_lookalikes(
    folder: Path, snake: Snake, capsys: pytest.CaptureFixture[str]
) -> None:
    said = json.loads(audit(capsys, "model.json", "new.csv", "--row", "40", "--json"))
    (row,) = said.pop("rows")
    assert said == {"model": "model.json", "target": "y"}
    augmented = snake.get_augmented(ROWS[39])
    assert row == {
        "row": 40,
        "actual": "b",
        "prediction": augmented["Prediction"],
        "probability": augmented["Probability"],
        "lookalikes": augmented["Lookalikes"],
        "audit": snake.get_audit(ROWS[39]),
    }


def test_a_mesh_says_the_same(
    folder: Path, snake: Snake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh = FakeMesh()
    mesh.models["m-1"] = snake.model
    monkeypatch.setenv("SNAKEBATCH_KEY", mesh.how["key"])
    for more in ([], ["--json"]):
        asked = ["new.csv", "--row", "2", *more]
        here = audit(capsys, "model.json", *asked)
        arguments = cli.build_parser().parse_args(["audit", "m-1", *asked, "--url", URL])
        assert cli_audit.run(arguments, transport=mesh.transport, clock=mesh.clock) == 0
        assert capsys.readouterr().out == here.replace("model.json", "m-1")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["model.json", "new.csv", "--row", "41"], "--row 41: the last row is 40; rows count from 1"),
        (["model.json", "new.csv", "--row", "0"], "'0' is not a whole number of 1 or more"),
        (["stripped.json", "new.csv"], "population"),
        (["model.json", "new.csv", "--out", "new.csv"], "is a file that is read"),
        (["model.json", "new.csv", "--region", "eu-west-3"], "--region goes with --stack"),
    ],
)
def test_what_can_not_be_told_is_refused_in_one_line(
    argv: list[str], says: str, folder: Path, snake: Snake, capsys: pytest.CaptureFixture[str]
) -> None:
    snake.to_json("stripped.json", stripped=True)
    assert cli.main(["audit", *argv]) == cli.EXIT_BAD_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
