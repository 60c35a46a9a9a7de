"""Bars for a terminal."""

from __future__ import annotations

from collections.abc import Mapping

WIDTH = 40
_EIGHTHS = " ▏▎▍▌▋▊▉"


def bars(values: Mapping[str, float], unit: str) -> list[str]:
    """A line for each value: its name, a bar as long as its part of the largest, and the value.

    ``unit`` is ``s`` or ``$``.
    """
    largest = max(values.values(), default=0.0) or 1.0
    names = max((len(name) for name in values), default=0)
    shown = {name: f"{value:,.1f} s" if unit == "s" else f"${value:,.6f}" for name, value in values.items()}
    room = max((len(text) for text in shown.values()), default=0)
    return [
        f"  {name:<{names}}  {shown[name]:>{room}}  {_bar(value / largest)}" for name, value in values.items()
    ]


def _bar(part: float) -> str:
    eighths = round(part * WIDTH * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()
