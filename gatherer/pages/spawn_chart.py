"""The spawn panel's drawing: a bar a minute under the ceiling, as numbers for a template to write as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from snakebatch.planner.spawn_rate import NEAR, Level, MinutePeak

WIDTH, HEIGHT = 960, 250
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 12, 26
"""Pixels of the drawing's own, which is scaled to its place."""

_GAP = 2.0
_LEAST_BAR = 2.0
_HEADROOM = 1.15
_LABEL_MINUTES = 10
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_MOST_TICKS = 5


@dataclass(frozen=True)
class Bar:
    """A minute with starts in it; ``x`` to ``height`` in pixels."""

    peak: MinutePeak
    level: Level
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: where it is, and the number or minute that it says."""

    at: float
    value: float


@dataclass(frozen=True)
class SpawnChart:
    """Everything that the template draws."""

    bars: tuple[Bar, ...]
    rates: tuple[Tick, ...]
    minutes: tuple[Tick, ...]
    ceiling: Tick
    near: Tick
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def spawn_chart(peaks: Sequence[MinutePeak], ceiling: float) -> SpawnChart:
    """The drawing of some minutes; ``ceiling`` in invocations a second."""
    most = _HEADROOM * max(ceiling, *(peak.rate for peak in peaks))
    step = (WIDTH - LEFT - RIGHT) / len(peaks)

    def height_of(rate: float) -> float:
        return rate / most * (HEIGHT - TOP - BOTTOM)

    def level_at(rate: float) -> float:
        return round(HEIGHT - BOTTOM - height_of(rate), 1)

    bars = []
    for place, peak in enumerate(peaks):
        if peak.invocations:
            height = max(_LEAST_BAR, height_of(peak.rate))
            x, y = LEFT + place * step + _GAP / 2, HEIGHT - BOTTOM - height
            bars.append(
                Bar(
                    peak,
                    peak.level(ceiling),
                    round(x, 1),
                    round(y, 1),
                    round(step - _GAP, 1),
                    round(height, 1),
                )
            )
    minutes = [
        Tick(round(LEFT + (place + 0.5) * step, 1), peak.start)
        for place, peak in enumerate(peaks)
        if round(peak.start / 60) % _LABEL_MINUTES == 0
    ]
    each = next((size for size in _STEPS if most / size <= _MOST_TICKS), most)
    rates = [Tick(level_at(each * number), each * number) for number in range(int(most // each) + 1)]
    return SpawnChart(
        tuple(bars),
        tuple(rates),
        tuple(minutes),
        Tick(level_at(ceiling), ceiling),
        Tick(level_at(NEAR * ceiling), NEAR * ceiling),
    )
