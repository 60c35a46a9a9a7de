"""``snakebatch predict``: answers as CSV or JSON, scored where the table holds the target."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from snakebatch import Snake, cli
from tests.support.datasets import quadratic, write_csv


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of the penguins and one of a number."""
    folder = tmp_path_factory.mktemp("models")
    Snake(str(cli_table("penguins")), "species", n_layers=2, seed=1, tau=200, noise=0).to_json(
        folder / "p.json"
    )
    Snake(quadratic(300), "y", n_layers=2, seed=1, noise=0, tau=200).to_json(folder / "q.json")
    return folder


def cli_table(name: str) -> Path:
    return Path(cli.__file__).parent / "data" / f"{name}.csv"


@pytest.fixture
def folder(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for model in models.iterdir():
        (tmp_path / model.name).symlink_to(model)
    return tmp_path


def test_answers_go_to_stdout_and_the_score_to_stderr(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["predict", "p.json", "penguins"]) == 0
    printed = capsys.readouterr()
    species = [row["species"] for row in csv.DictReader(cli_table("penguins").open())]
    assert printed.out.splitlines() == ["species", *species]
    assert printed.err == "accuracy 100.00 % on 344 rows\n"


def test_a_table_without_the_target_is_answered_all_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = cli_table("penguins").read_text().splitlines()
    (folder / "new.csv").write_text("\n".join(line.split(",", 1)[1] for line in lines))
    assert cli.main(["predict", "p.json", "new.csv"]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == len(lines)
    assert printed.err == ""


def test_probabilities_are_columns_that_sum_to_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["predict", "p.json", "penguins", "--probability"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == ["species", "p(Adelie)", "p(Chinstrap)", "p(Gentoo)"]
    for row in rows:
        shares = {name: float(row[f"p({name})"]) for name in ("Adelie", "Chinstrap", "Gentoo")}
        assert sum(shares.values()) == pytest.approx(1)
        assert max(shares, key=shares.__getitem__) == row["species"]


def test_out_writes_the_answers_there_and_nothing_to_stdout(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["predict", "p.json", "penguins", "--out", "new/answers.csv"]) == 0
    assert capsys.readouterr().out == ""
    assert [path.name for path in (folder / "new").iterdir()] == ["answers.csv"]
    assert len((folder / "new/answers.csv").read_text().splitlines()) == 345


def test_json_is_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["predict", "p.json", "penguins", "--json", "--probability"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["target"], report["rows"], report["accuracy"]) == ("species", 344, 1.0)
    assert report["predictions"][0]["prediction"] == "Adelie"
    assert sum(report["predictions"][0]["probability"].values()) == pytest.approx(1)


def test_a_number_is_answered_by_regression(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = quadratic(300)
    write_csv(rows, folder / "numbers.csv")
    assert cli.main(["predict", "q.json", "numbers.csv"]) == 0
    printed = capsys.readouterr()
    assert [float(line) for line in printed.out.splitlines()[1:]] == pytest.approx([row["y"] for row in rows])
    assert printed.err == "R2 1.0000 on 300 rows\n"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("island,sex\nDream,male\n", "'bill_length_mm'"),
        ("", "empty"),
        ("x,y\n", "no rows"),
        ("x,y\n1\n", "row 1"),
        (b"\x00\x01\x02", "text"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(
    content: str | bytes, named: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert cli.main(["predict", "p.json", "bad.csv", "--out", "new/answers.csv"]) == cli.EXIT_BAD_INPUT
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "bad.csv" in line
    assert named in line
    assert not (folder / "new").exists()


def test_an_infinite_number_is_named_by_row_and_column(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.csv").write_text("a,b\n1,2\n1,inf\n")
    assert cli.main(["predict", "q.json", "bad.csv"]) == cli.EXIT_BAD_INPUT
    assert "row 2, column 'b'" in capsys.readouterr().err


def test_a_label_that_the_model_cannot_read_is_a_miss(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Snake([{"y": k % 2, "x": k} for k in range(8)], "y", bucket=2).to_json(folder / "b.json")
    (folder / "new.csv").write_text("x,y\n0,0\n1,1\n2,0\n3,maybe\n")
    assert cli.main(["predict", "b.json", "new.csv"]) == 0
    assert capsys.readouterr().err == "accuracy 75.00 % on 4 rows\n"


def test_a_table_with_unknown_targets_is_answered_without_a_score(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "new.csv").write_text("a,b,y\n1,2,3\n1,2,NA\n")
    assert cli.main(["predict", "q.json", "new.csv"]) == 0
    printed = capsys.readouterr()
    assert (printed.err, len(printed.out.splitlines())) == ("", 3)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("a,b,y\n1,2,3\n1,2,unknown\n", "row 2, column 'y': 'unknown' can't be read as a number"),
        ("a,a,b\n1,2,3\n", "two columns are named 'a'"),
    ],
)
def test_a_table_that_cannot_be_scored_or_is_ambiguous_is_refused(
    content: str, named: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.csv").write_text(content)
    assert cli.main(["predict", "q.json", "bad.csv"]) == cli.EXIT_BAD_INPUT
    assert named in capsys.readouterr().err


def test_probabilities_of_a_number_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "numbers.csv").write_text("a,b\n1,2\n")
    assert cli.main(["predict", "q.json", "numbers.csv", "--probability"]) == cli.EXIT_BAD_INPUT
    assert "--probability" in capsys.readouterr().err


def _predict_in_a_shell(folder: Path, redirection: str) -> subprocess.CompletedProcess[bytes]:
    """What a user's shell gives: a process of its own, with streams as ``redirection`` sets them."""
    command = f"{shlex.quote(sys.executable)} -m snakebatch predict p.json penguins {redirection}"
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    root = str(Path(cli.__file__).parents[1])
    environment = {**kept, "PYTHONPATH": root, "TMPDIR": str(folder)}
    return subprocess.run(["bash", "-c", command], env=environment, cwd=folder, capture_output=True)


def test_a_reader_that_went_away_is_no_noise(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    for arguments in (["predict", "p.json", "penguins", "--json"], ["--help"]):
        command = [sys.executable, "-m", "snakebatch", *arguments]
        ended = subprocess.run(
            command,
            env={**kept, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
            cwd=folder,
            stdout=writing,
            stderr=subprocess.PIPE,
        )
        assert (ended.returncode, ended.stderr) == (1, b"")
    os.close(writing)


def test_streams_that_the_caller_closed_are_no_crash(folder: Path) -> None:
    ended = _predict_in_a_shell(folder, "<&- >&-")
    assert (ended.returncode, ended.stderr) == (0, b"accuracy 100.00 % on 344 rows\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_output_that_cannot_be_written_is_told_in_one_line(folder: Path) -> None:
    ended = _predict_in_a_shell(folder, "--json >/dev/full")
    assert ended.returncode == 1
    assert ended.stderr.startswith(
        b"snakebatch predict: error: there is no room on the disk for what it prints"
    )
    assert ended.stderr.count(b"\n") == 1


def test_answers_are_utf8_whatever_the_locale(folder: Path) -> None:
    Snake([{"目标": label, "x": k} for k, label in enumerate(["ja", "nö"])], n_layers=1).to_json("u.json")
    (folder / "u.csv").write_text("x\n0\n1\n", encoding="utf-8")
    command = [sys.executable, "-m", "snakebatch", "predict", "u.json", "u.csv"]
    root = str(Path(cli.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root, "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run(command, env=environment, cwd=folder, capture_output=True)
    assert (ended.returncode, ended.stdout.decode()) == (0, "目标\nja\nnö\n")
