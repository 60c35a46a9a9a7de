"""``snakebatch plan``: plan a training, show it beside v9's figures, calibrate the constants."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from snakebatch.errors import InputError, shown
from snakebatch.files import check_out
from snakebatch.mesh.packing import leaf_weight
from snakebatch.planner.calibration import calibrate
from snakebatch.planner.chart_file import FORMATS
from snakebatch.planner.chart_text import bars
from snakebatch.planner.comparison import Comparison, compare, figures
from snakebatch.planner.constants import Constants, constants, read_constants
from snakebatch.planner.optimiser import Bounds, Goal
from snakebatch.planner.prices import prices
from snakebatch.planner.replay import INCIDENT, replay_incident, v9_run
from snakebatch.planner.rule_book import rule_book
from snakebatch.planner.seed_figure import figures_table
from snakebatch.planner.seed_figures import seed_figures
from snakebatch.planner.workload import Job

REFUSED = 2

_OBSERVED = ((1000, 25, "3 to 5/s, 75 leaves"), (7500, 25, "17.4/s, wedged"))


def run(arguments: argparse.Namespace) -> int:
    """The command; returns 2 where no plan keeps within the goal."""
    known = read_constants(Path(arguments.constants)) if arguments.constants is not None else constants()
    if arguments.calibrate:
        return _calibrate(arguments, known)
    if arguments.figures:
        _print_figures(arguments, known)
        return 0
    if arguments.rows is None:
        raise InputError("plan wants --rows N, or one of --figures and --calibrate")
    chart = _checked_chart(arguments.chart)
    compared = _compare(arguments, known)
    if arguments.json:
        print(json.dumps(compared.to_dict()))
    else:
        print(_text(compared))
    if chart is not None:
        from snakebatch.planner.chart_file import draw

        draw(compared, known, prices(arguments.region), chart)
        print(f"drawn into {chart}", file=sys.stderr)
    return 0 if compared.chosen.reason is None else REFUSED


def _checked_chart(name: str | None) -> Path | None:
    """Where the chart goes, looked at before a plan is printed."""
    if name is None:
        return None
    if Path(name).suffix.lower() not in FORMATS:
        raise InputError(f"--chart {shown(name)}: let it end in {' or '.join(FORMATS)}")
    return check_out(name, option="--chart")


def _compare(arguments: argparse.Namespace, known: Constants) -> Comparison:
    job = Job(
        rows=arguments.rows,
        n_layers=arguments.layers,
        columns=arguments.columns,
        tau=arguments.tau or 1000,
        weight=leaf_weight(arguments.classes),
    )
    bounds = Bounds(
        tau=arguments.tau,
        slots=arguments.slots,
        memory_gb=arguments.memory,
        leaf_rows=arguments.packet_rows,
        levels_per_wave=arguments.levels_per_wave,
        most_concurrency=arguments.max_concurrency,
        where=arguments.where,
    )
    goal = Goal(arguments.deadline, arguments.budget)
    return compare(job, goal, bounds, rule_book(arguments.rules), known, prices(arguments.region))


def _text(compared: Comparison) -> str:
    job, best = compared.job, compared.best
    lines = [
        f"{job.rows:,} rows x {job.columns} columns, {job.n_layers} layers, tau {best.plan.tau}; "
        f"rule book: {compared.rules.name}",
        "",
        *_table(compared),
        "",
    ]
    reason = compared.chosen.reason
    if reason is not None:
        lines += [f"refused: {reason}", ""]
    lines += compared.why
    lines += ["", "seconds of the plan", *bars(best.run.by_state, "s")]
    lines += ["", "dollars of the plan", *bars(best.run.usd.kinds(), "$")]
    return "\n".join(lines)


def _table(compared: Comparison) -> list[str]:
    seeds = compared.seeds
    columns: list[tuple[str, dict[str, Any]]] = [("v9's model", seeds.to_dict())]
    shown = [compared.best]
    if compared.mesh is not None and compared.mesh is not compared.best:
        shown.append(compared.mesh)
    columns += [(f"this design, {option.where}", figures(option)) for option in shown]
    names = {
        "peak_rate": ("peak rate", "{:.1f}/s"),
        "slots": ("slots", "{:,.0f}"),
        "wall_s": ("wall clock", "{:,.0f} s"),
        "compute_usd": ("compute", "${:,.4f}"),
        "reservation_usd": ("reservation", "${:,.4f}"),
        "total_usd": ("total", "${:,.4f}"),
    }
    width = max(len(title) for title, _ in columns) + 2
    lines = [f"{'':<12}" + "".join(f"{title:>{width}}" for title, _ in columns)]
    for key, (name, form) in names.items():
        lines.append(f"{name:<12}" + "".join(f"{form.format(found[key]):>{width}}" for _, found in columns))
    return lines


def _calibrate(arguments: argparse.Namespace, known: Constants) -> int:
    receipts = []
    for name in arguments.calibrate:
        try:
            found = json.loads(Path(name).read_text(encoding="utf-8"))
        except (OSError, RecursionError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise InputError(
                f"receipt {shown(name)} can't be read: {why}; give receipt.json files"
            ) from error
        if not isinstance(found, dict):
            raise InputError(f"receipt {shown(name)} holds no JSON object: give receipt.json files")
        receipts.append(found)
    print(json.dumps(calibrate(receipts, known).to_dict(), indent=2))
    return 0


def _print_figures(arguments: argparse.Namespace, known: Constants) -> None:
    found = seed_figures()
    replays = {f"{rows}x{layers}": v9_run(rows, layers) for rows, layers, _ in _OBSERVED}
    incidents = replay_incident(known, prices(arguments.region))
    if arguments.json:
        print(
            json.dumps(
                {
                    "figures": [one.__dict__ | {"verdict": one.verdict} for one in found],
                    "v9": {name: run.__dict__ for name, run in replays.items()},
                    "incident": [one.__dict__ for one in (INCIDENT, *incidents)],
                }
            )
        )
        return
    print(figures_table(found))
    for rows, layers, said in _OBSERVED:
        run = replays[f"{rows}x{layers}"]
        ended = "wedges" if run.stalled else "ends"
        found_now = f"{run.leaves} leaves, {run.peak_rate:.1f}/s, {ended}"
        print(f"v9 at {rows:,} x {layers}L: {found_now} (observed: {said})")
    for one in (INCIDENT, *incidents):
        print(f"{one.name}: ${one.usd:,.4f} in {one.seconds:,.0f} s, stopped by {one.stopped_by}")
