"""``snakebatch bench speed``: measures, and prints the figures."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from snakebatch.bench import figures, large, speed
from snakebatch.bench.choices import chosen
from snakebatch.bench.machine import machine, versions

PACKAGES = ("numpy", "pandas", "scikit-learn")


def run(arguments: argparse.Namespace, train: large.Train = large.train_in_child) -> int:
    """Carry out the command; figures on stdout, progress on stderr."""
    sets = chosen("--sets", arguments.sets, speed.CASES)
    kinds = chosen("--kinds", arguments.kinds, large.KINDS)
    found: list[figures.Figure] = []
    # Each of these trains in a process of its own, and goes first, while this one is small.
    for size in [size for name, size in large.SIZES.items() if getattr(arguments, name)]:
        for kind in kinds:
            found += large.measure_large(size, kind, _tell, train)
    found = speed.measure_speed(sets, arguments.rows, arguments.repeats, _tell) + found
    where: dict[str, Any] = {"machine": machine(), "versions": versions(PACKAGES)}
    if arguments.json:
        parameters = {**speed.PARAMETERS, "trees": speed.TREES, "repeats": arguments.repeats}
        results = [figure.as_json() for figure in found]
        print(json.dumps({"measure": "speed", **where, "parameters": parameters, "results": results}))
    else:
        print(figures.table(found))
        print("\n" + "; ".join(_words(part) for part in where.values()))
        print("Snake's time includes the coercion of types; the forest gets a ready matrix (texts as ranks).")
    return 0


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _words(part: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in part.items())
