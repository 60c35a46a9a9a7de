"""Pictures as text: well formed, everything in them escaped, readable without looking, in both themes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from snakebatch import cli
from snakebatch.graph import draw_html, draw_mermaid, draw_svg, lay_out, read_machine
from snakebatch.graph.style import RULES
from tests.support.handlers import ROOT
from tests.support.machines import LONG_NAMES, MACHINES, OWN
from tests.support.runs import NOW, half_way

SVG = "{http://www.w3.org/2000/svg}"


def tree_of(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


@pytest.mark.parametrize("name", MACHINES)
def test_every_picture_is_well_formed_and_says_what_it_shows(name: str) -> None:
    machine = read_machine(MACHINES[name])
    svg = tree_of(draw_svg(lay_out(machine), title="A & B"))
    assert svg.attrib["role"] == "img"
    named = {element.attrib["id"]: element.text for element in svg.iter() if "id" in element.attrib}
    assert named[svg.attrib["aria-labelledby"]] == "A & B"
    assert machine.states[0].name in str(named[svg.attrib["aria-describedby"]])
    shown = {element.attrib["data-state"] for element in svg.iter() if "data-state" in element.attrib}
    assert shown == {state.name for state in machine.everywhere()}
    ways = [element for element in svg.iter() if "data-from" in element.attrib]
    assert len(ways) == len([*machine.all_transitions()])
    assert all(way.find(f"{SVG}path[@class='head']") is not None for way in ways)


def test_what_a_definition_says_is_text_and_never_markup() -> None:
    html = draw_html(lay_out(read_machine(LONG_NAMES)), title="<b>")
    assert "<script" not in html
    assert "<b>" not in html
    assert "&quot;&lt;&amp;&gt;&quot;" in html


def test_a_run_colours_its_states_and_fills_its_bars() -> None:
    drawn = draw_svg(lay_out(read_machine(OWN["train"])), half_way(), now=NOW + 4)
    svg = tree_of(drawn)
    states = {e.attrib["data-state"]: e for e in svg.iter() if "data-state" in e.attrib}
    outcome = {name: element.attrib["class"].split()[2] for name, element in states.items()}
    assert (outcome["Stage"], outcome["Divide"], outcome["Leaf"]) == ("succeeded", "running", "idle")
    assert outcome["DividePacket"] == "running"
    notes = {name: element.findall(f"{SVG}text")[1].text for name, element in states.items()}
    assert notes["Stage"] == "1 min 15 s"
    assert notes["Divide"] == "4.00 s · 3 of 12, 5 running"
    bar, track = (states["Divide"].find(f"{SVG}rect[@class='{kind}']") for kind in ("bar", "track"))
    assert bar is not None
    assert track is not None
    assert float(bar.attrib["width"]) == pytest.approx(float(track.attrib["width"]) / 4, abs=0.1)
    assert 'data-from="Stage" data-to="DryRun?"' in drawn
    assert drawn.count(" taken") == 2


def test_nothing_moves_while_a_run_goes_on() -> None:
    drawing = lay_out(read_machine(OWN["train"]))
    places = [
        re.findall(r'<(?:rect|polygon) class="(?:outline|track)"[^>]*>', draw_svg(drawing, run))
        for run in (None, half_way())
    ]
    assert places[0] == places[1]


def test_in_a_page_it_has_neither_a_style_nor_a_script_of_its_own() -> None:
    svg = draw_svg(lay_out(read_machine(OWN["train"])), half_way(), standalone=False)
    assert "style" not in svg
    assert "script" not in svg


def test_pages_draw_by_the_same_rules() -> None:
    assert (ROOT / "gatherer/pages/static/machine.css").read_text().endswith(RULES.lstrip())


def test_mermaid_names_every_state_and_every_way() -> None:
    machine = read_machine(OWN["train"])
    text = draw_mermaid(machine, half_way())
    arrows = re.findall(r"^\s+s\d+ (?:-->|-\.->)(?:\|otherwise\|)? s\d+$", text, re.MULTILINE)
    assert len(arrows) == len([*machine.all_transitions()])
    for state in machine.everywhere():
        assert re.search(rf'"{re.escape(state.name)}(<br/>[^"]+)?"', text)
    assert "class s0 succeeded" in text


@pytest.mark.parametrize("suffix", [".svg", ".html", ".mermaid"])
@pytest.mark.parametrize("workflow", OWN)
def test_the_command_writes_a_picture(workflow: str, suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"picture{suffix}"
    assert cli.main(["graph", "--workflow", workflow, "-o", str(out)]) == 0
    text = out.read_text()
    for name in OWN[workflow]["States"]:
        assert name in text


def test_the_command_draws_any_definition_to_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps(MACHINES["loop"]))
    assert cli.main(["graph", "--definition", str(path)]) == 0
    assert capsys.readouterr().out.startswith("flowchart TD\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "picture.bmp"], "let it end in .svg"),
        (["--definition", "missing.json"], "can't be read"),
        (["-o", "/dev/null/x.svg"], "can't be written"),
        (["--definition", "."], "can't be read"),
    ],
)
def test_the_command_says_what_is_wrong(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["graph", *arguments]) == 2
    assert said in capsys.readouterr().err
