"""``snakebatch bench quality``: measures what is not known yet, prints the table, writes the page."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from snakebatch.bench import quality_table
from snakebatch.bench.choices import chosen
from snakebatch.bench.machine import machine, versions
from snakebatch.bench.quality import HELD_OUT, Setup, measure_quality
from snakebatch.bench.quality_models import MODELS, USUAL_MODELS, SnakeParameters
from snakebatch.bench.quality_sets import SETS
from snakebatch.bench.quality_store import Key, Result, fingerprints, read_results, write_results
from snakebatch.files import check_out

PAGE = Path("docs/quality.md")
WHOLE_SEEDS = 5
PACKAGES = ("numpy", "scikit-learn", "interpret-core", "vega-datasets")


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command; the table on stdout, progress on stderr."""
    setup = Setup(
        sets=chosen("--sets", arguments.sets, SETS),
        models=chosen("--models", arguments.models or USUAL_MODELS, MODELS),
        seeds=range(arguments.seeds),
        parameters=SnakeParameters(arguments.layers, arguments.bucket, arguments.noise),
        rows=arguments.rows,
    )
    page = _page(arguments.out, setup)
    if page:
        quality_table.check_page(page)
    about = about_run(setup)
    results = _measure(setup, page, about, fresh=arguments.fresh)
    section = render(results, about)
    if arguments.json:
        found = [asdict(result.key) | dict(result.figures) for result in results]
        print(json.dumps({"measure": "quality", **about, "results": found}))
    else:
        print(section)
    if page:
        quality_table.put_between_markers(page, section)
        print(f"written to {page} and {_store(page)}", file=sys.stderr)
    return 0


def about_run(setup: Setup) -> dict[str, Any]:
    """Machine, versions and parameters of a run."""
    return {
        "machine": machine(),
        "versions": versions(PACKAGES),
        "parameters": asdict(setup.parameters),
        "seeds": len(setup.seeds),
        "held_out": HELD_OUT,
    }


def render(results: Sequence[Result], about: dict[str, Any]) -> str:
    """What stands between the markers of the page."""
    where = ", ".join(f"{name} {value}" for name, value in (about["machine"] | about["versions"]).items())
    sets = list(dict.fromkeys(result.key.set for result in results))
    snake = ", ".join(f"{name} {value:g}" for name, value in about["parameters"].items())
    parts = [
        f"Made by `snakebatch bench quality`: mean ± standard deviation of {about['seeds']} seeds, "
        f"{100 * about['held_out']:g} % of the rows held out, one thread.\nSnake: {snake}.\n{where}.",
        quality_table.sets_list(sets),
        quality_table.results_table(results),
        quality_table.goals_table(results),
    ]
    return "\n\n".join(part for part in parts if part)


def _page(out: str | None, setup: Setup) -> Path | None:
    """The page to write: as asked, or the documentation's if this is a whole run where that page is."""
    if out:
        return check_out(out)
    whole = (
        (list(setup.sets), list(setup.models)) == (list(SETS), list(USUAL_MODELS))
        and len(setup.seeds) == WHOLE_SEEDS
        and setup.rows is None
        and setup.parameters == SnakeParameters()
    )
    return PAGE if whole and PAGE.exists() else None


def _store(page: Path) -> Path:
    return page.with_suffix(".json")


def _measure(setup: Setup, page: Path | None, about: dict[str, Any], *, fresh: bool) -> list[Result]:
    """The results of the run; each new one is kept at once, so that a run that is stopped loses nothing."""
    prints = fingerprints(setup.parameters)
    known: dict[Key, Result] = {}
    if page and not fresh:
        # What another engine or package made is no longer of use.
        found = read_results(_store(page))
        known = {key: result for key, result in found.items() if key.made_by == prints.get(key.model)}
    kept = dict(known)

    def keep(result: Result) -> None:
        kept[result.key] = result
        if page:
            write_results(_store(page), kept.values(), about)

    results = measure_quality(setup, known, prints, _tell, keep)
    if page:
        # In the order of the table, so that the file changes only where a figure does.
        ordered = {result.key: result for result in results} | kept
        write_results(_store(page), ordered.values(), about)
    return results


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
