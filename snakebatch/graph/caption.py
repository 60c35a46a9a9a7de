"""What stands above the picture of a run: which it is, how it ended, how long it took, and why it failed."""

from __future__ import annotations

import textwrap

from snakebatch.graph.overlay import lasted
from snakebatch.graph.run import Run

_LETTER, _MARGIN = 7.0, 20.0
_MOST_LINES = 4
_SHOWN_NAME = 12
"""Characters of a run's name: ids are 32 hex digits, of which the first tell one from another."""


def caption_of(run: Run, width: float, now: float | None = None) -> list[str]:
    """The lines, as they fit into ``width`` units; ``now`` (epoch seconds) is where an open run ends."""
    name = run.arn.rpartition(":")[2]
    name = name if len(name) <= _SHOWN_NAME else f"{name[:_SHOWN_NAME]}…"
    ended = run.ended if run.ended is not None else now
    took = f" after {lasted(ended - run.started)}" if ended is not None else ""
    said = [f"run {name}: {run.status.lower().replace('_', ' ')}{took}"]
    if run.error is not None:
        said.append(f"{run.error}: {' '.join((run.cause or 'no cause was given').split())}")
    letters = max(20, int((width - _MARGIN) / _LETTER))
    lines = [line for one in said for line in textwrap.wrap(one, letters)]
    return lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]} …"]
