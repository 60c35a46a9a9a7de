"""``snakebatch bench costs``: measure, and print the constants."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from snakebatch.bench.machine import machine, versions
from snakebatch.bench.plan_costs import constants_of, measure_costs
from snakebatch.planner.constants import constants


def run(arguments: argparse.Namespace) -> int:
    """The command."""

    def tell(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        found = measure_costs(Path(folder), arguments.rows, arguments.columns, arguments.kind, tell)
    fitted = constants_of(found)
    if arguments.json:
        print(
            json.dumps(
                {
                    "machine": machine(),
                    "versions": versions(["numpy"]),
                    "measured": found,
                    "constants": fitted,
                }
            )
        )
        return 0
    known = constants().to_dict()
    print(f"{'constant':<22}{'measured here':>16}{'in the package':>16}")
    for name, value in fitted.items():
        print(f"{name:<22}{value:>16.4g}{known[name]:>16.4g}")
    return 0
