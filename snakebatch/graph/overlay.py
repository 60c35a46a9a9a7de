"""What a drawing says of a run beside the names: outcomes of inner states, progress, durations."""

from __future__ import annotations

from dataclasses import replace

from snakebatch.graph.machine import Machine, State
from snakebatch.graph.run import MapRun, Outcome, Run, StateRun

_SHORTEST = 0.005


def shown_states(machine: Machine, run: Run | None) -> dict[str, StateRun]:
    """Every state with its outcome.

    What is inside a distributed Map ran in executions of its own: it is shown by how they stand.
    """
    found: dict[str, StateRun] = {}
    for state in machine.everywhere():
        found.setdefault(state.name, run.state(state.name) if run else StateRun(state.name, "idle"))
    for state in machine.everywhere():
        if state.distributed and found[state.name].maps:
            outcome = _children(found[state.name].maps[-1], found[state.name].outcome)
            for processor in state.inner:
                for inner in processor.everywhere():
                    found[inner.name] = replace(found[inner.name], outcome=outcome)
    return found


def _children(map_run: MapRun, own: Outcome) -> Outcome:
    if map_run.failed:
        return "failed"
    if map_run.running:
        return "running"
    if own == "aborted":
        return own
    return "succeeded" if map_run.succeeded else "idle"


def progress_of(state: StateRun) -> float:
    """The part of the last map run's items that is done."""
    if not state.maps:
        return 0.0
    last = state.maps[-1]
    # Before the items are read, none are known; a Map over none at all is done when it ends.
    return last.done / last.total if last.total else float(last.ended is not None)


def note_of(state: State, ran: StateRun, run: Run | None, now: float | None) -> str:
    """The small line under a name: its type, or what became of it, how long it took, and how often."""
    if run is None or ran.outcome == "idle":
        return state.type.lower()
    if not ran.visits:
        return ran.outcome
    seconds = ran.seconds_at(now if now is not None else run.ended or run.started)
    # What only decides takes no time worth a number.
    parts = [lasted(seconds) if seconds >= _SHORTEST else state.type.lower()]
    if ran.maps:
        parts.append(_counts(ran.maps[-1]))
    if ran.visits > 1:
        parts.append(f"{ran.visits}×")
    if ran.retries:
        # Of all visits together, and the first of each is an attempt too.
        parts.append(f"{ran.visits + ran.retries} tries")
    if ran.outcome in ("caught", "failed", "aborted"):
        parts.insert(0, ran.outcome)
    return " · ".join(parts)


def _counts(items: MapRun) -> str:
    """A map run's items: how many are done, how many of these failed, how many are at it."""
    failed = f", {items.failed:,} failed" if items.failed else ""
    running = f", {items.running:,} running" if items.running else ""
    return f"{items.done:,} of {items.total:,}{failed}{running}"


def lasted(seconds: float) -> str:
    """A duration as people read it."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes = f"{whole // 60 % 60} min"
    return f"{whole // 3600} h {minutes}" if whole >= 3600 else f"{minutes} {whole % 60} s"
