"""What a run trains, and which faults it meets: a function of seed and number alone."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from snakebatch.chaos.kinds import END, KINDS, SLOTS, SLOTS_PUT, Kind

FEWEST, MOST = 14, 26
"""Faults of one plan."""

_HARD_IN = 0.45
"""Part of all plans that have a hard fault."""


@dataclass(frozen=True)
class Shape:
    """A small job: its table (by rows and seed), and how it is cut up, so that it has waves and packets."""

    rows: int
    table_seed: int
    layers: int
    tau: int
    grain: str
    levels: int
    slots: int
    slots_required: bool

    def table(self) -> str:
        """Classes that no single literal tells apart, with text that does in part; the target is ``y``."""
        draw = random.Random(self.table_seed)
        lines = ["a,b,code,y"]
        for _ in range(self.rows):
            a, b = draw.gauss(0, 1), draw.gauss(0, 1)
            name = "in" if a * a + b * b < 1.2 else "out"
            code = f"{name[0] if draw.random() < 0.7 else 'x'}-{draw.randint(0, 99):02d}"
            lines.append(f"{a:.6f},{b:.6f},{code},{name}")
        return "\n".join(lines) + "\n"

    def training(self) -> dict[str, Any]:
        """What decides the model's bytes, as Snake and the workflow both call it."""
        return {"n_layers": self.layers, "bucket": 20, "tau": self.tau, "seed": 7}

    def input(self) -> dict[str, Any]:
        """The execution's input, but for dataset and job."""
        cut = {"leaf_grain": self.grain, "levels_per_wave": self.levels}
        slots = {"slots": self.slots, "slots_required": self.slots_required}
        return {"target": "y", **self.training(), **cut, **slots}


@dataclass(frozen=True)
class Fault:
    """One fault of a plan: strikes at the ``at``-th of its kind's moments, and ``times`` calls in a row.

    ``draw`` (0 to 1) decides what else there is to decide: the request at which a process dies, the seconds
    that a clock jumps, the byte that changes.
    """

    number: int
    kind: Kind
    at: int
    times: int
    draw: float

    @property
    def mark(self) -> str:
        """What the messages of this fault say, so that a reason can be traced to it."""
        return f"chaos fault {self.number} ({self.kind.name})"


@dataclass(frozen=True)
class Plan:
    """A job and its faults."""

    seed: str
    number: int
    shape: Shape
    faults: tuple[Fault, ...]


def plan(seed: str, number: int) -> Plan:
    """The plan of a campaign's run of that number; the same for ever."""
    draw = random.Random(f"snakebatch chaos/{seed}/{number}")
    shape = _shape(draw)
    kinds = [kind for kind in KINDS.values() if shape.slots or kind.moment not in (SLOTS, SLOTS_PUT)]
    hard = draw.random() < _HARD_IN
    soft = [kind for kind in kinds if not kind.hard]
    chosen = draw.choices(soft, [kind.weight for kind in soft], k=draw.randint(FEWEST, MOST))
    if hard:
        harder = [kind for kind in kinds if kind.hard]
        chosen += draw.choices(harder, [kind.weight for kind in harder])
    # Of what happens once, once.
    once = {kind.moment: kind for kind in chosen if kind.moment in (END, SLOTS_PUT)}
    chosen = [kind for kind in chosen if once.get(kind.moment, kind) is kind]
    return Plan(seed, number, shape, tuple(_fault(draw, place, kind) for place, kind in enumerate(chosen)))


def _shape(draw: random.Random) -> Shape:
    slots = draw.choice((0, 0, 0, 2))
    return Shape(
        rows=draw.choice((160, 240)),
        table_seed=draw.choice((1, 2)),
        layers=draw.choice((1, 2, 3)),
        tau=draw.choice((40, 60)),
        grain=draw.choice(("slice", "slice", "bucket")),
        levels=draw.choice((1, 2, 2)),
        slots=slots,
        slots_required=bool(slots) and draw.random() < 0.3,
    )


def _fault(draw: random.Random, place: int, kind: Kind) -> Fault:
    times = kind.times if kind.hard else draw.randint(1, kind.times)
    return Fault(place + 1, kind, draw.randint(1, kind.latest), times, draw.random())
