"""``snakebatch graph``: a workflow as a picture, drawn from its definition."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from snakebatch.errors import InputError, shown

WORKFLOWS = ("train", "predict", "predict-batch")
_KINDS = {".svg": "svg", ".html": "html", ".htm": "html", ".mermaid": "mermaid", ".mmd": "mermaid"}


def add_graph(commands: Any) -> None:
    """Add the command to the parser."""
    graph = commands.add_parser(
        "graph",
        help="draw a workflow",
        description="Draw a workflow from its definition: SVG, a page of HTML, or Mermaid text, as "
        "the file's name ends. Without -o, Mermaid text goes to stdout.",
        epilog="example: snakebatch graph --workflow train -o train.svg",
    )
    source = graph.add_mutually_exclusive_group()
    source.add_argument(
        "--workflow", choices=WORKFLOWS, default="train", help="one of SnakeBatch's own (default train)"
    )
    source.add_argument(
        "--definition", metavar="FILE", help="any state machine, in Amazon States Language (JSON)"
    )
    graph.add_argument("-o", "--out", metavar="FILE", help="a file that ends in .svg, .html or .mermaid")
    graph.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command; returns the exit code."""
    from snakebatch.graph import draw_html, draw_mermaid, draw_svg, lay_out, read_machine

    kind = _kind(arguments.out)
    name, text = _definition(arguments)
    machine = read_machine(text)
    title = f"The workflow {name}"
    if kind == "mermaid":
        drawn = draw_mermaid(machine)
    elif kind == "svg":
        drawn = draw_svg(lay_out(machine), title=title)
    else:
        drawn = draw_html(lay_out(machine), title=title)
    if arguments.out is None:
        sys.stdout.write(drawn)
        return 0
    try:
        Path(arguments.out).write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{arguments.out} can't be written: {error.strerror}") from error
    return 0


def _kind(out: str | None) -> str:
    if out is None:
        return "mermaid"
    kind = _KINDS.get(Path(out).suffix.lower())
    if kind is None:
        raise InputError(f"{shown(out)} tells no kind of picture: let it end in .svg, .html or .mermaid")
    return kind


def _definition(arguments: argparse.Namespace) -> tuple[str, str]:
    if arguments.definition is None:
        from snakebatch.local.bundle import bundle_root

        path = bundle_root() / f"statemachine/{arguments.workflow}.asl.json"
        return arguments.workflow, path.read_text(encoding="utf-8")
    path = Path(arguments.definition)
    try:
        return path.name, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{arguments.definition} can't be read as text: {error}") from error
