"""Pictures of state machines: read a definition, lay it out, draw it, coloured by what a run did.

    machine = read_machine(definition)            # states and transitions
    drawing = lay_out(machine)                    # boxes and lines; the same for every run of it
    draw_svg(drawing, run)                        # or draw_html, draw_mermaid(machine, run)
    run = read_run(description, events, map_runs)   # what an execution did, state by state

Nothing here knows AWS or the web: definitions, descriptions and events are the plain answers of Step
Functions, or of our own executor.
"""

from __future__ import annotations

from snakebatch.graph.layout import lay_out
from snakebatch.graph.machine import read_machine
from snakebatch.graph.mermaid import draw_mermaid
from snakebatch.graph.run import Run, read_run
from snakebatch.graph.svg import draw_html, draw_svg

__all__ = ["Run", "draw_html", "draw_mermaid", "draw_svg", "lay_out", "read_machine", "read_run"]
