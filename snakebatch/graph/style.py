"""How a drawing looks: rules with names of colours, for a page that has these; a sheet for a file of its own.

Many programs that draw SVG know neither variables nor ``light-dark()``, so that the sheet of a file names
each colour itself, and those of the dark in a query of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LIGHT = {
    "paper": "#ffffff", "ink": "#1b2124", "edge": "#848f95", "soft": "#566066",
    "idle": "#566066", "idle-wash": "#f0f2f1", "running": "#1c5fb8", "running-wash": "#e3eefb",
    "good": "#14713f", "good-wash": "#e2f4e9", "warn": "#8a5300", "warn-wash": "#fdf0da",
    "bad": "#b3261e", "bad-wash": "#fce8e6",
}  # fmt: skip
DARK = {
    "paper": "#171b1e", "ink": "#e6eaec", "edge": "#68747b", "soft": "#9aa5ac",
    "idle": "#9aa5ac", "idle-wash": "#1d2327", "running": "#79b4ff", "running-wash": "#14283f",
    "good": "#5bcb8c", "good-wash": "#11301f", "warn": "#f0b454", "warn-wash": "#36270c",
    "bad": "#ff8a80", "bad-wash": "#3d1715",
}  # fmt: skip

RULES = """
.machine text { fill: var(--ink); font-size: 13px; text-anchor: middle; }
.machine .name { font-weight: 600; }
.machine .note { fill: var(--soft); font-size: 11px; }
.machine .outline { fill: var(--idle-wash); stroke: var(--edge); stroke-width: 1.2; }
.machine .holds > .outline { fill: none; }
.machine .line { fill: none; stroke: var(--edge); stroke-width: 1.3; }
.machine .head { fill: var(--edge); stroke: none; }
.machine .catch .line { stroke-dasharray: 4 4; }
.machine .dot { fill: var(--edge); }
.machine .taken .line { stroke: var(--good); stroke-width: 2; }
.machine .taken .head { fill: var(--good); }
.machine .catch.taken .line { stroke: var(--warn); }
.machine .catch.taken .head { fill: var(--warn); }
.machine .idle .name { font-weight: 500; }
.machine .running > .outline { fill: var(--running-wash); stroke: var(--running); stroke-width: 2.2; }
.machine .succeeded > .outline { fill: var(--good-wash); stroke: var(--good); stroke-width: 1.6; }
.machine .caught > .outline, .machine .aborted > .outline { fill: var(--warn-wash); stroke: var(--warn);
  stroke-width: 1.6; }
.machine .failed > .outline { fill: var(--bad-wash); stroke: var(--bad); stroke-width: 2; }
.machine .track { fill: var(--edge); opacity: 0.35; }
.machine .bar { fill: var(--running); }
.machine .succeeded > .bar { fill: var(--good); }
.machine .failed > .bar, .machine .caught > .bar { fill: var(--bad); }
.machine .outline, .machine .line { transition: fill 0.3s, stroke 0.3s; }
.machine .bar { transition: width 0.3s; }
@media (prefers-reduced-motion: reduce) { .machine * { transition: none !important; } }
"""
"""How the drawing looks, in any page."""

_OWN = """
.machine { font-family: system-ui, "Segoe UI", Roboto, Arial, sans-serif; }
.machine .paper { fill: var(--paper); }
.machine .caption { text-anchor: start; }
.machine .caption.first { font-weight: 600; }
"""
_MOVING = re.compile(r"^.*transition.*\n", re.MULTILINE)
"""Nothing moves in a file; but where it turns dark, it would fade there from the light."""

_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_COLOUR = re.compile(r"var\(--([a-z-]+)\)")


def sheet(*, dark: bool = True) -> str:
    """The style sheet of a file of its own; ``dark`` has colours for readers who want it dark."""
    everything = _OWN + _MOVING.sub("", RULES)
    found = _in(LIGHT, everything)
    if dark:
        coloured = [(who.strip(), _coloured(how)) for who, how in _RULE.findall(everything)]
        rules = "\n".join(f"{who} {{ {how} }}" for who, how in coloured if how)
        found += f"@media (prefers-color-scheme: dark) {{\n{_in(DARK, rules)}\n}}\n"
    return found


def _coloured(declarations: str) -> str:
    kept = [one.strip() for one in declarations.split(";") if _COLOUR.search(one)]
    return "; ".join(kept)


def _in(palette: Mapping[str, str], rules: str) -> str:
    return _COLOUR.sub(lambda found: palette[found[1]], rules)
