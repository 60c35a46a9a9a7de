"""The results of the quality bench as Markdown: a line for each set and model, and the goals."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from snakebatch.bench.quality_sets import SETS
from snakebatch.bench.quality_store import Result
from snakebatch.errors import InputError
from snakebatch.files import whole_file

BEGIN = "<!-- quality: begin; written by `snakebatch bench quality` -->"
END = "<!-- quality: end -->"
METRICS = ("accuracy", "auroc", "r2")

Means = Mapping[tuple[str, str, str], float]
"""Mean over the seeds by set, model and figure."""


@dataclass(frozen=True)
class Goal:
    """Snake's least mean; relative to the forest's if ``beside_forest``."""

    set: str
    figure: str
    least: float
    beside_forest: bool = False

    def wanted(self, means: Means) -> float | None:
        """The least mean as a number; None where the forest was not measured."""
        if not self.beside_forest:
            return self.least
        forest = means.get((self.set, "forest", self.figure))
        return None if forest is None else forest + self.least


GOALS = (
    Goal("breast-cancer", "auroc", 0.0, beside_forest=True),
    Goal("wine", "accuracy", 1.0),
    Goal("digits", "accuracy", 0.97),
    Goal("quadratic", "r2", 0.9955),
    Goal("quadratic-noise-18", "r2", 0.985),
    Goal("diabetes", "r2", -0.02, beside_forest=True),
)


def means_of(results: Sequence[Result]) -> dict[tuple[str, str, str], float]:
    """See `Means`."""
    grouped: dict[tuple[str, str, str], list[float]] = {}
    for result in results:
        for figure, value in result.figures.items():
            grouped.setdefault((result.key.set, result.key.model, figure), []).append(value)
    return {key: statistics.fmean(values) for key, values in grouped.items()}


def results_table(results: Sequence[Result]) -> str:
    """Mean ± standard deviation over the seeds; the best mean of a set in bold."""
    means = means_of(results)
    lines = [
        "| Set | Rows | Model | Accuracy | AUROC | R² | Fit (s) | Predict (s) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (name, rows, model), group in groupby(
        results, lambda one: (one.key.set, one.key.rows, one.key.model)
    ):
        runs = list(group)
        cells = [_cell(runs, metric, _best(means, name, metric)) for metric in METRICS]
        cells += [_seconds(runs, figure) for figure in ("fit_s", "predict_s")]
        lines.append(f"| {name} | {rows:,} | {model} | {' | '.join(cells)} |")
    return "\n".join(lines)


def goals_table(results: Sequence[Result]) -> str:
    """The goals whose sets were measured, and whether Snake's mean meets them; empty if there are none."""
    means = means_of(results)
    lines = ["| Goal | Least | Snake | |", "|---|---|---|---|"]
    for goal in GOALS:
        wanted, found = goal.wanted(means), means.get((goal.set, "snake", goal.figure))
        if wanted is None or found is None:
            continue
        why = f" (the forest's{f' {goal.least:+g}' if goal.least else ''})" if goal.beside_forest else ""
        judged = "met" if round(found, 5) >= round(wanted, 5) else "**missed**"
        lines.append(f"| {goal.set} {goal.figure}{why} | {wanted:.4f} | {found:.4f} | {judged} |")
    return "\n".join(lines) if len(lines) > 2 else ""


def check_page(path: Path) -> None:
    """Raise InputError if the page is there and has no markers: what somebody wrote is not replaced."""
    _parts(path)


def put_between_markers(path: Path, section: str) -> None:
    """Replace what stands between the markers of the page; a page that is not there is made."""
    before, after = _parts(path)
    with whole_file(path) as temporary:
        temporary.write_text(f"{before}{BEGIN}\n{section}\n{END}{after}", encoding="utf-8")


def _parts(path: Path) -> tuple[str, str]:
    """What stands before and after the markers."""
    page = path.read_text(encoding="utf-8") if path.exists() else f"# Quality\n\n{BEGIN}\n{END}\n"
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"{path} has no {BEGIN!r} with {END!r} after it; add both lines")
    return before, after


def sets_list(names: Sequence[str]) -> str:
    """Where each set comes from, a line each."""
    return "\n".join(f"- {name}: {SETS[name].about}" for name in names)


def _best(means: Means, name: str, metric: str) -> float | None:
    values = [value for (of_set, _, figure), value in means.items() if (of_set, figure) == (name, metric)]
    return max(values, default=None)


def _cell(runs: Sequence[Result], metric: str, best: float | None) -> str:
    values = [run.figures[metric] for run in runs if metric in run.figures]
    if not values:
        return ""
    mean = statistics.fmean(values)
    deviation = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
    shown = f"**{mean:.4f}**" if best is not None and mean >= best else f"{mean:.4f}"
    return shown + deviation


def _seconds(runs: Sequence[Result], figure: str) -> str:
    values = [run.figures[figure] for run in runs]
    deviation = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.3g}{deviation}"
