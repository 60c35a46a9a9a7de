"""A machine as Mermaid text, which many readers of Markdown draw. https://mermaid.js.org/syntax/flowchart.html"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snakebatch.graph.machine import Machine, State
from snakebatch.graph.overlay import note_of, shown_states
from snakebatch.graph.run import OUTCOMES, Run

_SHAPES = {
    "Choice": ('{{"', '"}}'),
    "Succeed": ('(["', '"])'),
    "Fail": ('(["', '"])'),
    "Wait": ('[/"', '"/]'),
}
_COLOURS = {
    "running": "fill:#e3eefb,stroke:#1c5fb8,color:#1b2124",
    "succeeded": "fill:#e2f4e9,stroke:#14713f,color:#1b2124",
    "caught": "fill:#fdf0da,stroke:#8a5300,color:#1b2124",
    "failed": "fill:#fce8e6,stroke:#b3261e,color:#1b2124",
    "aborted": "fill:#fdf0da,stroke:#8a5300,color:#1b2124",
}


def draw_mermaid(
    machine: Machine, run: Run | None = None, *, now: float | None = None, caption: Sequence[str] = ()
) -> str:
    """A flowchart of the machine; states are coloured by what a run did with them, and say how long it took.

    ``now`` (epoch seconds) is where open durations end; lines of a ``caption`` are comments at its head.
    """
    ids = {state.name: f"s{number}" for number, state in enumerate(machine.everywhere())}
    states = shown_states(machine, run)
    names = {
        state.name: _label(state, None if run is None else note_of(state, states[state.name], run, now))
        for state in machine.everywhere()
    }
    head = [f"    %% {line}" for line in caption]
    start = f'    start(("start")) --> {ids[machine.start]}'
    lines = ["flowchart TD", *head, start, *_graph(machine, ids, names, "    ")]
    if run is not None:
        for outcome in OUTCOMES[1:]:
            named = [ids[name] for name in ids if states[name].outcome == outcome]
            if named:
                lines += [
                    f"    classDef {outcome} {_COLOURS[outcome]}",
                    f"    class {','.join(named)} {outcome}",
                ]
    return "\n".join(lines) + "\n"


def _label(state: State, note: str | None) -> str:
    name = state.name.replace('"', "#quot;")
    return name if note is None or note == state.type.lower() else f"{name}<br/>{note}"


def _graph(machine: Machine, ids: dict[str, str], names: dict[str, str], indent: str) -> Iterator[str]:
    for state in machine.states:
        yield from _state(state, ids, names, indent)
    for way in machine.transitions:
        arrow = "-.->" if way.kind == "catch" else "-->"
        # Conditions are long: what is worth a label is that a way is the rest of all.
        label = "|otherwise|" if way.kind == "default" else ""
        yield f"{indent}{ids[way.source]} {arrow}{label} {ids[way.target]}"


def _state(state: State, ids: dict[str, str], names: dict[str, str], indent: str) -> Iterator[str]:
    name = names[state.name]
    if not state.inner:
        left, right = _SHAPES.get(state.type, ('["', '"]'))
        yield f"{indent}{ids[state.name]}{left}{name}{right}"
        return
    yield f'{indent}subgraph {ids[state.name]} ["{name}"]'
    for machine in state.inner:
        yield from _graph(machine, ids, names, indent + "    ")
    yield f"{indent}end"
