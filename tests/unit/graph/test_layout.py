"""Drawings: boxes apart, every transition drawn once from box to box, no line across another box."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snakebatch.errors import InputError
from snakebatch.graph import draw_html, draw_svg, lay_out, read_machine
from snakebatch.graph.shapes import TIP, Box, Drawing, Line, Point
from tests.support.machines import BRANCHES, CROSSED, LOOP, MACHINES, OWN, TWINS

NEAR = 1e-6


def drawn(definition: dict[str, Any]) -> Drawing:
    return lay_out(read_machine(definition))


def one_state(state: Any) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": state}}


def within(depth: int) -> str:
    """A definition of Maps within each other."""
    definition = '{"StartAt": "A0", "States": {"A0": {"Type": "Pass"}}}'
    for level in range(1, depth + 1):
        state = f'{{"Type": "Map", "ItemProcessor": {definition}}}'
        definition = f'{{"StartAt": "A{level}", "States": {{"A{level}": {state}}}}}'
    return definition


def boxes_of(drawing: Drawing) -> dict[str, Box]:
    return {box.state.name: box for box in drawing.boxes}


def overlap(a: Box, b: Box) -> bool:
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def holds(a: Box, b: Box) -> bool:
    return a.x <= b.x and a.right >= b.right and a.y <= b.y and a.bottom >= b.bottom


def on_outline(box: Box, point: Point) -> bool:
    x, y = point
    if not box.y - NEAR <= y <= box.bottom + NEAR:
        return False
    part = (y - box.y) / box.height
    inset = TIP * abs(2 * part - 1) if box.pointed else 0.0
    at_side = min(abs(x - box.x - inset), abs(x - box.right + inset)) < NEAR
    at_end = min(abs(y - box.y), abs(y - box.bottom)) < NEAR and box.x <= x <= box.right
    return at_side or at_end


def spots(line: Line) -> list[Point]:
    """Points all along a line, as the SVG draws it."""
    found = []
    for (ax, ay), (bx, by) in pairwise(line.points):
        for step in range(41):
            part = step / 40
            if line.curved and ax != bx:
                # The Bezier curve that the SVG has: upright at both ends, control points half way down.
                s, half = 1 - part, (ay + by) / 2
                x = ax * (s**3 + 3 * s * s * part) + bx * (part**3 + 3 * s * part * part)
                y = s**3 * ay + 3 * s * s * part * half + 3 * s * part * part * half + part**3 * by
                found.append((x, y))
            else:
                found.append((ax + (bx - ax) * part, ay + (by - ay) * part))
    return found


def check(definition: dict[str, Any]) -> Drawing:
    drawing = drawn(definition)
    boxes = boxes_of(drawing)
    machine = read_machine(definition)
    inside = {
        inner.name: state.name
        for state in machine.everywhere()
        for one in state.inner
        for inner in one.everywhere()
    }
    for a, b in combinations(drawing.boxes, 2):
        nested = holds(a, b) or holds(b, a)
        assert nested or not overlap(a, b), (a.state.name, b.state.name)
    assert Counter(line.way for line in drawing.lines) == Counter(machine.all_transitions())
    for line in drawing.lines:
        source, target = boxes[line.way.source], boxes[line.way.target]
        assert on_outline(source, line.points[0]), line
        assert on_outline(target, line.points[-1]), line
        assert len(line.points) > 1
        others = [
            box
            for name, box in boxes.items()
            if name not in (line.way.source, line.way.target)
            and not holds(box, source)
            and inside.get(name) not in (line.way.source, line.way.target)
        ]
        for x, y in spots(line):
            assert 0 <= x <= drawing.width
            assert 0 <= y <= drawing.height
            for box in others:
                across = box.x + NEAR < x < box.right - NEAR and box.y + NEAR < y < box.bottom - NEAR
                assert not across, (line.way, box.state.name)
    return drawing


@pytest.mark.parametrize("name", MACHINES)
def test_boxes_and_lines_of_every_machine(name: str) -> None:
    drawing = check(MACHINES[name])
    assert {box.state.name for box in drawing.boxes} == {
        state.name for state in read_machine(MACHINES[name]).everywhere()
    }


NAMES = "ABCDEFGHIJ"


@st.composite
def any_machine(draw: st.DrawFn) -> dict[str, Any]:
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    target = st.sampled_from(names)
    states: dict[str, Any] = {}
    for name in names:
        kind = draw(st.sampled_from(["Task", "Choice", "Succeed", "Map"]))
        state: dict[str, Any] = {"Type": kind}
        if kind == "Choice":
            choices = draw(st.lists(target, min_size=1, max_size=3))
            state["Choices"] = [{"Condition": f"{{% {n} %}}", "Next": to} for n, to in enumerate(choices)]
            state["Default"] = draw(target)
        elif kind != "Succeed":
            state |= {"Next": draw(target)} if draw(st.booleans()) else {"End": True}
            state["Catch"] = [
                {"ErrorEquals": ["States.ALL"], "Next": to} for to in draw(st.lists(target, max_size=1))
            ]
        if kind == "Map":
            inner = {f"{name}1": {"Type": "Task", "Next": f"{name}2"}, f"{name}2": {"Type": "Succeed"}}
            state["ItemProcessor"] = {"StartAt": f"{name}1", "States": inner}
        states[name] = state
    return {"StartAt": draw(target), "States": states}


@settings(max_examples=150, deadline=None)
@given(any_machine())
def test_boxes_and_lines_of_any_machine(definition: dict[str, Any]) -> None:
    check(definition)


@pytest.mark.parametrize("name", MACHINES)
def test_the_same_definition_is_the_same_drawing(name: str) -> None:
    assert drawn(MACHINES[name]) == drawn(json.loads(json.dumps(MACHINES[name])))


def test_a_run_goes_down_and_only_loops_go_up() -> None:
    boxes = boxes_of(drawn(LOOP))
    assert boxes["Ask"].bottom < boxes["Done?"].y < boxes["Wait"].y
    up = [line.way for line in drawn(LOOP).lines if line.points[-1][1] < line.points[0][1]]
    assert [(way.source, way.target) for way in up] == [("Wait", "Ask")]


def test_the_training_s_main_way_is_straight() -> None:
    boxes = boxes_of(drawn(OWN["train"]))
    way = [
        "Stage",
        "Feasible?",
        "Admit",
        "OpenBracket",
        "BracketReady?",
        "Divide",
        "NextWave",
        "Leaf",
        "Settle",
    ]
    middles = [boxes[name].middle for name in way]
    assert max(middles) - min(middles) < 4


def test_three_ways_between_the_same_states_are_three_lines() -> None:
    assert len({line.points for line in drawn(TWINS).lines}) == 3


def test_branches_stand_side_by_side() -> None:
    boxes = boxes_of(drawn(BRANCHES))
    assert boxes["Left"].right < boxes["R1"].x
    assert boxes["R1"].bottom < boxes["R2"].y
    assert holds(boxes["Both"], boxes["Left"])
    assert holds(boxes["Both"], boxes["R2"])


def test_lines_that_need_not_cross_do_not() -> None:
    boxes = boxes_of(drawn(CROSSED))
    assert (boxes["A"].x < boxes["B"].x) or (boxes["A"].x < boxes["C"].x)


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("nonsense", "which is JSON"),
        ("{}", "has no States"),
        ({"StartAt": "A", "States": {}}, "leads to 'A'"),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}, "leads to 'B'"),
        ("[]", "the machine has no States"),
        ("3", "the machine has no States"),
        ('{"States": {"A": {}}}', "StartAt of the machine should be a text"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 5_000, "thousands of digits"),
        (within(101), "its states are nested more than 100 deep"),
        (one_state(3), "the state 'A' should be an object"),
        (one_state({"Type": 3}), "Type of the state 'A' should be a text"),
        (one_state({"Next": ["A"]}), "Next of the state 'A' should be a text"),
        (one_state({"Default": {}}), "Default of the state 'A' should be a text"),
        (one_state({"Choices": 3}), "Choices of the state 'A' should be a list"),
        (one_state({"Choices": ["A"]}), "Choices of the state 'A' should be a list of objects"),
        (one_state({"Choices": [{"Variable": "$.x"}]}), "Next of a choice of 'A' should be a text"),
        (
            one_state({"Catch": [{"Next": "A", "ErrorEquals": "x"}]}),
            "ErrorEquals of a Catch of 'A' should be a",
        ),
        (
            one_state({"Catch": [{"Next": "A", "ErrorEquals": [1]}]}),
            "ErrorEquals of a Catch of 'A' should be a",
        ),
        (one_state({"Branches": 3}), "Branches of the state 'A' should be a list"),
        (one_state({"Branches": [3]}), "a branch of 'A' has no States"),
        (one_state({"Iterator": 3}), "Iterator of the state 'A' should be an object"),
        (one_state({"ItemProcessor": {"ProcessorConfig": 3}}), "ProcessorConfig of ItemProcessor of 'A'"),
        (one_state({"ItemProcessor": {"x": 3}}), "ItemProcessor of 'A' has no States"),
        (one_state({"Comment": "\x00"}), "Comment of the state 'A' holds what is no character"),
        ({"StartAt": "\udc00", "States": {"\udc00": {}}}, "the name '.*' holds what is no character"),
    ],
)
def test_what_is_no_definition_is_refused_in_words_of_its_own(definition: Any, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        read_machine(definition)
    assert not re.search(
        r"Error|object is|'(int|str|list|dict)'", str(refused.value).replace("ErrorEquals", "")
    )


def test_states_a_hundred_deep_are_drawn() -> None:
    drawing = lay_out(read_machine(within(100)))
    assert len(drawing.boxes) == 101
    for draw in (draw_svg, draw_html):
        assert draw(drawing).count("<rect") >= 101


def test_a_chain_of_a_thousand_states_is_drawn() -> None:
    states: dict[str, Any] = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(1000)}
    states["S1000"] = {"Type": "Succeed"}
    assert len(drawn({"StartAt": "S0", "States": states}).lines) == 1000
