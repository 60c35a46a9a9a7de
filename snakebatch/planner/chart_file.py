"""Both models drawn into a PNG or SVG, by matplotlib (the extra ``plot``)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from snakebatch.errors import InputError
from snakebatch.planner.comparison import Comparison
from snakebatch.planner.constants import Constants
from snakebatch.planner.plan import MEMORY_GB, make_plan
from snakebatch.planner.prices import Prices
from snakebatch.planner.seed_model import seed_plan

_ROWS = [10 ** (exponent / 4) for exponent in range(12, 29)]
"""From 1,000 to 10,000,000."""

FORMATS = (".png", ".svg")


def draw(compared: Comparison, known: Constants, price: Prices, path: Path) -> None:
    """Wall clock and dollars over rows, and where this plan's go; raises InputError if it can't be drawn."""
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"chart: {path.name} ends in neither {' nor '.join(FORMATS)}")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError("chart wants matplotlib: pip install 'snakebatch[plot]'") from error
    job = compared.job
    rows = sorted({round(count) for count in _ROWS} | {job.rows})
    seeds = [seed_plan(count, job.n_layers, job.tau) for count in rows]
    here = replace(compared.rules)
    memory_gb = MEMORY_GB if compared.mesh is None else compared.mesh.plan.memory_gb
    ours = [
        make_plan(
            rows=count,
            n_layers=job.n_layers,
            tau=job.tau,
            weight=job.weight,
            columns=job.columns,
            rules=here,
            known=known,
            price=price,
            max_usd=1e9,
            memory_gb=memory_gb,
        )
        for count in rows
    ]
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    wall, usd, parts = figure.subplots(1, 3)
    wall.loglog(rows, [plan.wall_s for plan in seeds], "--", label="v9's model")
    wall.loglog(rows, [plan.seconds for plan in ours], label="this design, mesh")
    usd.loglog(rows, [plan.total_usd for plan in seeds], "--", label="v9's model")
    usd.loglog(rows, [plan.usd for plan in ours], label="this design, mesh")
    for axes, title in ((wall, "wall clock, s"), (usd, "dollars")):
        axes.axvline(job.rows, color="0.7", linewidth=0.8)
        axes.set(xlabel="rows", title=title)
        axes.legend()
    spent = compared.best.run.by_state
    parts.barh(list(spent)[::-1], list(spent.values())[::-1])
    parts.set(xlabel="s", title=f"this plan: {compared.best.plan.seconds:,.0f} s, {compared.best.where}")
    figure.suptitle(f"{job.rows:,} rows x {job.columns} columns, {job.n_layers} layers, rules: {here.name}")
    try:
        figure.savefig(path)
    except OSError as error:
        raise InputError(f"chart: {path} can't be written: {error.strerror}") from error
