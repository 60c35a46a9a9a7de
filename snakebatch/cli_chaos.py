"""``snakebatch chaos``: trainings through an embedded cloud whose services fail, again by the same seed."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from snakebatch.cli_parser import examples, whole

RUNS = 200

_PATTERN = "letters, digits, '-' and '_', at most 40"


def add_chaos(commands: Any) -> None:
    """Add the command to the parser."""
    chaos = commands.add_parser(
        "chaos",
        help="train while everything fails, and judge what came of it",
        description="Train small jobs in an embedded cloud whose services fail by a seed: throttled, killed, "
        "cut off, corrupted, lost and repeated. Each run has to end in the very model of an undisturbed "
        "training, or in a failure with a true reason, and to leave nothing behind. docs/chaos.md says more.",
        epilog=examples("snakebatch chaos --seed 1 --runs 20", "snakebatch chaos --seed 1 --run 7"),
    )
    chaos.add_argument(
        "--seed", type=_seed, default="1", metavar="S", help="same seed, same faults (default 1)"
    )
    which = chaos.add_mutually_exclusive_group()
    which.add_argument(
        "--runs", type=whole(1, 100_000), default=RUNS, metavar="N", help=f"how many (default {RUNS})"
    )
    which.add_argument("--run", dest="number", type=whole(1), metavar="N", help="that one alone")
    chaos.add_argument(
        "--lanes", type=whole(1, 64), default=2, metavar="N", help="runs at a time (default 2)"
    )
    chaos.add_argument("--json", action="store_true", help="print one JSON object")
    chaos.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command; the exit code is 1 where a run is not as it should be."""
    from snakebatch.cli_train import cloud_packages

    with cloud_packages():
        from snakebatch.chaos.campaign import campaign
        from snakebatch.chaos.table import as_json, as_text, line_of
    numbers = [arguments.number] if arguments.number is not None else range(1, arguments.runs + 1)
    done = campaign(
        arguments.seed,
        numbers,
        arguments.lanes,
        lambda outcome: print(line_of(outcome), file=sys.stderr, flush=True),
    )
    print(json.dumps(as_json(done), indent=2) if arguments.json else as_text(done))
    return 1 if done.failed or done.left else 0


def _seed(text: str) -> str:
    if not (0 < len(text) <= 40 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()):
        raise argparse.ArgumentTypeError(f"{text!r} is no seed: {_PATTERN}")
    return text
