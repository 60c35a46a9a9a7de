"""The planner's form: what may be asked, and what was asked wrongly, field by field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from snakebatch.engine.settings import MAX_LAYERS
from snakebatch.mesh.packing import leaf_weight
from snakebatch.mesh.requests import MOST_SLOTS
from snakebatch.planner import Plan, make_plan, slots_in_time
from snakebatch.planner.seed_model import SeedPlan, seed_plan
from snakebatch.planner.usd_parts import UsdParts, usd_parts

AUTO = "auto"


@dataclass(frozen=True)
class Field:
    """A number of the form. ``log``: its slider moves by factors; ``auto``: empty means that we choose."""

    name: str
    label: str
    default: float | None
    least: float
    most: float
    slide_most: float
    help: str
    log: bool = False
    whole: bool = True
    auto: bool = False


FIELDS = (
    Field("rows", "Rows", 1_000_000, 1, 10**10, 10**8, "after duplicates are folded", log=True),
    Field("n_layers", "Layers", 5, 1, MAX_LAYERS, 50, "every row votes through each"),
    Field("tau", "Tau", 1000, 1, 10**9, 100_000, "rows of a slice at most", log=True),
    Field("columns", "Columns", 20, 1, 100_000, 200, "staging and the model grow with them", log=True),
    Field("classes", "Classes", 2, 1, 10**7, 10_000, "many make a leaf dearer", log=True),
    Field("slots", "Slots", None, 0, MOST_SLOTS, 200, "empty: none, unless time needs them", auto=True),
    Field("max_usd", "Most dollars", 5, 0.001, 10**6, 100, "a dearer plan is refused", log=True, whole=False),
)


@dataclass(frozen=True)
class Asked:
    """What was asked: numbers by field (None: we choose), the texts as typed, and what is wrong with them."""

    values: Mapping[str, float | None]
    typed: Mapping[str, str]
    wrong: Mapping[str, str]


@dataclass(frozen=True)
class Estimate:
    """This design's plan beside v9's for the same training."""

    plan: Plan
    parts: UsdParts
    v9: SeedPlan


def read_form(given: Mapping[str, str]) -> Asked:
    """The form's values; a wrong one falls back to its default, and ``wrong`` says why."""
    values: dict[str, float | None] = {}
    typed: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for field in FIELDS:
        text = given.get(field.name, "").strip()
        values[field.name] = field.default
        typed[field.name] = text or ("" if field.default is None else f"{field.default:.0f}")
        if not text or (field.auto and text == AUTO):
            continue
        number = _number(text)
        if number is None or (field.whole and number != int(number)):
            wrong[field.name] = f"not a {'whole ' if field.whole else ''}number"
        elif not field.least <= number <= field.most:
            wrong[field.name] = f"from {field.least:,g} to {field.most:,.0f}"
        else:
            values[field.name] = number
    return Asked(values, typed, wrong)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def estimate(asked: Asked, *, memory_gb: float, rate: float) -> Estimate:
    """Both plans, ours with functions of so many GB and so many starts a second; slots as staging chooses
    them where none are named.
    """
    rows, n_layers, tau = (int(asked.values[name] or 1) for name in ("rows", "n_layers", "tau"))
    make = partial(
        make_plan,
        rows=rows,
        n_layers=n_layers,
        tau=tau,
        columns=int(asked.values["columns"] or 1),
        weight=leaf_weight(int(asked.values["classes"] or 1)),
        max_usd=float(asked.values["max_usd"] or 0),
        memory_gb=memory_gb,
        rate=rate,
    )
    slots = asked.values["slots"]
    if slots is None:
        plan = make()
        if not plan.feasible:
            plan = make(slots=min(MOST_SLOTS, slots_in_time(plan)))
    else:
        plan = make(slots=int(slots))
    return Estimate(plan, usd_parts(plan), seed_plan(rows, n_layers, tau))
