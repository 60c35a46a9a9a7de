"""``snakebatch train``: what it understands. What trains is imported when it runs."""

from __future__ import annotations

import argparse
from typing import Any

from snakebatch.cli_parser import examples, text, whole
from snakebatch.cli_place import add_place, on_mesh
from snakebatch.engine.settings import ENGINES, MAX_LAYERS, MAX_LOOKAHEAD, PROFILES
from snakebatch.errors import InputError

MAX_SEED = 2**53 - 1
"""Largest seed that JSON readers keep whole."""


def add_train(commands: Any) -> None:
    """Add the command to the parser."""
    train = commands.add_parser(
        "train",
        help="train a model on a CSV table",
        description="Train a model on a CSV table. The workflow runs on this machine, in an embedded cloud, "
        "or with --url or --stack on a mesh.",
        epilog=examples(
            "snakebatch train penguins --target species",
            "snakebatch train data.csv --target y --tau 500 --out y.model.json --graph run.svg",
        ),
    )
    train.add_argument(
        "data", metavar="DATA", help="a CSV file with a header, or the name of a bundled table: penguins"
    )
    train.add_argument("--target", type=text, required=True, metavar="COL", help="the column to learn")
    train.add_argument(
        "--layers", type=whole(1, MAX_LAYERS), default=5, metavar="N", help="layers of the model (default 5)"
    )
    train.add_argument(
        "--bucket", type=whole(1), default=250, metavar="N", help="rows of a bucket (default 250)"
    )
    train.add_argument(
        "--tau",
        type=whole(1),
        default=1000,
        metavar="N",
        help="divide until a slice has at most N rows (default 1000)",
    )
    train.add_argument(
        "--seed",
        type=whole(0, MAX_SEED),
        metavar="N",
        help="same seed, same model (default: from the data's content)",
    )
    train.add_argument(
        "--profile", choices=PROFILES, default="auto", help="which literals to draw (default auto)"
    )
    train.add_argument(
        "--lookahead",
        type=whole(1, MAX_LOOKAHEAD),
        default=5,
        metavar="K",
        help="literals tried a draw (default 5)",
    )
    train.add_argument(
        "--engine",
        choices=ENGINES,
        default=ENGINES[0],
        help="who makes the leaves: snakebatch (default), or the licensed algorithmeai if it is installed",
    )
    train.add_argument(
        "--leaf-grain",
        choices=("slice", "bucket"),
        default="slice",
        help="what a shard makes at once (default slice)",
    )
    train.add_argument(
        "--levels-per-wave",
        type=_levels,
        default="auto",
        metavar="N",
        help="levels divided a wave (default auto)",
    )
    train.add_argument(
        "--slots",
        type=_slots,
        default="auto",
        metavar="N",
        help="provisioned slots to train with, as on AWS (default auto: none unless time needs them)",
    )
    train.add_argument(
        "--slots-required", action="store_true", help="end rather than train without the slots"
    )
    train.add_argument(
        "--job",
        metavar="ID",
        help="with --url or --stack: the job to take up or to begin; what it has done stays done",
    )
    train.add_argument(
        "--processes", type=whole(1), metavar="N", help="Lambda processes (default: by the machine)"
    )
    train.add_argument(
        "--graph",
        metavar="FILE",
        help="draw what the workflow did, also where it failed: a .svg, .png, .html or .mermaid (with --url "
        "or --stack `snakebatch graph --run` draws it)",
    )
    train.add_argument(
        "--out", default="model.json", metavar="FILE", help="where the model goes (default model.json)"
    )
    add_place(train)
    train.add_argument("--json", action="store_true", help="print the summary as one JSON object")
    train.set_defaults(run=_train)


def _train(arguments: argparse.Namespace) -> int:
    if on_mesh(arguments):
        from snakebatch import cli_mesh

        return cli_mesh.train(arguments)
    if arguments.job is not None:
        raise InputError("--job goes with --url or --stack: the embedded cloud keeps no job")
    from snakebatch import cli_train

    return cli_train.run(arguments)


def _levels(text: str) -> int | str:
    return text if text == "auto" else whole(1)(text)


def _slots(text: str) -> int | str:
    return text if text == "auto" else whole(0, 10_000)(text)
