"""``python -m tests.bench [NAME ...] [--runs N]``: what `make bench` runs; no name: the first three.

maps   1,000 no-op items of a Distributed Map over the process pool; goal 2 s on 2 cores
train  the whole `make train` after set-up; goal 15 s
sets   the three sets of 5,000 rows through the workflow, both passes -> tests/bench/results_3x5k.json
load   50 jobs at once and 200 who poll their status, over HTTP: p50 and p95 of that call, jobs a minute
soak   200 mixed jobs through one embedded cloud: memory, files, threads and processes that it holds after
       every 25; --runs 1 for one. docs/soak.md has the figures
gather one assembly of 1,000,000 rows x 5 layers: seconds and peak memory; goal 1,024 MiB. Its job takes a
       quarter of an hour to train, once: it is kept under out/bench/gather
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable

from tests.bench import gather, load_figures, make_train, map_items, soak, three_sets

MEASURES: dict[str, Callable[[int], None]] = {
    "maps": lambda runs: _tell("1,000 no-op map items", map_items.measure(runs), 2.0),
    "train": lambda runs: _tell("make train", make_train.measure(runs), 15.0),
    "sets": three_sets.write_results,
    "load": load_figures.measure,
    "soak": soak.measure,
    "gather": gather.measure,
}
USUAL = ("maps", "train", "sets")


def _tell(what: str, seconds: list[float], goal: float) -> None:
    median = statistics.median(seconds)
    each = ", ".join(f"{value:.2f}" for value in seconds)
    print(f"{what}: median {median:.2f} s of {len(seconds)} runs ({each}); goal {goal:g} s", flush=True)


def main() -> None:
    """Measure what was asked for, one after the other."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", choices=[[], *MEASURES], metavar="|".join(MEASURES))
    parser.add_argument("--runs", type=int, default=3, help="runs, of which the median counts (default 3)")
    arguments = parser.parse_args()
    for name in arguments.names or USUAL:
        MEASURES[name](arguments.runs)


if __name__ == "__main__":
    main()
