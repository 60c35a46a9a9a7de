"""docs/pictures: the workflows as they are drawn now, and what else was seen when something ran."""

from __future__ import annotations

import re
import struct
import sys
from html import unescape
from pathlib import Path

import pytest

from snakebatch import Snake, cli
from snakebatch.engine.model import Model
from snakebatch.files import find_table
from snakebatch.graph import draw_svg, lay_out, read_machine
from tests.support.machines import OWN
from tools.pictures import COLUMNS, PICTURES, SESSION, WORKFLOWS
from tools.recording import Screen, Shown, record
from tools.terminal_svg import draw_terminal

OUTLINES = re.compile(r'<(?:rect|polygon) class="outline"[^>]*>')


def texts_of(svg: str) -> list[str]:
    return [unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


def outcomes_of(svg: str) -> dict[str, str]:
    found = re.findall(r'<g class="state \w+ (\w+)(?: holds)?" data-state="([^"]*)"', svg)
    return {name: outcome for outcome, name in found}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_is_drawn_as_the_command_draws_it_now(name: str, tmp_path: Path) -> None:
    out = tmp_path / "now.svg"
    assert cli.main(["graph", "--workflow", name, "-o", str(out)]) == 0
    assert (PICTURES / f"{name}.svg").read_bytes() == out.read_bytes(), "run: make pictures ARGS=workflows"


def test_the_run_is_one_of_the_workflow_that_there_is() -> None:
    seen = (PICTURES / "run.svg").read_text()
    now = draw_svg(lay_out(read_machine(OWN["train"])))
    assert OUTLINES.findall(seen) == OUTLINES.findall(now), "run: make pictures ARGS=run"
    outcomes = outcomes_of(seen)
    assert outcomes.keys() == outcomes_of(now).keys()
    assert {outcomes[name] for name in ("Stage", "Divide", "Leaf", "LeafPacket", "Trained")} == {"succeeded"}
    assert re.search(r"\d s · \d+ of \d+", seen), "durations and counts"
    assert re.search(r">run \S+: succeeded after \d", seen)


def test_the_terminal_shows_what_the_commands_print_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = texts_of((PICTURES / "terminal.svg").read_text())
    prompts = [line.removeprefix("$ ") for line in shown if line.startswith("$ ")]
    assert prompts == list(SESSION), "run: make pictures ARGS=terminal"
    trained = cli.build_parser().parse_args(SESSION[0].split()[1:])
    table = find_table(trained.data)
    options = {"n_layers": trained.layers, "bucket": trained.bucket, "tau": trained.tau}
    Snake(str(table), trained.target, noise=0, **options).to_json("model.json")
    for command in (SESSION[1], SESSION[3].partition(" | ")[0]):
        assert cli.main(command.split()[1:]) == 0
    printed = capsys.readouterr()
    lines = [*printed.err.splitlines(), *Path("predictions.csv").read_text().splitlines()[:3]]
    lines += [line for line in printed.out.splitlines()[:15] if line]
    assert all(line in shown for line in lines), "run: make pictures ARGS=terminal"
    assert f"buckets    {sum(map(len, Model.read('model.json').layers))}" in shown


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    assert sizes["terminal.svg"] < 200_000
    assert sizes["live.png"] < 250_000
    width, height = struct.unpack(">II", (PICTURES / "live.png").read_bytes()[16:24])
    assert width >= 900
    assert height >= 600


def test_a_screen_keeps_every_version_of_a_line() -> None:
    screen = Screen(10)
    screen.prompt("train", 0.0)
    screen.write("\r\x1b[K1 of 2", 1.0)
    screen.write("\r\x1b[K2 of 2", 3.0)
    screen.write("\r\nlonger than ten\r\n", 3.0)
    assert screen.close() == [
        Shown(0, "train", 0.0, None, prompt=True),
        Shown(1, "1 of 2", 1.0, 3.0),
        Shown(1, "2 of 2", 3.0, None),
        Shown(2, "longer tha", 3.0, None),
        Shown(3, "n ten", 3.0, None),
    ]
    with pytest.raises(ValueError, match="does not know"):
        Screen(10).write("\x1b[31mred", 0.0)


def test_a_session_is_what_a_terminal_got(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    shown = record(["test -t 1 && printf '<ok>\\n'", "printf é | cat"], tmp_path, path, COLUMNS)
    assert [(one.row, one.text, one.prompt) for one in shown] == [
        (0, "test -t 1 && printf '<ok>\\n'", True),
        (1, "<ok>", False),
        (2, "printf é | cat", True),
        (3, "é", False),
    ]
    assert [one.since for one in shown] == sorted(one.since for one in shown)
    svg = draw_terminal(shown, COLUMNS, "A & B")
    assert texts_of(svg) == ["$ test -t 1 && printf '<ok>\\n'", "<ok>", "$ printf é | cat", "é"]
    assert "A &amp; B" in svg
    with pytest.raises(RuntimeError, match="ended with 3"):
        record(["exit 3"], tmp_path, path, COLUMNS)
