"""What a picture says of a run: outcome, durations, counts and error, in every kind, and as a record."""

from __future__ import annotations

import importlib.util
import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from matplotlib.image import imread

from snakebatch import cli, cli_graph
from snakebatch.cli_pictures import draw, picture
from snakebatch.clock import SimulatedClock
from snakebatch.errors import InputError, MissingExtraError, UnknownJobError
from snakebatch.graph import draw_mermaid, draw_svg, lay_out, read_machine
from snakebatch.graph.caption import caption_of
from snakebatch.graph.png import SCALE, draw_png
from snakebatch.graph.record import read_record
from snakebatch.operations import aws
from tests.support import executions
from tests.support.executions import FakeExecutions
from tests.support.fake_mesh import URL, FakeMesh
from tests.support.machines import OWN
from tests.support.runs import ARN, NOW, failed, half_way, record

MACHINE = read_machine(OWN["train"])


def test_a_record_is_the_run_again() -> None:
    for run in (half_way(), failed()):
        machine, again = read_record(record(run))
        assert again == run
        assert machine == MACHINE
        assert read_record(record(run) | {"new": 1})[1] == run


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"states": [{"name": "Stage"}]},
        {"states": 3},
        {"taken": [["Stage"]]},
        {"taken": [["Stage", "Admit", "odd"]]},
        {"definition": {"States": {}}},
    ],
)
def test_what_is_no_record_is_refused_by_name(broken: dict[str, Any]) -> None:
    given = record(failed()) | broken if broken else {}
    with pytest.raises(InputError, match=r"no record of a run|definition"):
        read_record(given)


def test_a_caption_says_which_run_how_it_ended_and_why() -> None:
    assert caption_of(failed(), 500) == ["run one: failed after 9.00 s", "Boom: a leaf fell"]
    assert caption_of(half_way(), 500, NOW + 61) == ["run one: running after 1 min 1 s"]
    assert all(len(line) <= 40 for line in caption_of(failed(), 300))
    svg = draw_svg(lay_out(MACHINE), failed(), caption=caption_of(failed(), 500))
    plain = draw_svg(lay_out(MACHINE), failed())
    tall = [float(ElementTree.fromstring(text).attrib["height"]) for text in (svg, plain)]
    assert tall[0] - tall[1] == 45
    assert ">run one: failed after 9.00 s</text>" in svg
    assert 'viewBox="0 -45 ' in svg


def test_mermaid_has_durations_counts_and_colours() -> None:
    text = draw_mermaid(MACHINE, failed())
    assert '["Stage<br/>2.00 s"]' in text
    leaf = re.search(r'subgraph (s\d+) \["Leaf<br/>caught · 7.00 s · 4 of 4, 1 failed · 2 tries"\]', text)
    assert leaf is not None
    assert "classDef caught fill:" in text
    assert f"class {leaf[1]} caught" in text


def test_long_notes_stay_within_their_boxes() -> None:
    svg = draw_svg(lay_out(MACHINE), failed())
    note = next(line for line in svg.split("<text") if "2 tries" in line)
    assert 'lengthAdjust="spacingAndGlyphs"' in note


def test_a_png_has_letters_wherever_it_is_drawn() -> None:
    drawing = lay_out(MACHINE)
    pixels = imread(io.BytesIO(draw_png(drawing, failed())))
    height, width = pixels.shape[:2]
    assert (width, height) == pytest.approx((drawing.width * SCALE, drawing.height * SCALE), abs=1)
    box = next(box for box in drawing.boxes if box.state.name == "Admit")
    top, left = int(SCALE * (box.y + 8)), int(SCALE * (box.x + 20))
    inside = pixels[top : top + 30, left : int(SCALE * (box.right - 20)), :3]
    assert (inside < 0.4).any(), "the name is written in the box"
    stage = next(box for box in drawing.boxes if box.state.name == "Stage")
    ground = pixels[int(SCALE * (stage.bottom - 4)), int(SCALE * stage.middle), :3]
    assert ground[1] > ground[0], "what succeeded is green"


@pytest.mark.parametrize("missing", ["resvg_py", "matplotlib"])
def test_a_png_names_the_extra_before_anything_is_done(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else real(name))
    with pytest.raises(MissingExtraError, match=rf"{missing}.*pip install 'snakebatch\[plot\]'"):
        picture(str(tmp_path / "run.png"), "--graph")
    assert cli.main(["graph", "-o", str(tmp_path / "a.png")]) == cli.EXIT_FAILED
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "log:" not in line, "nothing of ours went wrong"
    assert cli.main(["graph", "-o", str(tmp_path / "a.svg")]) == 0


@pytest.mark.parametrize("kind", ["svg", "html", "mermaid", "png"])
def test_every_kind_is_drawn_of_every_run(kind: str) -> None:
    drawn = [draw(kind, MACHINE, run, "The run", NOW + 9) for run in (None, half_way(), failed())]
    assert len({*drawn}) == 3
    if kind != "png":
        assert b"Boom: a leaf fell" in drawn[2]


def asked(*argv: str) -> int:
    arguments = cli.build_parser().parse_args(["graph", *argv])
    mesh = FakeMesh()
    mesh.traces["one"] = record(failed())
    return cli_graph.run(arguments, transport=mesh.transport, clock=mesh.clock)


def test_a_run_of_a_mesh_is_drawn_by_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SNAKEBATCH_KEY", FakeMesh().how["key"])
    out = tmp_path / "new/run.svg"
    assert asked("--run", "one", "--url", URL, "-o", str(out)) == 0
    assert "run one: failed after 9.00 s" in out.read_text()
    assert asked("--run", ARN, "--url", URL) == 0
    assert "Boom: a leaf fell" in capsys.readouterr().out
    with pytest.raises(
        UnknownJobError, match=rf"'two'.*not the name of --job: {URL}/runs has those that there are"
    ):
        asked("--run", "two", "--url", URL)


def test_any_execution_is_drawn_by_its_arn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sfn, regions = FakeExecutions(SimulatedClock()), []
    monkeypatch.setattr(aws, "clients", lambda region: regions.append(region) or (lambda service: sfn))
    sfn.start_execution(executions.MACHINE, "one", "{}")
    sfn.fail("one", "MeshError", "a packet is lost")
    arn = sfn.of("one")["executionArn"]
    assert cli.main(["graph", "--run", arn]) == 0
    assert "MeshError: a packet is lost" in capsys.readouterr().out
    assert cli.main(["graph", "--run", f"{arn}x", "--region", "eu-north-1"]) == cli.EXIT_BAD_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert "there is no execution" in line
    assert "copy its ARN from the console" in line
    assert regions == ["eu-west-3", "eu-north-1"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--run", "one"], "say where the run is: --url or --stack, or give its ARN"),
        (["--url", URL], "name it with --run"),
        (["--run", "one", "--url", "gatherer"], "give the address of a gatherer"),
    ],
)
def test_a_run_without_a_place_and_a_place_without_a_run(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["graph", *options]) == cli.EXIT_BAD_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
