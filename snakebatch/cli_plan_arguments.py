"""``snakebatch plan``: what it understands. What plans is imported when it is asked for."""

from __future__ import annotations

import argparse
import math
from typing import Any

from snakebatch.cli_parser import examples, whole
from snakebatch.engine.settings import MAX_LAYERS

MOST_ROWS = 10**10
MOST_SLOTS = 10_000


def add_plan(commands: Any) -> None:
    """Add the command to the parser."""
    plan = commands.add_parser(
        "plan",
        help="what a training would take, before anything is spent",
        description="Simulate a training on this design, beside what v9's formulas give, and choose how to "
        "run it. Needs no account and reads no data. Ends with 2 where no plan keeps within the goal.",
        epilog=examples("snakebatch plan --rows 1000000 --layers 5 --columns 10 --deadline 120"),
    )
    job = plan.add_argument_group("what is to be trained")
    job.add_argument("--rows", type=whole(1, MOST_ROWS), metavar="N", help="after duplicates are folded")
    job.add_argument("--layers", type=whole(1, MAX_LAYERS), default=5, metavar="N", help="layers (default 5)")
    job.add_argument(
        "--columns", type=whole(1, 100_000), default=20, metavar="N", help="beside the target (default 20)"
    )
    job.add_argument(
        "--classes", type=whole(1, MOST_ROWS), default=2, metavar="N", help="of the target (default 2)"
    )
    job.add_argument(
        "--tau", type=_tau, default=1000, metavar="N", help="rows of a slice, or auto (default 1000)"
    )
    goal = plan.add_argument_group("the goal: cheapest within the deadline, else fastest within the budget")
    goal.add_argument(
        "--deadline", type=_positive, metavar="SECONDS", help="longest that it may take (default: any)"
    )
    goal.add_argument(
        "--budget", type=_positive, default=5.0, metavar="USD", help="most that it may cost (default 5)"
    )
    fixed = plan.add_argument_group("what is not to be chosen")
    fixed.add_argument("--where", choices=("mesh", "machine", "lambda"), help="only this place")
    fixed.add_argument("--slots", type=whole(0, MOST_SLOTS), metavar="N", help="provisioned slots")
    fixed.add_argument("--memory", type=_memory, metavar="GB", help="of a function")
    fixed.add_argument("--packet-rows", type=whole(1, MOST_ROWS), metavar="N", help="of a leaf packet")
    fixed.add_argument("--levels-per-wave", type=whole(1, 100), metavar="N", help="levels divided a wave")
    fixed.add_argument("--max-concurrency", type=whole(1, 10_000), metavar="N", help="of a Map at most")
    rules = plan.add_argument_group("what it reckons with")
    rules.add_argument(
        "--rules", choices=("seeds", "aws"), default="seeds", help="rule book of the account (default seeds)"
    )
    rules.add_argument("--region", metavar="NAME", help="whose prices (default eu-west-3)")
    rules.add_argument("--constants", metavar="FILE", help="what --calibrate wrote")
    rules.add_argument(
        "--calibrate",
        nargs="+",
        metavar="RECEIPT",
        help="fit the constants to receipts of runs, and print them",
    )
    shown = plan.add_argument_group("what it shows")
    shown.add_argument("--json", action="store_true", help="print one JSON object")
    shown.add_argument("--chart", metavar="FILE", help="draw both models into FILE, a .png or .svg")
    shown.add_argument(
        "--figures", action="store_true", help="the table of all figures of the seeds, and their replays"
    )
    plan.set_defaults(run=_plan)


def _plan(arguments: argparse.Namespace) -> int:
    from snakebatch import cli_plan

    return cli_plan.run(arguments)


def _tau(text: str) -> int | None:
    if text == "auto":
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_ROWS):
        raise argparse.ArgumentTypeError(f"{text!r} is neither auto nor a whole number of 1 or more")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _memory(text: str) -> float:
    number = _positive(text)
    if not 0.125 <= number <= 10:
        raise argparse.ArgumentTypeError(f"{text!r} is not from 0.125 to 10")
    return number
