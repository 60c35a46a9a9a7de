"""Everything hostile through the command line: one line that says what is wrong, no traceback, no log.

What is legal ends well: the embedded cloud is a fake, which trains nothing and takes no time.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from snakebatch import Snake, cli, cli_train
from snakebatch.engine.csv_table import read_csv
from snakebatch.errors import InputError
from tests.fuzz.seeds import CORPUS
from tests.support.fake_cloud import succeeding
from tests.support.hostile_models import MODELS, small_model
from tests.support.hostile_tables import TABLES

LONGEST = 2_500
"""Characters of a line of error: a message may quote cells and paths, but none of them whole."""

CORPORA = {
    folder.name: {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    for folder in sorted(CORPUS.iterdir())
}
HOSTILE = {
    "table": {f"hostile {number}": table.data for number, table in enumerate(TABLES.values())},
    "model": {
        f"hostile {number}": model.text.encode(errors="surrogatepass")
        for number, model in enumerate(MODELS.values())
    },
    "message": {},
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a model and a table that are in order; whoever writes a log leaves it there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cli_train, "POLL_SECONDS", 0)
    model = json.dumps(small_model())
    monkeypatch.setattr(cli_train, "open_embedded_cloud", lambda *_, **__: succeeding(model))
    Snake([{"y": "ab"[n % 2], "a": n / 3} for n in range(12)], "y", n_layers=1).to_json("good.json")
    Path("good.csv").write_text("x,t,y,a\n1.0,red,a,2\n")
    yield tmp_path
    assert not list(tmp_path.glob("snakebatch-*.log")), "a log is for what went wrong with us"


def ends(capsys: pytest.CaptureFixture[str], *argv: str) -> int:
    """The exit code of a command, whose errors are as errors should be."""
    code = cli.main(argv)
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "log:" not in said
    assert code in (0, cli.EXIT_BAD_INPUT), said
    if code:
        (line,) = said.splitlines()
        assert line.startswith(f"snakebatch {argv[0]}: error: ")
        assert len(line) < LONGEST
    return code


def inputs(kind: str) -> list[bytes]:
    found = [*CORPORA[kind].values(), *HOSTILE[kind].values()]
    assert len(found) >= 50
    return found


def legal(data: bytes) -> bool:
    try:
        read_csv(lambda: io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=""), "y")
    except InputError:
        return False
    return True


def test_a_table_is_trained_on_or_refused(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = set()
    for data in inputs("table"):
        Path("table.csv").write_bytes(data)
        code = ends(capsys, "train", "table.csv", "--target", "y", "--out", "new.json")
        assert code == (0 if legal(data) else cli.EXIT_BAD_INPUT), data[:200]
        codes.add(code)
    assert codes == {0, cli.EXIT_BAD_INPUT}


@pytest.mark.parametrize("command", ["predict", "audit"])
def test_a_table_is_answered_or_refused(command: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = set()
    for data in inputs("table"):
        Path("table.csv").write_bytes(data)
        codes.add(ends(capsys, command, "good.json", "table.csv", "--out", "answers"))
    assert codes == {0, cli.EXIT_BAD_INPUT}


@pytest.mark.parametrize("command", ["predict", "audit"])
def test_a_model_answers_or_is_refused(command: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = set()
    for data in inputs("model"):
        Path("model.json").write_bytes(data)
        codes.add(ends(capsys, command, "model.json", "good.csv", "--out", "answers"))
    assert codes == {0, cli.EXIT_BAD_INPUT}


@pytest.mark.parametrize("kind", ["message", "model"])
@pytest.mark.parametrize(
    "argv",
    [["graph", "--definition"], ["plan", "--rows", "1000", "--constants"], ["plan", "--calibrate"]],
    ids=["definition", "constants", "receipt"],
)
def test_what_is_another_kind_of_file_is_refused(
    argv: list[str], kind: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for data in inputs(kind):
        Path("file").write_bytes(data)
        assert ends(capsys, *argv, "file") == cli.EXIT_BAD_INPUT, data[:200]


PLACES = {
    "missing": "no/such/file",
    "a folder": ".",
    "a device": "/dev/null",
    "nothing": "",
    "a long name": "x" * 5_000,
    "a name with a line end": "a\nb",
    "empty": "empty",
    "binary": "binary",
    "JSON for a table": "good.json",
    "a table for JSON": "good.csv",
    "nested": "nested",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_file_that_is_none_is_refused_wherever_one_is_wanted(
    place: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").touch()
    Path("binary").write_bytes(bytes(range(256)) * 9)
    Path("nested").write_text("[" * 100_000)
    name = PLACES[place]
    if place != "a table for JSON":
        for argv in (
            ["train", name, "--target", "y"],
            ["predict", "good.json", name],
            ["audit", "good.json", name],
        ):
            assert ends(capsys, *argv) == cli.EXIT_BAD_INPUT
    for argv in (
        *(
            [["predict", name, "good.csv"], ["audit", name, "good.csv"]]
            if place != "JSON for a table"
            else []
        ),
        ["graph", "--definition", name],
        ["plan", "--rows", "9", "--constants", name],
        ["plan", "--calibrate", name],
    ):
        assert ends(capsys, *argv) == cli.EXIT_BAD_INPUT


@pytest.mark.parametrize("place", ["", ".", "/dev/null", "/dev/null/new", "x" * 5_000, "good.csv"])
def test_a_file_that_can_not_be_written_is_refused_before_anything(
    place: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(desk.iterdir())
    for argv in (
        ["train", "good.csv", "--target", "y", "--out", place],
        ["train", "good.csv", "--target", "y", "--graph", place],
        ["predict", "good.json", "good.csv", "--out", place],
        ["audit", "good.json", "good.csv", "--out", place],
        ["graph", "--out", place],
        ["plan", "--rows", "9", "--chart", place],
    ):
        assert ends(capsys, *argv) == cli.EXIT_BAD_INPUT, argv
    assert sorted(desk.iterdir()) == before


def test_swapped_files_are_told_apart(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("predict", "audit"):
        for argv in (["good.csv", "good.csv"], ["good.json", "good.json"]):
            assert cli.main([command, *argv]) == cli.EXIT_BAD_INPUT
            assert "the model stands before the table" in capsys.readouterr().err
