"""A drawing as SVG: within a page, whose style sheet has its colours, or as a file that brings its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from snakebatch.graph.overlay import note_of, progress_of, shown_states
from snakebatch.graph.run import Run, StateRun
from snakebatch.graph.shapes import TIP, Box, Drawing, Line, Point
from snakebatch.graph.style import sheet

_HEAD, _TURN = 7.0, 7.0
_LINE, _LEFT = 18.0, 10.0
_NOTE_LETTER, _NOTE_MARGIN = 6.1, 6.0
"""Most width of a letter of a note, and what it leaves free of its box."""


def draw_svg(
    drawing: Drawing,
    run: Run | None = None,
    *,
    title: str = "State machine",
    now: float | None = None,
    standalone: bool = True,
    dark: bool = True,
    caption: Sequence[str] = (),
    prefix: str = "machine",
) -> str:
    """The picture. ``now`` (epoch seconds) is where open durations end; ``prefix`` begins the ids it uses.

    Not ``standalone``, it has no style of its own: the page has ``style.RULES``, and the colours that they
    name. A file of its own is dark where its reader is, unless not ``dark``. Lines of a ``caption`` stand
    above the drawing.
    """
    states = shown_states(drawing.machine, run)
    above = _LINE * len(caption) + _LINE / 2 if caption else 0.0
    top, width, height = _number(-above), _number(drawing.width), _number(drawing.height + above)
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="machine" viewBox="0 {top} {width} {height}" ',
            f'width="{width}" height="{height}" role="img" ',
            f'aria-labelledby="{prefix}-title" aria-describedby="{prefix}-desc">',
            f'<title id="{prefix}-title">{escape(title)}</title>',
            f'<desc id="{prefix}-desc">{escape(_told(drawing, run))}</desc>',
            f"<style>{sheet(dark=dark)}</style>{_paper(above)}" if standalone else "",
            *_caption(caption, above),
            *_frames(drawing, states, run, now),
            *_start(drawing, run),
            *(_line(line, run) for line in drawing.lines),
            *_leaves(drawing, states, run, now),
            "</svg>\n",
        ]
    )


def draw_html(
    drawing: Drawing,
    run: Run | None = None,
    *,
    title: str = "State machine",
    now: float | None = None,
    caption: Sequence[str] = (),
) -> str:
    """The picture as a page of its own."""
    svg = draw_svg(drawing, run, title=title, now=now, caption=caption)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n"
        "<style>:root { color-scheme: light dark } body { margin: 0; padding: 1rem; "
        "background: light-dark(#ffffff, #171b1e) } "
        "svg { display: block; margin: auto; max-width: 100%; height: auto }"
        f"</style>\n</head>\n<body>\n{svg}</body>\n</html>\n"
    )


def _paper(above: float) -> str:
    """The ground of a file that stands by itself: nobody knows what it will be laid on."""
    return f'<rect class="paper" y="{_number(-above)}" width="100%" height="100%"/>'


def _caption(lines: Sequence[str], above: float) -> Iterator[str]:
    for number, line in enumerate(lines):
        y = _number(_LINE * (number + 1) - above)
        first = "" if number else " first"
        yield f'<text class="caption{first}" x="{_number(_LEFT)}" y="{y}">{escape(line)}</text>'


def _told(drawing: Drawing, run: Run | None) -> str:
    """The picture in words."""
    names = [box.state.name for box in drawing.boxes if box.depth == 0]
    if run is None:
        return f"{len(names)} states: {', '.join(names)}."
    reached = [f"{name} {run.state(name).outcome}" for name in names if run.state(name).outcome != "idle"]
    error = "" if run.error is None else f" {run.error}: {run.cause or 'no cause was given'}."
    return f"{run.status}.{error} " + (", ".join(reached) or "No state was reached") + "."


def _frames(
    drawing: Drawing, states: dict[str, StateRun], run: Run | None, now: float | None
) -> Iterable[str]:
    """Boxes that hold others, under all lines."""
    return (_box(box, states[box.state.name], run, now) for box in drawing.boxes if box.state.inner)


def _leaves(
    drawing: Drawing, states: dict[str, StateRun], run: Run | None, now: float | None
) -> Iterable[str]:
    return (_box(box, states[box.state.name], run, now) for box in drawing.boxes if not box.state.inner)


def _box(box: Box, state: StateRun, run: Run | None, now: float | None) -> str:
    name = escape(box.state.name, quote=True)
    holds = " holds" if box.state.inner else ""
    middle, top = _number(box.middle), box.y
    comment = (
        f"<title>{escape(f'{box.state.name}: {box.state.comment}')}</title>" if box.state.comment else ""
    )
    return (
        f'<g class="state {box.state.type.lower()} {state.outcome}{holds}" data-state="{name}">{comment}'
        f'{_outline(box)}<text class="name" x="{middle}" y="{_number(top + 20)}">{escape(box.shown)}</text>'
        f"{_note(box, note_of(box.state, state, run, now))}{_bar(box, state)}</g>"
    )


def _note(box: Box, note: str) -> str:
    room = box.width - 2 * _NOTE_MARGIN
    long = len(note) * _NOTE_LETTER > room
    fits = f' textLength="{_number(room)}" lengthAdjust="spacingAndGlyphs"' if long else ""
    at = f'x="{_number(box.middle)}" y="{_number(box.y + 35)}"'
    return f'<text class="note" {at}{fits}>{escape(note)}</text>'


def _outline(box: Box) -> str:
    if box.pointed:
        middle = box.y + box.height / 2
        corners = [
            (box.x, middle),
            (box.x + TIP, box.y),
            (box.right - TIP, box.y),
            (box.right, middle),
            (box.right - TIP, box.bottom),
            (box.x + TIP, box.bottom),
        ]
        points = " ".join(f"{_number(x)},{_number(y)}" for x, y in corners)
        return f'<polygon class="outline" points="{points}"/>'
    round_ = _number(box.height / 2) if box.state.type in ("Succeed", "Fail") else "8"
    return (
        f'<rect class="outline" x="{_number(box.x)}" y="{_number(box.y)}" width="{_number(box.width)}" '
        f'height="{_number(box.height)}" rx="{round_}"/>'
    )


def _bar(box: Box, state: StateRun) -> str:
    """How far a Map is; its place is there before it starts, so that nothing moves."""
    if box.state.type != "Map":
        return ""
    x, y, whole = box.x + 14, box.y + 43, box.width - 28
    done = whole * progress_of(state)
    at = f'x="{_number(x)}" y="{_number(y)}" height="5" rx="2.5"'
    return (
        f'<rect class="track" {at} width="{_number(whole)}"/><rect class="bar" {at} width="{_number(done)}"/>'
    )


def _start(drawing: Drawing, run: Run | None) -> Iterator[str]:
    if drawing.start is not None:
        (x, y), end = drawing.start
        taken = " taken" if run is not None and run.states else ""
        yield f'<circle class="dot" cx="{_number(x)}" cy="{_number(y)}" r="5"/>'
        yield (
            f'<g class="way start{taken}"><path class="line" d="M{_point((x, y + 5))}'
            f'L{_point((end[0], end[1] - _HEAD))}"/>{_head(end, (x, y))}</g>'
        )


def _line(line: Line, run: Run | None) -> str:
    way = line.way
    # A state that was left by a catch did not leave by its Next, though both may lead to the same state.
    by = None if run is None else run.taken.get((way.source, way.target))
    taken = by is not None and (by == "caught") == (way.kind == "catch")
    label = f"{way.source} to {way.target}" + (f": {way.label}" if way.label else "")
    return (
        f'<g class="way {way.kind}{" taken" if taken else ""}" data-from="{escape(way.source, quote=True)}" '
        f'data-to="{escape(way.target, quote=True)}"><title>{escape(label)}</title>'
        f'<path class="line" d="{_path(line)}"/>{_head(line.points[-1], _before_end(line))}</g>'
    )


def _path(line: Line) -> str:
    """The way to where the arrow's head begins."""
    points = [*line.points[:-1], _toward(line.points[-1], _before_end(line), _HEAD)]
    if line.curved:
        return f"M{_point(points[0])}" + "".join(_swing(a, b) for a, b in itertools.pairwise(points))
    turns = "".join(_corner(*three) for three in zip(points, points[1:], points[2:], strict=False))
    return f"M{_point(points[0])}{turns}L{_point(points[-1])}"


