"""``snakebatch bench``: what it understands. What measures is imported when it is asked for."""

from __future__ import annotations

import argparse
from typing import Any

from snakebatch.bench import extras
from snakebatch.cli_parser import examples, whole


def add_bench(commands: Any) -> None:
    """Add the command to the parser."""
    bench = commands.add_parser(
        "bench",
        help="measure speed and quality beside other models",
        description="Measure Snake beside other models, on this machine, with one thread.",
        epilog=examples("snakebatch bench speed --json"),
    )
    measures = bench.add_subparsers(dest="measure", metavar="MEASURE", required=True)
    _add_speed(measures)
    _add_quality(measures)
    _add_costs(measures)


def _add_speed(measures: Any) -> None:
    speed = measures.add_parser(
        "speed",
        help="fit and predict beside a random forest",
        description="Fit and predict beside scikit-learn's random forest: 100 trees, same rows, same "
        "process, one thread, medians of runs that take turns.",
        epilog=examples("snakebatch bench speed --sets quadratic,digits --repeats 3"),
    )
    speed.add_argument("--sets", type=_names, metavar="A,B", help="only these sets (- for none)")
    speed.add_argument(
        "--rows", type=whole(20), default=5000, metavar="N", help="rows to train on (default 5000)"
    )
    speed.add_argument("--repeats", type=whole(1), default=5, metavar="N", help="runs (default 5)")
    speed.add_argument(
        "--large", action="store_true", help="100,000 x 20 too, with the forest: some ten minutes"
    )
    speed.add_argument("--huge", action="store_true", help="1,000,000 x 20 too, without the forest")
    speed.add_argument("--kinds", type=_names, metavar="A,B", help="only these kinds of large tables")
    speed.add_argument("--json", action="store_true", help="print one JSON object")
    speed.set_defaults(run=_speed)


def _add_quality(measures: Any) -> None:
    quality = measures.add_parser(
        "quality",
        help="accuracy, AUROC and R² beside other models",
        description="Held-out quality beside a random forest, histogram boosting and the explainable "
        "boosting machine. Results are kept beside the page and used again while what made them is the same.",
        epilog=examples("snakebatch bench quality --sets iris,wine --models snake,forest --seeds 2"),
    )
    quality.add_argument("--sets", type=_names, metavar="A,B", help="only these sets (default: all)")
    quality.add_argument("--models", type=_names, metavar="A,B", help="only these models (default: all)")
    quality.add_argument("--seeds", type=whole(1), default=5, metavar="N", help="seeds 0 to N-1 (default 5)")
    quality.add_argument("--rows", type=whole(20), metavar="N", help="at most so many rows of each set")
    quality.add_argument(
        "--layers", type=whole(1), default=15, metavar="N", help="layers of Snake (default 15)"
    )
    quality.add_argument(
        "--bucket", type=whole(1), default=250, metavar="N", help="bucket of Snake (default 250)"
    )
    quality.add_argument(
        "--noise", type=_share, default=0.25, metavar="P", help="noise of Snake (default 0.25)"
    )
    quality.add_argument(
        "--out",
        metavar="FILE",
        help="the page that gets the table (default docs/quality.md, for a whole run only); its results go "
        "beside it as .json",
    )
    quality.add_argument("--fresh", action="store_true", help="measure again what is known already")
    quality.add_argument("--json", action="store_true", help="print one JSON object")
    quality.set_defaults(run=_quality)


def _add_costs(measures: Any) -> None:
    costs = measures.add_parser(
        "costs",
        help="what the parts of a training take: the constants that plans are made with",
        description="Read, pack, divide and make leaves as the workflow's functions do, and print the "
        "processor's seconds of each, and the constants that follow.",
        epilog=examples("snakebatch bench costs --rows 1000000 --columns 20"),
    )
    costs.add_argument(
        "--rows", type=whole(2000), default=100_000, metavar="N", help="of the table (default 100000)"
    )
    costs.add_argument(
        "--columns", type=whole(1), default=20, metavar="N", help="beside the target (default 20)"
    )
    costs.add_argument(
        "--kind",
        choices=("separable", "overlap", "regression"),
        default="overlap",
        help="classes far apart, classes that overlap (default, the dearest), or a number",
    )
    costs.add_argument("--json", action="store_true", help="print one JSON object")
    costs.set_defaults(run=_costs)


def _costs(arguments: argparse.Namespace) -> int:
    from snakebatch.bench import cli_costs

    return cli_costs.run(arguments)


def _speed(arguments: argparse.Namespace) -> int:
    extras.need(extras.SPEED_MODULES)
    from snakebatch.bench import cli_speed

    return cli_speed.run(arguments)


def _quality(arguments: argparse.Namespace) -> int:
    extras.need(extras.QUALITY_MODULES)
    from snakebatch.bench import cli_quality

    return cli_quality.run(arguments)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    return [] if names == ["-"] else names


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0 to 1")
    return share
