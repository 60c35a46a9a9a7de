"""What the command line refuses before anything is started: one line that names it, and exit code 2."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from snakebatch import cli
from snakebatch.files import whole_file
from snakebatch.version import VERSION
from tests.support.plugins import LICENSED, REMOTE_CLIENT, installed

TABLE = "x,y\n1,a\n2,b\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(TABLE)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """The one line with which the command was refused."""
    assert cli.main(argv) == cli.EXIT_BAD_INPUT
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err
    return printed.err


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert VERSION in capsys.readouterr().out


@pytest.mark.parametrize("command", [[], ["train"], ["predict"], ["serve"], ["bracket"], ["bracket", "open"]])
def test_help_has_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*command, "--help"]) == 0
    assert "example: snakebatch" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--layers", "0"),
        ("--bucket", "-3"),
        ("--tau", "many"),
        ("--tau", "1.5"),
        ("--seed", "-1"),
        ("--seed", str(2**53)),
        ("--profile", "magic"),
        ("--lookahead", "0"),
        ("--lookahead", "101"),
        ("--layers", "10001"),
        ("--engine", "magic"),
        ("--leaf-grain", "crumb"),
        ("--levels-per-wave", "0"),
        ("--slots", "-1"),
        ("--slots", "many"),
        ("--processes", "0"),
    ],
)
def test_a_bad_parameter_is_named(
    option: str, value: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(capsys, "train", "table.csv", "--target", "y", f"{option}={value}")
    assert option in line
    assert value in line


@pytest.mark.parametrize(
    ("content", "target", "named"),
    [
        (TABLE, "z", "'z'"),
        ("", "y", "empty"),
        ("x,y\n", "y", "no rows"),
        ("x,y\n1,a\n2\n", "y", "row 2"),
        ("y\na\nb\n", "y", "no feature column"),
        ("x,y\n1,a\ninf,b\n", "y", "'x'"),
        ("x,x,y\n1,1,a\n", "y", "'x'"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "y", "text"),
        (b"x,y\n1,a\n\xff\xfe,b\n", "y", "UTF-8"),
    ],
)
def test_a_bad_table_is_refused_with_what_is_wrong(
    content: str | bytes, target: str, named: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / "bad.csv").write_bytes(raw)
    line = refused(capsys, "train", "bad.csv", "--target", target, "--out", "new/model.json")
    assert "bad.csv" in line
    assert named in line
    assert not (folder / "new").exists()


def test_a_table_that_is_a_pipe_is_refused_and_not_waited_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(folder / "pipe")
    assert "pipe is a device or pipe" in refused(capsys, "train", "pipe", "--target", "y")


def test_an_engine_that_is_not_there_is_refused_with_what_is_needed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("train", "table.csv", "--target", "y", "--engine", "licensed")
    for package in (None, REMOTE_CLIENT):
        with installed(package):
            line = refused(capsys, *asked)
        assert "another product" in line
        assert "licensed algorithmeai (5.4.x, with Snake)" in line
    with installed(LICENSED):
        assert "--leaf-grain bucket" in refused(capsys, *asked, "--leaf-grain", "bucket")


@pytest.mark.parametrize("name", ["missing.csv", ".", "", "x" * 300, "table.csv/x.csv"])
def test_a_table_that_is_no_file_is_refused(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (name[:60] or "''") in refused(capsys, "train", name, "--target", "y")


def test_out_is_never_the_table_or_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--out" in refused(capsys, "train", "table.csv", "--target", "y", "--out", "table.csv")
    assert "--out" in refused(capsys, "train", "table.csv", "--target", "y", "--out", ".")
    assert "--out" in refused(capsys, "train", "table.csv", "--target", "y", "--out", "table.csv/model.json")
    assert (folder / "table.csv").read_text() == TABLE


COMMANDS = [["train", "table.csv", "--target", "y"], ["predict", "m.json", "table.csv"]]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("out", ["table.csv", "link.csv", "m.json"])
def test_out_is_never_what_the_command_reads(
    command: list[str], out: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "link.csv").symlink_to("table.csv")
    (folder / "m.json").write_text("a model")
    if (command[0], out) != ("train", "m.json"):
        assert f"--out {out} is a file that is read" in refused(capsys, *command, "--out", out)
    assert (folder / "table.csv").read_text() == TABLE
    assert (folder / "m.json").read_text() == "a model"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("out", "why"),
    [("", "folder"), ("new/", "folder"), ("x" * 300, "too long"), ("/proc/m.json", "write to")],
)
def test_out_that_cannot_be_written_is_refused_before_anything_starts(
    command: list[str], out: str, why: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(capsys, *command, "--out", out)
    assert "--out" in line
    assert why in line
    assert len(line) < 200
    assert os.listdir(folder) == ["table.csv"]


def test_a_link_is_written_through(folder: Path) -> None:
    (folder / "link").symlink_to("far/model.json")
    with whole_file(folder / "link") as temporary:
        temporary.write_text("whole")
    assert (folder / "link").is_symlink()
    assert (folder / "far" / "model.json").read_text() == "whole"
    assert os.listdir(folder / "far") == ["model.json"]


@pytest.mark.parametrize("command", COMMANDS)
def test_out_is_never_a_pipe_or_device(
    command: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(folder / "pipe")
    assert "--out pipe is a device or pipe" in refused(capsys, *command, "--out", "pipe")
    assert (folder / "pipe").is_fifo()


def test_a_model_that_is_none_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "missing.json" in refused(capsys, "predict", "missing.json", "table.csv")
    assert "table.csv" in refused(capsys, "predict", "table.csv", "table.csv")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "a.csv"),
            "there is no room on the disk for a.csv: make",
        ),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "there is no room on the disk for what it prints"),
        (ZeroDivisionError("odd"), "ZeroDivisionError: odd (no log: No such file or directory; set TMPDIR"),
    ],
)
def test_where_no_file_can_be_written_it_is_still_one_line(
    error: Exception,
    says: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def failing() -> None:
        raise error

    monkeypatch.setattr(cli, "build_parser", failing)
    monkeypatch.setattr("tempfile.tempdir", str(folder / "missing"))
    assert cli.main(["train"]) == cli.EXIT_FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


def in_c_locale(typed: str) -> str:
    """An argument as Python has it where the locale knows ASCII only."""
    return typed.encode().decode("ascii", "surrogateescape")


def test_names_are_shown_as_they_were_typed_in_whatever_locale(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = in_c_locale("名")
    assert "no column '名'" in refused(capsys, "train", "table.csv", "--target", name)
    assert "no file 名.csv" in refused(capsys, "train", f"{name}.csv", "--target", "y")
    assert "there is no '名'" in refused(capsys, name)
    assert "'名' is one argument too many" in refused(capsys, "graph", name)
    assert "no option --名" in refused(capsys, "graph", f"--{name}")
    assert r"no column '\xff'" in refused(capsys, "train", "table.csv", "--target", "\udcff")


def test_a_target_is_found_in_whatever_locale(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "names.csv").write_text("x,名\n1,a\n2\n", encoding="utf-8")
    assert "row 2" in refused(capsys, "train", "names.csv", "--target", in_c_locale("名"))