def _swing(a: Point, b: Point) -> str:
    """From one point down to another, upright at both."""
    if a[0] == b[0]:
        return f"L{_point(b)}"
    half = (a[1] + b[1]) / 2
    return f"C{_point((a[0], half))} {_point((b[0], half))} {_point(b)}"


def _corner(a: Point, b: Point, c: Point) -> str:
    """Round the corner at ``b``."""
    before, after = _toward(b, a, _TURN), _toward(b, c, _TURN)
    return f"L{_point(before)}Q{_point(b)} {_point(after)}"


def _toward(a: Point, b: Point, far: float) -> Point:
    """The point at ``far`` from ``a`` on the way to ``b``, or half of the way where that is less."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = abs(dx) + abs(dy)
    part = min(far / length, 0.5) if length else 0.0
    return (a[0] + dx * part, a[1] + dy * part)


def _before_end(line: Line) -> Point:
    """Where the last piece of a line comes from: a curved one ends upright."""
    x, y = line.points[-1]
    return (x, y - 2 * _HEAD) if line.curved else line.points[-2]


def _head(end: Point, before: Point) -> str:
    """An arrow's head with its tip at ``end``."""
    dx, dy = end[0] - before[0], end[1] - before[1]
    length = abs(dx) + abs(dy) or 1.0
    ux, uy = dx / length, dy / length
    back = (end[0] - ux * _HEAD, end[1] - uy * _HEAD)
    left, right = (back[0] - uy * 4, back[1] + ux * 4), (back[0] + uy * 4, back[1] - ux * 4)
    return f'<path class="head" d="M{_point(end)}L{_point(left)}L{_point(right)}Z"/>'


def _point(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    """At most one digit after the point: a tenth of a unit is not to be seen."""
    return f"{value:.1f}".removesuffix(".0")
